-- name: insert_promise
INSERT INTO ledger.promise
    (promise_id, kind, subject_type, subject_id, cause, reference, office, tier, state, due_at, next_instant, version, body)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1, $12)
ON CONFLICT (promise_id) DO NOTHING
RETURNING promise_id;

-- name: lock_promise
SELECT body FROM ledger.promise WHERE promise_id = $1 FOR UPDATE;

-- name: read_promise
SELECT body FROM ledger.promise WHERE promise_id = $1;

-- name: lock_open_of_subject
-- In one order, so that two commands on one subject never wait for each other.
SELECT body FROM ledger.promise
WHERE subject_type = $1 AND subject_id = $2 AND closed_at IS NULL
ORDER BY promise_id FOR UPDATE;

-- name: kept_of_subject
SELECT kind, max(closed_at) AS closed_at FROM ledger.promise
WHERE subject_type = $1 AND subject_id = $2 AND verdict <> 'VOID'
GROUP BY kind;

-- name: save_promise
UPDATE ledger.promise
SET tier = $3, state = $4, due_at = $5, next_instant = $6, version = $2, verdict = $7, closed_at = $8, body = $9
WHERE promise_id = $1 AND version = $2 - 1
RETURNING version;

-- name: list_promises
SELECT body FROM ledger.promise
WHERE (NOT $1 OR closed_at IS NULL)
  AND ($2 = '' OR office = $2)
  AND ($3 = '' OR subject_id = $3)
  AND ($4 = '' OR reference = $4)
  AND ($5::timestamptz IS NULL OR due_at < $5)
  AND (NOT $7 OR closed_at IS NULL OR verdict LIKE 'LATE%')
ORDER BY due_at, promise_id
LIMIT $6;

-- name: count_open
SELECT kind, state, count(*) AS number FROM ledger.promise WHERE closed_at IS NULL GROUP BY kind, state;

-- name: append_history
INSERT INTO ledger.history (promise_id, version, recorded_at, occurred_at, event, actor, detail)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: history
-- With the trace in which each version was committed, as its row of the audit has it.
SELECT h.version, h.recorded_at, h.occurred_at, h.event, h.actor, h.detail, a.trace_id
FROM ledger.history h
LEFT JOIN chassis.audit a
    ON a.subject = h.promise_id::text AND a.action LIKE 'promise.%' AND (a.detail ->> 'version')::bigint = h.version
WHERE h.promise_id = $1
ORDER BY h.version;

-- name: alarm_at
-- What the ledger did when an alarm rang with this very instant: a repeated question gets the recorded answer.
SELECT detail FROM ledger.history
WHERE promise_id = $1 AND occurred_at = $2 AND detail #>> '{event,event}' IN ('Alarm', 'RungWasEmpty')
ORDER BY version;

-- name: nobody_left
-- By which version this cycle of a ladder came to its end without anybody; 0: it has not.
SELECT coalesce(max(h.version), 0)
FROM ledger.history h, jsonb_array_elements(h.detail -> 'effects') effect
WHERE h.promise_id = $1 AND effect ->> 'effect' = 'NobodyLeft' AND (effect ->> 'cycle')::integer = $2;

-- name: climb
INSERT INTO ledger.told
    (promise_id, cycle, rung, staff_id, key, message_rung, who, why, warning, asked_for, climbed_at, how, as_of)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (promise_id, cycle, rung, staff_id) DO NOTHING;

-- name: told
SELECT staff_id, rung, cycle, climbed_at, told_at, key, warning, who, why, failed, withdrawn_at, channel
FROM ledger.told WHERE promise_id = $1 ORDER BY seq;

-- name: messages
-- Whom to tell: everyone climbed and not known to have been told, and everyone climbed as of this very instant. While
-- the ladder waits ($3), only whom a person asked to be told.
SELECT key, min(staff_id::text) AS staff_id, min(message_rung) AS rung, min(cycle) AS cycle, bool_and(warning) AS warning,
       min(how) AS how
FROM ledger.told
WHERE promise_id = $1 AND withdrawn_at IS NULL AND (told_at IS NULL OR coalesce(as_of, climbed_at) = $2)
  AND (asked_for OR NOT $3)
GROUP BY key
ORDER BY min(seq);

-- name: withdraw_owner
-- Whoever has handed a promise over is no longer told of it: the message would mislead.
UPDATE ledger.told SET withdrawn_at = $2
WHERE promise_id = $1 AND who = 'OWNER' AND told_at IS NULL AND withdrawn_at IS NULL;

