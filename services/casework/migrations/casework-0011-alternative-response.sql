-- An alternative response is an investigation in all but its end: it makes no finding.

ALTER TABLE casework.investigation ADD COLUMN alternative boolean NOT NULL DEFAULT false;
