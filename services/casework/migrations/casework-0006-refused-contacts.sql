-- A contact that was entered late and that nobody vouched for stays on record, and does not count.

ALTER TABLE casework.contact ADD COLUMN refused_at timestamptz;
