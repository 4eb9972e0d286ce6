-- name: add_decision
INSERT INTO triage.decision
    (report_id, reference, office, received_at, channel, language, screened_at, state, facts, report_version,
     interpreter_used, pack_id, pack_version, pack_sha256, recommended, recommended_tier, recommendation, problem_code,
     problem_paths, drawn_for_rating, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21);

-- name: screen_anew
UPDATE triage.decision
SET screened_at = $2, facts = $3, report_version = $4, interpreter_used = $5, pack_id = $6, pack_version = $7,
    pack_sha256 = $8, recommended = $9, recommended_tier = $10, recommendation = $11, problem_code = $12,
    problem_paths = $13, state = $14, decided = $15, decided_tier = $16, decided_by = $17, decided_at = $18,
    overridden = $19, reason = $20, approved_by = $21, decided_tasks = $22, decided_cross_reports = $23,
    decided_clocks = $24, taken_by = $25, screeners = $26, review = $27, reviewed_by = $28, merged_into = $29,
    version = $30
WHERE report_id = $1 AND version = $30 - 1
RETURNING version;

-- name: change
UPDATE triage.decision
SET state = $2, decided = $3, decided_tier = $4, decided_by = $5, decided_at = $6, overridden = $7, reason = $8,
    approved_by = $9, decided_tasks = $10, decided_cross_reports = $11, decided_clocks = $12, taken_by = $13,
    screeners = $14, review = $15, reviewed_by = $16, merged_into = $17, version = $18
WHERE report_id = $1 AND version = $18 - 1
RETURNING version;

-- name: decision
SELECT d.*, r.id AS request_id, r.screening AS wanted, r.tier AS wanted_tier, r.reason AS wanted_because,
       r.requested_by, r.requested_at
FROM triage.decision d
LEFT JOIN triage.override_request r ON r.report_id = d.report_id AND r.outcome IS NULL
WHERE d.report_id = $1;

-- name: lock_decisions
SELECT FROM triage.decision WHERE report_id = ANY ($1::uuid[]) ORDER BY report_id FOR UPDATE;

-- name: queue
SELECT d.*, r.id AS request_id, r.screening AS wanted, r.tier AS wanted_tier, r.reason AS wanted_because,
       r.requested_by, r.requested_at
FROM triage.decision d
LEFT JOIN triage.override_request r ON r.report_id = d.report_id AND r.outcome IS NULL
WHERE d.state IN ('RECOMMENDED', 'NEEDS_FACTS') AND ($1::text IS NULL OR d.office = $1)
ORDER BY (d.state <> 'NEEDS_FACTS'), d.recommended_tier NULLS LAST, d.received_at, d.report_id
LIMIT $2;

-- name: merged_into
SELECT report_id FROM triage.decision WHERE merged_into = $1 ORDER BY report_id;

-- name: add_verdict
INSERT INTO triage.verdict
    (report_id, version, report_version, screening, tier, decided_by, decided_at, overridden, reason, approved_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: verdicts
SELECT * FROM triage.verdict WHERE report_id = $1 ORDER BY version;

-- name: add_request
INSERT INTO triage.override_request (id, report_id, screening, tier, reason, requested_by, requested_at)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: settle_request
UPDATE triage.override_request
SET outcome = $2, settled_by = $3, settled_at = $4, refused_because = $5
WHERE report_id = $1 AND outcome IS NULL;

-- name: requests
SELECT * FROM triage.override_request WHERE report_id = $1 ORDER BY requested_at, id;

-- name: add_investigation
INSERT INTO triage.investigation (investigation_id, report_id) VALUES ($1, $2) ON CONFLICT DO NOTHING;

-- name: mark_contacted
UPDATE triage.investigation
SET contacted_at = least(contacted_at, $2)
WHERE investigation_id = $1
RETURNING report_id;

-- name: contacted
SELECT EXISTS (SELECT FROM triage.investigation WHERE report_id = $1 AND contacted_at IS NOT NULL);
