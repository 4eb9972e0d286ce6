-- When it is safe to call somebody back, why no person took a call, and what a complaint is about.

ALTER TABLE intake.callback
    ADD COLUMN safe_from  timestamptz,
    ADD COLUMN safe_until timestamptz;

ALTER TABLE intake.voicemail
    ADD COLUMN reason              text,
    ADD COLUMN live_person_offered boolean NOT NULL DEFAULT false;

ALTER TABLE intake.complaint ADD COLUMN about_reference text NOT NULL DEFAULT '';
