-- Complaints; office and time of receipt are the contact's.

CREATE TABLE intake.complaint (
    id         uuid PRIMARY KEY,
    reference  text NOT NULL UNIQUE REFERENCES intake.reference,
    contact_id uuid NOT NULL REFERENCES intake.contact,
    about      text NOT NULL,
    text       text NOT NULL,
    version    bigint NOT NULL CHECK (version >= 1)
);

CREATE INDEX complaint_of_contact ON intake.complaint (contact_id);
