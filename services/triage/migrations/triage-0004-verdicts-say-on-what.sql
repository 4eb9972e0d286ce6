-- Which evaluation a verdict was made on: with it stand the facts, the pack and the recommendation that the person had.
-- NULL: decided before this was recorded.

ALTER TABLE triage.verdict ADD COLUMN report_version bigint;
