-- Who said last that the investigation is theirs, and when. NULL: nobody since it was given to its worker, or before this
-- was recorded. By name, so that an acceptance never counts for the next worker, whichever release assigned them.

ALTER TABLE casework.investigation ADD COLUMN accepted_by uuid, ADD COLUMN accepted_at timestamptz;
