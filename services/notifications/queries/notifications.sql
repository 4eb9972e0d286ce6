-- name: add
INSERT INTO notification
    (id, key, staff_id, template, "values", reference, promise_id, not_after, message_id, requested_at, traceparent,
     state, try_at, version, attempts, repeated, sent_at, code, problem, channels)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
ON CONFLICT (key) DO NOTHING
RETURNING id;

-- name: by_key
SELECT * FROM notification WHERE key = $1;

-- name: locked
SELECT * FROM notification WHERE id = $1 FOR UPDATE;

-- name: listed
SELECT * FROM notification
WHERE ($1::uuid IS NULL OR promise_id = $1) AND ($2::text = '' OR reference = $2)
ORDER BY requested_at DESC, id DESC
LIMIT $3;

-- name: take
-- Those whose turn it is, oldest first; one whose person cannot be reached yet waits without holding up the others. A
-- telephone counts once it was proven; but the code that proves it ($3 is that text) goes there before. What was asked
-- for before $4 is taken all the same, to be given up.
SELECT n.*, reached.addresses
FROM notification n
CROSS JOIN LATERAL (
    SELECT jsonb_object_agg(way.channel, way.address) AS addresses
    FROM (
        SELECT 'EMAIL' AS channel, c.email AS address FROM contact_method c WHERE c.staff_id = n.staff_id
        UNION ALL
        SELECT t.channel, t.number FROM telephone t WHERE t.staff_id = n.staff_id AND (t.verified OR n.template = $3)
    ) way
    WHERE way.channel = ANY (n.channels)
) reached
WHERE n.state IN ('QUEUED', 'SENDING') AND n.try_at <= $1
  AND (n.staff_id IS NULL OR reached.addresses IS NOT NULL OR n.not_after <= $1 OR n.requested_at <= $4)
ORDER BY n.try_at
LIMIT $2
FOR UPDATE OF n SKIP LOCKED;

-- name: lock_queued
SELECT * FROM notification WHERE promise_id = $1 AND state = 'QUEUED' ORDER BY id FOR UPDATE;

-- name: expire_sending
UPDATE notification SET not_after = least(not_after, $2) WHERE promise_id = $1 AND state = 'SENDING';

-- name: change
UPDATE notification
SET state = $2, try_at = $3, version = $4, attempts = $5, repeated = $6, sent_at = $7, code = $8, problem = $9,
    turn = $10, waits = $11, tries = $12
WHERE id = $1;

-- name: backlog
SELECT count(*) AS open, min(requested_at) AS oldest FROM notification WHERE state IN ('QUEUED', 'SENDING');
