-- name: keep_contact_method
-- Facts may be repeated; an older reading never replaces a newer one.
INSERT INTO contact_method AS known (staff_id, email, version)
VALUES ($1, $2, $3)
ON CONFLICT (staff_id) DO UPDATE SET email = excluded.email, version = excluded.version
WHERE known.version < excluded.version;

-- name: keep_telephone
INSERT INTO telephone AS known (staff_id, channel, number, verified, version)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (staff_id, channel) DO UPDATE
SET number = excluded.number, verified = excluded.verified, version = excluded.version
WHERE known.version < excluded.version;
