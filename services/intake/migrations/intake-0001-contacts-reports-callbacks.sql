-- The record of every contact and of what came of it.

CREATE SCHEMA intake;

CREATE TABLE intake.contact (
    id          uuid PRIMARY KEY,
    channel     text NOT NULL,
    office      text NOT NULL,
    received_at timestamptz NOT NULL,
    danger_now  text NOT NULL,
    language    text NOT NULL,
    state       text NOT NULL CHECK (state IN ('OPEN', 'CLOSED')),
    outcome     text,
    reason      text NOT NULL,
    closed_at   timestamptz,
    version     bigint NOT NULL CHECK (version >= 1),
    CHECK ((state = 'CLOSED') = (outcome IS NOT NULL AND closed_at IS NOT NULL))
);

CREATE INDEX contact_newest ON intake.contact (received_at DESC, id DESC);
CREATE INDEX contact_newest_of_office ON intake.contact (office, received_at DESC, id DESC);
CREATE INDEX contact_open ON intake.contact (received_at DESC, id DESC) WHERE state = 'OPEN';

-- Every reference number ever given: reports and callbacks share one space, so that a number means one thing.
CREATE TABLE intake.reference (
    reference text PRIMARY KEY
);

-- Office, channel and time of receipt are the contact's.
CREATE TABLE intake.report (
    id               uuid PRIMARY KEY,
    reference        text NOT NULL UNIQUE REFERENCES intake.reference,
    contact_id       uuid NOT NULL REFERENCES intake.contact,
    recorded_at      timestamptz NOT NULL,
    facts            jsonb NOT NULL,
    narrative        text NOT NULL,
    anonymous        boolean NOT NULL,
    interpreter_used boolean NOT NULL,
    version          bigint NOT NULL CHECK (version >= 1)
);

CREATE INDEX report_of_contact ON intake.report (contact_id);

CREATE TABLE intake.participant (
    report_id uuid NOT NULL REFERENCES intake.report,
    id        text NOT NULL,
    place     smallint NOT NULL,
    role      text NOT NULL,
    name      text NOT NULL,
    address   text NOT NULL,
    PRIMARY KEY (report_id, id)
);

CREATE TABLE intake.callback (
    id           uuid PRIMARY KEY,
    reference    text NOT NULL UNIQUE REFERENCES intake.reference,
    contact_id   uuid NOT NULL REFERENCES intake.contact,
    urgent       boolean NOT NULL,
    caller_class text NOT NULL,
    staff_id     uuid,
    version      bigint NOT NULL CHECK (version >= 1)
);

CREATE INDEX callback_of_contact ON intake.callback (contact_id);

CREATE TABLE intake.voicemail (
    id            uuid PRIMARY KEY,
    contact_id    uuid NOT NULL REFERENCES intake.contact,
    staff_id      uuid NOT NULL,
    caller_class  text NOT NULL,
    recording_ref text NOT NULL,
    version       bigint NOT NULL CHECK (version >= 1)
);

CREATE INDEX voicemail_of_contact ON intake.voicemail (contact_id);

-- Who called, who reports, where to call back: kept apart, so that reading a report never shows its reporter.
CREATE SCHEMA vault;

CREATE TABLE vault.caller (
    contact_id uuid PRIMARY KEY REFERENCES intake.contact,
    address    text NOT NULL
);

CREATE TABLE vault.reporter (
    report_id uuid PRIMARY KEY REFERENCES intake.report,
    name      text NOT NULL,
    contact   text NOT NULL
);

CREATE TABLE vault.callback_phone (
    callback_id uuid PRIMARY KEY REFERENCES intake.callback,
    phone       text NOT NULL
);
