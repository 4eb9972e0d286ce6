-- name: read_staff
SELECT staff_id, name, email, roles, office, supervisor_id, version
FROM casework.staff WHERE staff_id = $1;

-- name: register
INSERT INTO casework.staff (staff_id, name, email, roles, office, supervisor_id, version)
VALUES ($1, $2, $3, $4, $5, $6, 1)
ON CONFLICT (staff_id) DO UPDATE
SET name = excluded.name, email = excluded.email, roles = excluded.roles, office = excluded.office,
    supervisor_id = excluded.supervisor_id, version = casework.staff.version + 1
RETURNING version;

-- name: next_staff_version
UPDATE casework.staff SET version = version + 1 WHERE staff_id = $1 RETURNING version;

-- name: record_absence
INSERT INTO casework.absence (absence_id, staff_id, starts_at, ends_at, recorded_by) VALUES ($1, $2, $3, $4, $5);

-- name: absence_at
SELECT starts_at, ends_at FROM casework.absence
WHERE staff_id = $1 AND starts_at <= $2 AND $2 < ends_at
ORDER BY ends_at DESC LIMIT 1;

-- name: list_staff
SELECT s.staff_id, s.name, s.email, s.roles, s.office, s.supervisor_id,
       (SELECT count(*) FROM casework.investigation i WHERE i.worker_id = s.staff_id AND i.state <> 'CLOSED') AS load
FROM casework.staff s
WHERE ($1 = '' OR s.office = $1) AND ($2 = '' OR $2 = ANY (s.roles))
ORDER BY s.office, s.name, s.staff_id;

-- name: lock_assignment
-- Two assignments in one office are made one after the other, so that the second sees the load the first has made.
SELECT pg_advisory_xact_lock(hashtextextended('casework.assignment:' || $1, 0));

-- name: candidates
SELECT s.staff_id,
       (SELECT count(*) FROM casework.investigation i WHERE i.worker_id = s.staff_id AND i.state <> 'CLOSED') AS load
FROM casework.staff s
WHERE s.office = $1 AND 'INVESTIGATOR' = ANY (s.roles)
  AND NOT EXISTS (SELECT FROM casework.absence a
                  WHERE a.staff_id = s.staff_id AND a.starts_at <= $2 AND $2 < a.ends_at);

-- name: around
-- The people a rung can mean at an instant: a person and the chain above, the offices concerned, and every director.
WITH RECURSIVE chain AS (
    SELECT staff_id, supervisor_id FROM casework.staff WHERE staff_id = $1
    UNION
    SELECT s.staff_id, s.supervisor_id FROM casework.staff s JOIN chain c ON s.staff_id = c.supervisor_id
)
SELECT s.staff_id, s.roles, s.office, s.supervisor_id,
       EXISTS (SELECT FROM casework.absence a
               WHERE a.staff_id = s.staff_id AND a.starts_at <= $3 AND $3 < a.ends_at) AS absent
FROM casework.staff s
WHERE s.office = ANY ($2::text[]) OR 'DIRECTOR' = ANY (s.roles) OR s.staff_id IN (SELECT staff_id FROM chain);
