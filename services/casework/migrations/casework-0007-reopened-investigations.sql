-- Open again after a finding: contacts recorded before this time do not count any more. NULL: all do.

ALTER TABLE casework.investigation ADD COLUMN counts_from timestamptz;
