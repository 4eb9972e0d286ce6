-- name: facts_decided_on
-- What the verdict says it was made on. Of one that does not say, what was known when the person decided; if two clocks
-- disagree about that, the newest.
SELECT e.facts
FROM triage.evaluation e
LEFT JOIN triage.verdict v ON v.report_id = e.report_id AND v.version = $2
WHERE e.report_id = $1
ORDER BY coalesce(e.report_version = v.report_version, false) DESC, e.evaluated_at <= $3 DESC, e.report_version DESC
LIMIT 1;

-- name: claim
-- The number of this report's next score; nothing if this model has scored this decision before.
INSERT INTO triage_shadow.scored (report_id, sequence, decision_version, model_sha256)
SELECT $1, coalesce(max(sequence), 0) + 1, $2, $3 FROM triage_shadow.scored WHERE report_id = $1
ON CONFLICT (report_id, decision_version, model_sha256) DO NOTHING
RETURNING sequence;
