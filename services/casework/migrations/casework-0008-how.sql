-- How people are told: the channels in order that their rung named when it was climbed.

ALTER TABLE ledger.told ADD COLUMN how text[] NOT NULL DEFAULT '{EMAIL}';
