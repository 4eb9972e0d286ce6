-- name: take_rating
INSERT INTO triage.rating (report_id, rater, taken_at, first_screening, first_tier)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING
RETURNING report_id;

-- name: lock_rating
SELECT t.*, d.reference, d.office, d.received_at
FROM triage.rating t
JOIN triage.decision d USING (report_id)
WHERE t.report_id = $1
FOR UPDATE OF t;

-- name: rate
UPDATE triage.rating SET screening = $2, tier = $3, rated_at = $4 WHERE report_id = $1;

-- name: rates_blind
-- Whether this person is rating the report and has not yet.
SELECT EXISTS (SELECT FROM triage.rating WHERE report_id = $1 AND rater = $2 AND rated_at IS NULL);

-- name: rateable
-- Drawn, decided by others, and not rated: free, or taken by this person.
SELECT d.report_id, d.reference, d.office, d.received_at, coalesce(t.rater, '') AS rater
FROM triage.decision d
LEFT JOIN triage.rating t USING (report_id)
WHERE d.drawn_for_rating AND d.state = 'DECIDED' AND (t.report_id IS NULL OR (t.rater = $1 AND t.rated_at IS NULL))
  AND $1 <> ALL (d.screeners) AND d.approved_by IS DISTINCT FROM $1 AND d.reviewed_by IS DISTINCT FROM $1
ORDER BY d.decided_at, d.report_id
LIMIT $2;

-- name: rated_pairs
SELECT first_screening, first_tier, screening, tier
FROM triage.rating
WHERE rated_at IS NOT NULL AND ($1::timestamptz IS NULL OR rated_at >= $1)
  AND ($2::timestamptz IS NULL OR rated_at < $2);
