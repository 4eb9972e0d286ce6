-- name: keep_contact_method
-- Facts may be repeated; an older reading never replaces a newer one.
INSERT INTO contact_method AS known (staff_id, email, version)
VALUES ($1, $2, $3)
ON CONFLICT (staff_id) DO UPDATE SET email = excluded.email, version = excluded.version
WHERE known.version < excluded.version;
