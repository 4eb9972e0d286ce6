-- name: add_source_note
INSERT INTO triage.source_note (id, report_id, reliability, note, noted_by, noted_at)
VALUES ($1, $2, $3, $4, $5, $6);

-- name: source_notes
SELECT * FROM triage.source_note WHERE report_id = $1 ORDER BY noted_at, id;

-- name: add_consultation
INSERT INTO triage.consultation (id, report_id, question, asked_by, asked_at) VALUES ($1, $2, $3, $4, $5);

-- name: lock_consultation
SELECT * FROM triage.consultation WHERE id = $1 FOR UPDATE;

-- name: answer_consultation
UPDATE triage.consultation SET answer = $2, answered_by = $3, answered_at = $4 WHERE id = $1;

-- name: consultations
SELECT * FROM triage.consultation WHERE report_id = $1 ORDER BY asked_at, id;

-- name: open_consultations
SELECT c.*
FROM triage.consultation c
JOIN triage.decision d USING (report_id)
WHERE c.answered_by IS NULL AND ($1::text IS NULL OR d.office = $1)
ORDER BY c.asked_at, c.id
LIMIT $2;

-- name: add_suspicion
INSERT INTO triage.suspicion (id, report_id, grounds, flagged_by, flagged_at) VALUES ($1, $2, $3, $4, $5);

-- name: lock_suspicion
SELECT * FROM triage.suspicion WHERE id = $1 FOR UPDATE;

-- name: settle_suspicion
UPDATE triage.suspicion SET outcome = $2, settled_because = $3, settled_by = $4, settled_at = $5 WHERE id = $1;

-- name: suspicions
SELECT * FROM triage.suspicion WHERE report_id = $1 ORDER BY flagged_at, id;
