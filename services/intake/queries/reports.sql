-- name: claim_reference
INSERT INTO intake.reference (reference) VALUES ($1) ON CONFLICT DO NOTHING RETURNING reference;

-- name: add_report
INSERT INTO intake.report
    (id, reference, contact_id, recorded_at, facts, narrative, anonymous, interpreter_used, reasonable_cause, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: add_participant
INSERT INTO intake.participant (report_id, id, place, role, name, address) VALUES ($1, $2, $3, $4, $5, $6);

-- name: add_reporter
INSERT INTO vault.reporter (report_id, name, contact) VALUES ($1, $2, $3);

-- name: report
SELECT r.*, c.office, c.channel, c.language, c.received_at
FROM intake.report r JOIN intake.contact c ON c.id = r.contact_id
WHERE r.id = $1;

-- name: report_by_reference
SELECT r.*, c.office, c.channel, c.language, c.received_at
FROM intake.report r JOIN intake.contact c ON c.id = r.contact_id
WHERE r.reference = $1;

-- name: participants
SELECT id, role, name, address FROM intake.participant WHERE report_id = $1 ORDER BY place;

-- name: lock_report
SELECT FROM intake.report WHERE id = $1 FOR UPDATE;

-- name: keep_version
INSERT INTO intake.earlier_report
    (report_id, version, recorded_at, facts, narrative, interpreter_used, reasonable_cause)
SELECT id, version, recorded_at, facts, narrative, interpreter_used, reasonable_cause
FROM intake.report WHERE id = $1;

-- name: amend_report
UPDATE intake.report
SET recorded_at = $2, facts = $3, narrative = $4, interpreter_used = $5, reasonable_cause = $6, version = $7
WHERE id = $1;

-- name: earlier_version
SELECT * FROM intake.earlier_report WHERE report_id = $1 AND version = $2;
