-- By which channel each person was told, as notifications say. NULL: not told yet, or told before this was recorded.

ALTER TABLE ledger.told ADD COLUMN channel text;
