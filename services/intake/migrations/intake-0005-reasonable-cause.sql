-- What the reporter's reasonable cause rests on, by codes; empty where nobody asked, as in every report before.

ALTER TABLE intake.report ADD COLUMN reasonable_cause text[] NOT NULL DEFAULT '{}';

ALTER TABLE intake.earlier_report ADD COLUMN reasonable_cause text[] NOT NULL DEFAULT '{}';
