-- To whom the investigation was given last, by which of its versions, and when: what a story that begins late dispatches.
-- By name, so that it never counts for another worker whom a former release assigned. NULL: before this was recorded.

ALTER TABLE casework.investigation
    ADD COLUMN assigned_to uuid, ADD COLUMN assigned_version bigint, ADD COLUMN assigned_at timestamptz;
