-- name: audit
INSERT INTO chassis.audit (id, at, actor, actor_kind, action, subject, detail, trace_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: claim_key
INSERT INTO chassis.idempotency (actor, key, request_hash, created_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING
RETURNING key;

-- name: answered
SELECT request_hash, response FROM chassis.idempotency WHERE actor = $1 AND key = $2;

-- name: remember
UPDATE chassis.idempotency SET response = $4
WHERE actor = $1 AND key = $2 AND request_hash = $3 AND response IS NULL
RETURNING key;

-- name: forget_keys
DELETE FROM chassis.idempotency WHERE created_at < $1;
