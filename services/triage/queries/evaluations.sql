-- name: add_evaluation
INSERT INTO triage.evaluation
    (report_id, report_version, evaluated_at, facts, pack_id, pack_version, pack_sha256, recommendation, problem_code,
     problem_paths)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: evaluations
SELECT * FROM triage.evaluation WHERE report_id = $1 ORDER BY report_version;

-- name: recorded
SELECT e.*, d.office, d.channel, d.language, d.interpreter_used, d.decided, d.decided_tier, d.overridden,
       d.report_version = e.report_version AS latest
FROM triage.evaluation e
JOIN triage.decision d USING (report_id)
WHERE (e.evaluated_at, e.report_id, e.report_version) > ($1, $2, $3)
  AND ($4::timestamptz IS NULL OR e.evaluated_at < $4)
ORDER BY e.evaluated_at, e.report_id, e.report_version
LIMIT $5;

-- name: figures
SELECT interpreter_used, state, recommended, recommended_tier, decided, decided_tier,
       coalesce(overridden, false) AS overridden, count(*) AS reports
FROM triage.decision
WHERE ($1::timestamptz IS NULL OR received_at >= $1)
  AND ($2::timestamptz IS NULL OR received_at < $2)
  AND ($3::text IS NULL OR office = $3)
GROUP BY 1, 2, 3, 4, 5, 6, 7
ORDER BY 1, 2, 3, 4 NULLS LAST, 5, 6 NULLS LAST, 7;
