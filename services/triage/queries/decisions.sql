-- name: add_decision
INSERT INTO triage.decision
    (report_id, reference, office, received_at, state, facts, pack_id, pack_version, pack_sha256,
     recommended, recommended_tier, recommendation, problem_code, problem_paths, screened_at, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16);

-- name: decide
UPDATE triage.decision
SET state = $2, decided = $3, decided_tier = $4, decided_by = $5, decided_at = $6, overridden = $7, version = $8
WHERE report_id = $1;

-- name: decision
SELECT * FROM triage.decision WHERE report_id = $1;

-- name: decision_to_change
SELECT * FROM triage.decision WHERE report_id = $1 FOR UPDATE;

-- name: queue
SELECT * FROM triage.decision
WHERE state <> 'DECIDED' AND ($1::text IS NULL OR office = $1)
ORDER BY (state <> 'NEEDS_FACTS'), recommended_tier NULLS LAST, received_at, report_id
LIMIT $2;
