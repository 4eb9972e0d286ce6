-- name: emit
INSERT INTO chassis.outbox
    (id, aggregatetype, aggregateid, type, payload, headers, sequence, partition_no, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: committed_last
SELECT headers ->> 'ce_traceparent' FROM chassis.outbox
WHERE aggregatetype = $1 AND aggregateid = $2
ORDER BY sequence DESC
LIMIT 1;

-- name: join_relays
SELECT pg_advisory_lock_shared($1, 0);

-- name: count_relays
SELECT count(*) FROM pg_locks
WHERE locktype = 'advisory' AND classid = $1::integer::oid AND objid = 0 AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database());

-- name: own_partition
SELECT pg_try_advisory_lock($1, $2);

-- name: release_partition
SELECT pg_advisory_unlock($1, $2);

-- name: unsent
SELECT id, aggregatetype, aggregateid, type, payload, headers, sequence, created_at
FROM chassis.outbox
WHERE sent_at IS NULL AND partition_no = ANY ($1::smallint[])
ORDER BY seq
LIMIT $2;

-- name: mark_sent
UPDATE chassis.outbox SET sent_at = $2 WHERE id = ANY ($1::uuid[]);

-- name: forget_sent
DELETE FROM chassis.outbox
WHERE seq IN (SELECT seq FROM chassis.outbox WHERE sent_at < $1 ORDER BY sent_at LIMIT $2);

-- name: backlog
SELECT count(*) AS unsent, min(created_at) AS oldest FROM chassis.outbox WHERE sent_at IS NULL;

-- name: their_clock
SELECT clock_timestamp();

-- name: horizon
-- The first place behind $1 that holds a fact not older than $2, or the end: places are given before they are committed.
SELECT coalesce(
    (SELECT min(seq) FROM chassis.outbox WHERE seq > $1 AND created_at >= $2),
    (SELECT max(seq) + 1 FROM chassis.outbox WHERE seq > $1),
    $1 + 1
);

-- name: told_between
SELECT seq, aggregatetype, aggregateid, type, payload, created_at
FROM chassis.outbox
WHERE type = ANY ($1::text[]) AND seq > $2 AND seq < $3
ORDER BY seq
LIMIT $4;

-- name: republish_since
WITH again AS (
    UPDATE chassis.outbox SET sent_at = NULL WHERE sent_at IS NOT NULL AND created_at >= $1 RETURNING 1
)
SELECT count(*) FROM again;

-- name: republish_aggregate
WITH again AS (
    UPDATE chassis.outbox SET sent_at = NULL
    WHERE sent_at IS NOT NULL AND aggregatetype = $1 AND aggregateid = $2 RETURNING 1
)
SELECT count(*) FROM again;

-- name: unknown_facts
SELECT asked.id FROM unnest($1::uuid[]) AS asked (id)
WHERE NOT EXISTS (SELECT FROM chassis.outbox WHERE outbox.id = asked.id);
