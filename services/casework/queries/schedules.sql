-- name: add_rotation
INSERT INTO casework.rotation (rotation_id, role, office, members, first_day, last_day, begins, ends, turn_days,
                               weekdays, on_call, exception, excepted_by, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1);

-- name: lock_rotation
SELECT * FROM casework.rotation WHERE rotation_id = $1 FOR UPDATE;

-- name: end_rotation
UPDATE casework.rotation SET last_day = $2, version = version + 1 WHERE rotation_id = $1 RETURNING version;

-- name: next_rotation_version
UPDATE casework.rotation SET version = version + 1 WHERE rotation_id = $1 RETURNING version;

-- name: rotations
-- Of some offices; those of directors count everywhere.
SELECT * FROM casework.rotation WHERE office = ANY ($1::text[]) OR role = 'DIRECTOR' ORDER BY rotation_id;

-- name: all_rotations
SELECT * FROM casework.rotation ORDER BY office, role, rotation_id;

-- name: add_override
INSERT INTO casework.rotation_override
    (override_id, rotation_id, starts_at, ends_at, staff_id, reason, exception, recorded_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: overrides_between
SELECT rotation_id, starts_at, ends_at, staff_id FROM casework.rotation_override
WHERE starts_at < $2 AND $1 < ends_at ORDER BY seq;

-- name: offer_swap
INSERT INTO casework.swap (swap_id, rotation_id, from_staff_id, starts_at, ends_at, to_staff_id, return_starts_at,
                           return_ends_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: lock_swap
SELECT * FROM casework.swap WHERE swap_id = $1 FOR UPDATE;

-- name: accept_swap
UPDATE casework.swap SET accepted_at = $2 WHERE swap_id = $1;

-- name: lock_schedules
-- Two changes of who works when are made one after the other, so that the rules of rest see both.
SELECT pg_advisory_xact_lock(hashtextextended('casework.schedules', 0));
