-- name: place
-- Locks the aggregate's row; how far it is applied, and whether the fact with this sequence stands behind an open dead
-- letter of its key, or is that dead letter itself.
WITH known AS (
    INSERT INTO chassis.applied (consumer, aggregate_type, aggregate_id, sequence)
    VALUES ($1, $2, $3, 0)
    ON CONFLICT (consumer, aggregate_type, aggregate_id) DO UPDATE SET sequence = chassis.applied.sequence
    RETURNING sequence
)
SELECT known.sequence AS applied,
       coalesce(bool_or(d.id IS NOT NULL AND (d.sequence IS NULL OR d.sequence < $4)), false) AS behind,
       coalesce(bool_or(d.sequence = $4), false) AS is_itself
FROM known
LEFT JOIN chassis.dead_letter d
  ON d.consumer = $1 AND d.aggregate_type = $2 AND d.aggregate_id = $3 AND d.resolution IS NULL
GROUP BY known.sequence;

-- name: mark_applied
-- Held no longer if it was; answers whether the one behind it is held.
WITH released AS (
    DELETE FROM chassis.held
    WHERE consumer = $1 AND aggregate_type = $2 AND aggregate_id = $3 AND sequence = $4
)
UPDATE chassis.applied SET sequence = $4
WHERE consumer = $1 AND aggregate_type = $2 AND aggregate_id = $3
RETURNING EXISTS (
    SELECT FROM chassis.held
    WHERE consumer = $1 AND aggregate_type = $2 AND aggregate_id = $3 AND sequence = $4::bigint + 1
);

-- name: pass_over
-- Note the next fact of an aggregate, unless anything of that aggregate is held or parked.
INSERT INTO chassis.applied AS known (consumer, aggregate_type, aggregate_id, sequence)
SELECT $1, $2, $3, $4::bigint
WHERE NOT EXISTS (SELECT FROM chassis.held
                  WHERE consumer = $1 AND aggregate_type = $2 AND aggregate_id = $3)
  AND NOT EXISTS (SELECT FROM chassis.dead_letter
                  WHERE consumer = $1 AND aggregate_type = $2 AND aggregate_id = $3 AND resolution IS NULL)
  AND ($4::bigint = 1
       OR EXISTS (SELECT FROM chassis.applied WHERE consumer = $1 AND aggregate_type = $2 AND aggregate_id = $3))
ON CONFLICT (consumer, aggregate_type, aggregate_id) DO UPDATE SET sequence = excluded.sequence
WHERE known.sequence = excluded.sequence - 1
RETURNING true;

-- name: hold
INSERT INTO chassis.held
    (consumer, aggregate_type, aggregate_id, sequence, topic, partition, "offset", headers, payload,
     reason, attempts, retry_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, now() + $11::interval)
ON CONFLICT (consumer, aggregate_type, aggregate_id, sequence) DO NOTHING;

-- name: held_at
SELECT topic, partition, "offset", aggregate_id, headers, payload, reason, attempts, held_at, retry_at
FROM chassis.held
WHERE consumer = $1 AND aggregate_type = $2 AND aggregate_id = $3 AND sequence = $4;

-- name: due
-- Held facts whose turn it is: the next of their aggregate, not parked, and not waiting for a later try.
SELECT h.aggregate_type, h.aggregate_id, h.sequence
FROM chassis.held h
LEFT JOIN chassis.applied a USING (consumer, aggregate_type, aggregate_id)
WHERE h.consumer = $1 AND h.retry_at <= now() AND h.sequence <= coalesce(a.sequence, 0) + 1
  AND NOT EXISTS (SELECT FROM chassis.dead_letter d
                  WHERE d.consumer = h.consumer AND d.aggregate_type = h.aggregate_type
                    AND d.aggregate_id = h.aggregate_id AND d.resolution IS NULL
                    AND (d.sequence IS NULL OR d.sequence < h.sequence))
ORDER BY h.retry_at
LIMIT $2;

-- name: try_later
UPDATE chassis.held SET retry_at = now() + $5::interval, reason = $6, attempts = $7
WHERE consumer = $1 AND aggregate_type = $2 AND aggregate_id = $3 AND sequence = $4;

-- name: release
DELETE FROM chassis.held
WHERE consumer = $1 AND aggregate_type = $2 AND aggregate_id = $3 AND sequence = $4;

-- name: set_aside
INSERT INTO chassis.dead_letter
    (consumer, aggregate_type, aggregate_id, sequence, topic, partition, "offset", headers, payload, reason, attempts)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT DO NOTHING;

-- name: open_dead_letters
SELECT id, aggregate_type, aggregate_id, sequence, topic, partition, "offset", reason, attempts, set_aside_at
FROM chassis.dead_letter
WHERE consumer = $1 AND resolution IS NULL
ORDER BY id;

-- name: count_dead_letters
SELECT count(*) FROM chassis.dead_letter WHERE consumer = $1 AND resolution IS NULL;

-- name: held_since
SELECT topic, min(held_at) AS since FROM chassis.held WHERE consumer = $1 GROUP BY topic;

-- name: open_of_key
SELECT id, aggregate_type, aggregate_id, sequence, topic, partition, "offset", headers, payload
FROM chassis.dead_letter
WHERE consumer = $1 AND aggregate_type = $2 AND aggregate_id = $3 AND resolution IS NULL
ORDER BY sequence NULLS FIRST, id
FOR UPDATE;

-- name: resolve
UPDATE chassis.dead_letter SET resolution = $2, resolved_by = $3, resolved_at = now(), why = $4
WHERE id = $1;

-- name: waiting
SELECT count(*) FILTER (WHERE reason = 'EARLY') AS early,
       count(*) FILTER (WHERE reason <> 'EARLY') AS retrying,
       min(held_at) AS oldest
FROM chassis.held WHERE consumer = $1;