-- name: lock_promise_of_message
SELECT promise_id, closed_at IS NOT NULL AS closed FROM ledger.promise
WHERE promise_id = (SELECT promise_id FROM ledger.told WHERE key = $1 AND told_at IS NULL LIMIT 1)
FOR UPDATE;

-- name: untold_of_message
SELECT cycle, rung, staff_id FROM ledger.told WHERE key = $1 AND told_at IS NULL ORDER BY seq;

-- name: mark_told
UPDATE ledger.told SET told_at = $2, channel = $3, failed = NULL WHERE key = $1 AND told_at IS NULL;

-- name: mark_failed
UPDATE ledger.told SET failed = $2 WHERE key = $1 AND told_at IS NULL;

-- name: begin_chain
INSERT INTO ledger.chain (office, number) VALUES ($1, 0) ON CONFLICT (office) DO NOTHING;

-- name: lock_chain
SELECT number, sha256 FROM ledger.chain WHERE office = $1 FOR UPDATE;

-- name: insert_certificate
INSERT INTO ledger.certificate (promise_id, office, number, sha256, body) VALUES ($1, $2, $3, $4, $5);

-- name: extend_chain
UPDATE ledger.chain SET number = $2, sha256 = $3 WHERE office = $1;

-- name: certificate
SELECT office, sha256, body FROM ledger.certificate WHERE promise_id = $1;

-- name: insert_addendum
INSERT INTO ledger.addendum (promise_id, office, number, sha256, body) VALUES ($1, $2, $3, $4, $5);

-- name: addenda
SELECT body FROM ledger.addendum WHERE promise_id = $1 ORDER BY number;

-- name: chained
-- An office's documents after a number of its chain, in that order: at least one, and no more than an answer carries.
SELECT body FROM (
    SELECT number, body, sum(octet_length(body)) OVER (ORDER BY number) - octet_length(body) AS before
    FROM (
        SELECT number, body FROM ledger.certificate WHERE office = $1 AND number > $2
        UNION ALL
        SELECT number, body FROM ledger.addendum WHERE office = $1 AND number > $2
        ORDER BY number LIMIT 100
    ) following
) sized
WHERE before < 1000000
ORDER BY number;

-- name: clocks
-- `untold_since`: while the ladder waits, only for whom a person asked to be told.
SELECT p.promise_id, p.version, p.state, p.next_instant, untold.since AS untold_since
FROM ledger.promise p
LEFT JOIN LATERAL (
    SELECT min(t.climbed_at) AS since FROM ledger.told t
    WHERE t.promise_id = p.promise_id AND t.told_at IS NULL AND t.withdrawn_at IS NULL AND t.failed IS NULL
      AND (t.asked_for OR p.state NOT IN ('HELD', 'PAUSED', 'AWAITS_CONFIRMATION'))
) untold ON true
WHERE p.closed_at IS NULL AND ($1::uuid IS NULL OR p.promise_id > $1) AND (NOT $2 OR untold.since IS NOT NULL)
ORDER BY p.promise_id
LIMIT $3;

-- name: stalled
-- A promise may be born or moved with its instant long gone: its alarm is late only if it has not rung since.
SELECT p.body FROM ledger.promise p
JOIN ledger.history h ON h.promise_id = p.promise_id AND h.version = p.version AND h.recorded_at < $1
WHERE p.closed_at IS NULL AND p.next_instant < $1
ORDER BY p.next_instant
LIMIT $2;

-- name: missing
-- Of those expected (a row each, `n` is its place), those of which there is none, or none that is as it should be.
SELECT n FROM jsonb_to_recordset($1) AS e
    (n integer, kinds text[], type text, id text, cause text, closed boolean, unless_open boolean, told_at timestamptz)
WHERE NOT EXISTS (
    SELECT FROM ledger.promise p
    WHERE p.subject_type = e.type AND p.subject_id = e.id AND p.kind = ANY (e.kinds)
      AND (
        p.cause = e.cause AND (NOT e.closed OR p.closed_at IS NOT NULL)
        OR e.unless_open AND (p.closed_at IS NULL OR p.closed_at >= e.told_at)
      )
) OR e.closed AND EXISTS (
    SELECT FROM ledger.promise p
    WHERE p.subject_type = e.type AND p.subject_id = e.id AND p.kind = ANY (e.kinds)
      AND p.closed_at IS NULL AND (p.body ->> 'made_at')::timestamptz < e.told_at
)
ORDER BY n;
