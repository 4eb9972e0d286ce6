-- name: add_complaint
INSERT INTO intake.complaint (id, reference, contact_id, about, text, version, about_reference)
VALUES ($1, $2, $3, $4, $5, $6, $7);
