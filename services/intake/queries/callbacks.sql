-- name: add_callback
INSERT INTO intake.callback (id, reference, contact_id, urgent, caller_class, staff_id, version, safe_from, safe_until)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: add_callback_phone
INSERT INTO vault.callback_phone (callback_id, phone) VALUES ($1, $2);

-- name: add_voicemail
INSERT INTO intake.voicemail (id, contact_id, staff_id, caller_class, recording_ref, version, reason, live_person_offered)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);
