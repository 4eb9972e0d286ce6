-- name: packs_one_at_a_time
LOCK TABLE chassis.pack IN SHARE ROW EXCLUSIVE MODE;

-- name: packs_held
SELECT sha256 FROM chassis.pack WHERE pack_id = $1;

-- name: hold_pack
INSERT INTO chassis.pack (sha256, pack_id, version, held_since) VALUES ($1, $2, $3, $4);
