-- Who is owed a call and when it is safe, how callers were answered, and what they complained of.

CREATE TABLE casework.caller (
    promise_id   uuid PRIMARY KEY REFERENCES ledger.promise,
    caller_class text NOT NULL,
    -- As the caller said; NULL: at any time.
    safe_from    timestamptz,
    safe_until   timestamptz,
    CHECK (safe_until > safe_from)
);

-- One row for each contact by voice. `in_hours`: it rang while its office was open, by the calendar of that day.
CREATE TABLE casework.call (
    contact_id          uuid PRIMARY KEY,
    office              text NOT NULL,
    received_at         timestamptz NOT NULL,
    in_hours            boolean NOT NULL,
    -- WAITING, ANSWERED, ABANDONED, VOICEMAIL
    ended               text NOT NULL,
    voicemail_reason    text,
    live_person_offered boolean
);

CREATE INDEX call_office ON casework.call (office, received_at);

CREATE TABLE casework.complaint (
    complaint_id    uuid PRIMARY KEY,
    reference       text NOT NULL,
    office          text NOT NULL,
    about           text NOT NULL,
    -- The reference of what was complained of, where the caller had it.
    about_reference text NOT NULL,
    received_at     timestamptz NOT NULL
);

CREATE INDEX complaint_office ON casework.complaint (office, received_at);

CREATE INDEX promise_owner ON ledger.promise ((body #>> '{owner,id}')) WHERE closed_at IS NULL;
CREATE INDEX promise_office ON ledger.promise (office, due_at);
