-- name: add_contact
INSERT INTO intake.contact
    (id, channel, office, received_at, danger_now, language, state, outcome, reason, closed_at, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- name: add_caller
INSERT INTO vault.caller (contact_id, address) VALUES ($1, $2);

-- name: knows_caller
SELECT EXISTS (SELECT FROM vault.caller WHERE contact_id = $1);

-- name: contact
SELECT c.*, EXISTS (SELECT FROM intake.report r WHERE r.contact_id = c.id AND r.interpreter_used) AS interpreter_used
FROM intake.contact c
WHERE c.id = $1;

-- name: lock_contact
SELECT FROM intake.contact WHERE id = $1 FOR UPDATE;

-- name: close_contact
UPDATE intake.contact SET state = $2, outcome = $3, reason = $4, closed_at = $5, version = $6 WHERE id = $1;

-- name: made_of_contact
SELECT EXISTS (SELECT FROM intake.report WHERE contact_id = $1) AS "REPORT",
       EXISTS (SELECT FROM intake.callback WHERE contact_id = $1) AS "CALLBACK",
       EXISTS (SELECT FROM intake.voicemail WHERE contact_id = $1) AS "VOICEMAIL",
       EXISTS (SELECT FROM intake.complaint WHERE contact_id = $1) AS "COMPLAINT";

-- name: contacts
SELECT c.*, EXISTS (SELECT FROM intake.report r WHERE r.contact_id = c.id AND r.interpreter_used) AS interpreter_used
FROM intake.contact c
WHERE ($1::text IS NULL OR c.office = $1) AND (NOT $2 OR c.state = 'OPEN')
ORDER BY c.received_at DESC, c.id DESC
LIMIT $3;
