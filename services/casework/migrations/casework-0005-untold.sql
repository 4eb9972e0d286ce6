-- A message that could not be delivered leaves its people untold: the ledger shows why, and nobody waits for it any more.

ALTER TABLE ledger.told ADD COLUMN failed text;

CREATE INDEX told_waiting ON ledger.told (promise_id) WHERE told_at IS NULL AND withdrawn_at IS NULL;
