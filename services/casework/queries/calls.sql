-- name: add_caller
INSERT INTO casework.caller (promise_id, caller_class, safe_from, safe_until) VALUES ($1, $2, $3, $4)
ON CONFLICT (promise_id) DO NOTHING;

-- name: callers
SELECT promise_id, caller_class, safe_from, safe_until FROM casework.caller WHERE promise_id = ANY ($1::uuid[]);

-- name: set_safe_window
UPDATE casework.caller SET safe_from = $2, safe_until = $3 WHERE promise_id = $1;

-- name: ring
-- A message may be known before its contact: whoever comes second leaves what the first wrote.
INSERT INTO casework.call (contact_id, office, received_at, in_hours, ended) VALUES ($1, $2, $3, $4, 'WAITING')
ON CONFLICT (contact_id) DO NOTHING;

-- name: end_call
UPDATE casework.call SET ended = $2 WHERE contact_id = $1 AND ended <> 'VOICEMAIL';

-- name: leave_message
INSERT INTO casework.call (contact_id, office, received_at, in_hours, ended, voicemail_reason, live_person_offered)
VALUES ($1, $2, $3, $4, 'VOICEMAIL', $5, $6)
ON CONFLICT (contact_id) DO UPDATE
SET ended = 'VOICEMAIL', voicemail_reason = excluded.voicemail_reason, live_person_offered = excluded.live_person_offered;

-- name: answering
-- How callers in office hours fared: calls that have not ended are not judged.
SELECT count(*) AS calls,
       count(*) FILTER (WHERE ended = 'ANSWERED') AS answered,
       count(*) FILTER (WHERE ended = 'ABANDONED') AS abandoned,
       count(*) FILTER (WHERE ended = 'VOICEMAIL') AS voicemail,
       count(*) FILTER (WHERE ended = 'VOICEMAIL' AND NOT live_person_offered) AS not_offered
FROM casework.call
WHERE office = $1 AND received_at >= $2 AND received_at < $3 AND in_hours AND ended <> 'WAITING';

-- name: voicemail_reasons
SELECT voicemail_reason AS reason, count(*) AS calls FROM casework.call
WHERE office = $1 AND received_at >= $2 AND received_at < $3 AND in_hours AND ended = 'VOICEMAIL'
GROUP BY voicemail_reason ORDER BY count(*) DESC, voicemail_reason;

-- name: add_complaint
INSERT INTO casework.complaint (complaint_id, reference, office, about, about_reference, received_at)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (complaint_id) DO NOTHING;

-- name: complaints
-- Each with the call it speaks of, where that is known by its reference.
SELECT c.reference, c.about, c.about_reference, c.received_at,
       (SELECT p.promise_id FROM ledger.promise p
        WHERE p.reference = c.about_reference AND c.about_reference <> '' AND p.kind = ANY ($4::text[])
        ORDER BY p.due_at LIMIT 1) AS promise_id
FROM casework.complaint c
WHERE c.office = $1 AND c.received_at >= $2 AND c.received_at < $3
ORDER BY c.received_at, c.complaint_id;

-- name: returned_calls
-- Promises received in a stretch of time ($2 to $3), as they stand at $4: by kind and class of caller. Due times are never
-- before receipt, so that the index narrows the search.
SELECT p.kind, coalesce(c.caller_class, '') AS caller_class,
       count(*) AS received,
       count(*) FILTER (WHERE p.verdict LIKE 'MET%') AS kept,
       count(*) FILTER (WHERE p.verdict LIKE 'LATE%') AS late,
       count(*) FILTER (WHERE p.closed_at IS NULL AND p.due_at < $4) AS missed,
       count(*) FILTER (WHERE p.closed_at IS NULL AND p.due_at >= $4) AS open,
       count(*) FILTER (WHERE p.verdict = 'VOID') AS void
FROM ledger.promise p LEFT JOIN casework.caller c USING (promise_id)
WHERE p.office = $1 AND p.due_at >= $2 AND p.kind = ANY ($5::text[])
  AND (p.body ->> 'received_at')::timestamptz >= $2 AND (p.body ->> 'received_at')::timestamptz < $3
GROUP BY p.kind, c.caller_class
ORDER BY p.kind, c.caller_class;

-- name: lock_owned
-- The open promises of some kinds that somebody owns, in one order.
SELECT body FROM ledger.promise
WHERE closed_at IS NULL AND body #>> '{owner,id}' = $1 AND kind = ANY ($2::text[])
ORDER BY promise_id FOR UPDATE;

-- name: owners
-- Everybody who owns an open promise of some kinds.
SELECT DISTINCT body #>> '{owner,id}' AS staff_id, office FROM ledger.promise
WHERE closed_at IS NULL AND body #>> '{owner,kind}' = 'PERSON' AND kind = ANY ($1::text[])
ORDER BY 1, 2;

-- name: owed_by_office
SELECT count(*) AS open, count(*) FILTER (WHERE due_at < $2) AS overdue
FROM ledger.promise WHERE closed_at IS NULL AND office = $1;
