-- name: claim_reference
INSERT INTO intake.reference (reference) VALUES ($1) ON CONFLICT DO NOTHING RETURNING reference;

-- name: add_report
INSERT INTO intake.report
    (id, reference, contact_id, recorded_at, facts, narrative, anonymous, interpreter_used, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: add_participant
INSERT INTO intake.participant (report_id, id, place, role, name, address) VALUES ($1, $2, $3, $4, $5, $6);

-- name: add_reporter
INSERT INTO vault.reporter (report_id, name, contact) VALUES ($1, $2, $3);

-- name: report
SELECT r.*, c.office, c.channel, c.received_at
FROM intake.report r JOIN intake.contact c ON c.id = r.contact_id
WHERE r.id = $1;

-- name: report_by_reference
SELECT r.*, c.office, c.channel, c.received_at
FROM intake.report r JOIN intake.contact c ON c.id = r.contact_id
WHERE r.reference = $1;

-- name: participants
SELECT id, role, name, address FROM intake.participant WHERE report_id = $1 ORDER BY place;
