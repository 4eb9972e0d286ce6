-- name: open_investigation
INSERT INTO casework.investigation
    (investigation_id, report_id, reference, office, received_at, opened_at, tier, alleged_victims, alternative, state,
     version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'OPEN', 1)
ON CONFLICT (report_id) DO NOTHING
RETURNING investigation_id;

-- name: lock_investigation
SELECT * FROM casework.investigation WHERE investigation_id = $1 FOR UPDATE;

-- name: lock_investigation_of_report
SELECT * FROM casework.investigation WHERE report_id = $1 FOR UPDATE;

-- name: read_investigation
SELECT * FROM casework.investigation WHERE investigation_id = $1;

-- name: read_investigation_of_report
SELECT * FROM casework.investigation WHERE report_id = $1;

-- name: open_investigations
-- With the assignment that its worker has neither accepted nor been asked to: its dispatch is named so by the story.
SELECT i.investigation_id,
       CASE WHEN i.assigned_to = i.worker_id AND i.accepted_by IS DISTINCT FROM i.worker_id AND NOT EXISTS (
           SELECT FROM ledger.promise p
           WHERE p.subject_type = 'investigation' AND p.subject_id = i.investigation_id::text
             AND p.kind = 'ASSIGNMENT_ACK' AND p.cause = 'assigned/' || i.assigned_version
       ) THEN i.assigned_version ELSE 0 END AS undispatched
FROM casework.investigation i
WHERE i.state <> 'CLOSED' AND ($1::uuid IS NULL OR i.investigation_id > $1)
ORDER BY i.investigation_id
LIMIT $2;

-- name: contacts
SELECT child_id, result, occurred_at FROM casework.contact
WHERE investigation_id = $1 AND refused_at IS NULL AND ($2::timestamptz IS NULL OR recorded_at >= $2)
ORDER BY recorded_at, contact_id;

-- name: save_investigation
-- The version is checked though the row is locked: a model that skipped one must never be written.
UPDATE casework.investigation
SET state = $3, worker_id = $4, worker_why = coalesce($5, worker_why), finding = $6, closed_because = $7,
    tier = $8, alleged_victims = $9, counts_from = $10, accepted_by = $11, accepted_at = $12, alternative = $13,
    assigned_to = $14, assigned_version = $15, assigned_at = $16, version = $2
WHERE investigation_id = $1 AND version = $2 - 1
RETURNING version;

-- name: record_contact
INSERT INTO casework.contact
    (contact_id, investigation_id, child_id, result, occurred_at, recorded_at, recorded_by, late_reason)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: refuse_contact
UPDATE casework.contact SET refused_at = $4
WHERE investigation_id = $1 AND recorded_by = $2 AND recorded_at = $3 AND refused_at IS NULL;
