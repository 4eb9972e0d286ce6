-- As of which instant a person was climbed to, as the alarm asked; `climbed_at` is the ledger's own clock. NULL: written
-- by a release that kept the instant as both.

ALTER TABLE ledger.told ADD COLUMN as_of timestamptz;
