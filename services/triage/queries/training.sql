-- name: keep_staff
INSERT INTO triage.staff (staff_id, roles, office) VALUES ($1, $2, $3)
ON CONFLICT (staff_id) DO UPDATE SET roles = excluded.roles, office = excluded.office;

-- name: acknowledge
INSERT INTO triage.acknowledgement (pack_id, pack_version, pack_sha256, staff_id, acknowledged_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (pack_id, pack_version, staff_id) DO NOTHING
RETURNING staff_id;

-- name: acknowledgements
SELECT staff_id, acknowledged_at FROM triage.acknowledgement
WHERE pack_id = $1 AND pack_version = $2
ORDER BY acknowledged_at, staff_id;

-- name: learners
-- Whoever has decided without having read the notice comes first.
WITH decider AS (
    SELECT v.decided_by AS staff_id, min(v.decided_at) AS decided_since
    FROM triage.verdict v
    JOIN triage.decision d USING (report_id)
    WHERE d.pack_id = $1 AND d.pack_version = $2
    GROUP BY v.decided_by
)
SELECT staff_id, s.roles, s.office, decider.decided_since
FROM triage.staff s
FULL JOIN decider USING (staff_id)
WHERE (s.roles && $3 OR decider.decided_since IS NOT NULL)
  AND NOT EXISTS (
      SELECT FROM triage.acknowledgement a
      WHERE a.pack_id = $1 AND a.pack_version = $2 AND a.staff_id = coalesce(s.staff_id, decider.staff_id)
  )
ORDER BY decider.decided_since NULLS LAST, staff_id;
