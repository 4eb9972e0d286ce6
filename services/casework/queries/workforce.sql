-- name: read_staff
SELECT staff_id, name, email, roles, office, supervisor_id, specialties, languages, version
FROM casework.staff WHERE staff_id = $1;

-- name: register
INSERT INTO casework.staff (staff_id, name, email, roles, office, supervisor_id, specialties, languages, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1)
ON CONFLICT (staff_id) DO UPDATE
SET name = excluded.name, email = excluded.email, roles = excluded.roles, office = excluded.office,
    supervisor_id = excluded.supervisor_id, specialties = excluded.specialties, languages = excluded.languages,
    version = casework.staff.version + 1
RETURNING version;

-- name: drop_credentials
DELETE FROM casework.credential WHERE staff_id = $1;

-- name: add_credential
INSERT INTO casework.credential (staff_id, code, expires_at) VALUES ($1, $2, $3);

-- name: credentials
SELECT staff_id, code, expires_at FROM casework.credential WHERE staff_id = ANY ($1::uuid[]) ORDER BY code;

-- name: next_staff_version
UPDATE casework.staff SET version = version + 1 WHERE staff_id = $1 RETURNING version;

-- name: enter_contact_method
-- Registration names an address; one that stays the same stays as proven as it was.
INSERT INTO casework.contact_method AS known (staff_id, channel, address, code) VALUES ($1, $2, $3, $4)
ON CONFLICT (staff_id, channel) DO UPDATE SET address = excluded.address, code = excluded.code, wrong = 0, verified_at = NULL
WHERE known.address <> excluded.address;

-- name: set_contact_method
-- A new address, or one that was never proven, gets a new code.
INSERT INTO casework.contact_method AS known (staff_id, channel, address, code) VALUES ($1, $2, $3, $4)
ON CONFLICT (staff_id, channel) DO UPDATE SET address = excluded.address, code = excluded.code, wrong = 0, verified_at = NULL
WHERE known.address <> excluded.address OR known.verified_at IS NULL
RETURNING channel;

-- name: contact_methods
SELECT channel, address, code, wrong, verified_at FROM casework.contact_method WHERE staff_id = $1 ORDER BY channel;

-- name: lock_contact_method
SELECT channel, address, code, wrong, verified_at FROM casework.contact_method
WHERE staff_id = $1 AND channel = $2 FOR UPDATE;

-- name: verify_contact_method
UPDATE casework.contact_method SET code = NULL, verified_at = $3 WHERE staff_id = $1 AND channel = $2;

-- name: count_wrong_code
UPDATE casework.contact_method SET wrong = wrong + 1 WHERE staff_id = $1 AND channel = $2;

-- name: record_absence
INSERT INTO casework.absence (absence_id, staff_id, starts_at, ends_at, recorded_by, kind) VALUES ($1, $2, $3, $4, $5, $6);

-- name: sign
INSERT INTO casework.sign (staff_id, at, place) VALUES ($1, $2, $3)
ON CONFLICT (staff_id, at) DO UPDATE SET place = excluded.place;

-- name: end_absences
-- Whoever signs in is back, whatever was planned.
UPDATE casework.absence SET ends_at = $2 WHERE staff_id = $1 AND starts_at < $2 AND $2 < ends_at;

-- name: whereabouts_of
SELECT starts_at, ends_at, kind, place, signed_at FROM casework.whereabouts($2) WHERE staff_id = $1;

-- name: absences_between
SELECT staff_id, starts_at, ends_at FROM casework.absence
WHERE staff_id = ANY ($1::uuid[]) AND starts_at < $3 AND $2 < ends_at;

-- name: list_staff
SELECT s.staff_id, s.name, s.email, s.roles, s.office, s.supervisor_id, s.specialties, s.languages, s.version,
       (SELECT count(*) FROM casework.investigation i WHERE i.worker_id = s.staff_id AND i.state <> 'CLOSED') AS load
FROM casework.staff s
WHERE ($1 = '' OR s.office = $1) AND ($2 = '' OR $2 = ANY (s.roles))
  AND ($3 = '' OR $3 = ANY (s.specialties)) AND ($4 = '' OR $4 = ANY (s.languages))
ORDER BY s.office, s.name, s.staff_id;

-- name: lock_assignment
-- Two assignments in one office are made one after the other, so that the second sees the load the first has made.
SELECT pg_advisory_xact_lock(hashtextextended('casework.assignment:' || $1, 0));

-- name: candidates
-- Whoever holds a credential that has expired is given nothing until it is renewed.
SELECT s.staff_id, w.starts_at, w.ends_at, w.kind, w.place, w.signed_at,
       (SELECT count(*) FROM casework.investigation i WHERE i.worker_id = s.staff_id AND i.state <> 'CLOSED') AS load
FROM casework.staff s JOIN casework.whereabouts($2) w USING (staff_id)
WHERE s.office = $1 AND 'INVESTIGATOR' = ANY (s.roles)
  AND NOT EXISTS (SELECT FROM casework.credential c WHERE c.staff_id = s.staff_id AND c.expires_at <= $2);

-- name: around
-- The people a rung can mean at an instant: a person (or everybody of the offices) and the chain above, the offices
-- concerned, every director, and who has duty there from elsewhere ($4).
WITH RECURSIVE chain AS (
    SELECT staff_id, supervisor_id FROM casework.staff WHERE staff_id = $1 OR ($1 IS NULL AND office = ANY ($2::text[]))
    UNION
    SELECT s.staff_id, s.supervisor_id FROM casework.staff s JOIN chain c ON s.staff_id = c.supervisor_id
)
SELECT s.staff_id, s.roles, s.office, s.supervisor_id, w.starts_at, w.ends_at, w.kind, w.place, w.signed_at,
       EXISTS (SELECT FROM casework.contact_method m
               WHERE m.staff_id = s.staff_id AND m.verified_at IS NOT NULL) AS reachable
FROM casework.staff s JOIN casework.whereabouts($3) w USING (staff_id)
WHERE s.office = ANY ($2::text[]) OR 'DIRECTOR' = ANY (s.roles) OR s.staff_id IN (SELECT staff_id FROM chain)
   OR s.staff_id = ANY ($4::uuid[]);

-- name: offices
SELECT DISTINCT office FROM casework.staff ORDER BY office;
