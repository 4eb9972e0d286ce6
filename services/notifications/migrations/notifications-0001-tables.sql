-- A message to one person; one row for each key, however often it is asked for.
CREATE TABLE notification (
    id           uuid PRIMARY KEY,
    key          text NOT NULL UNIQUE,
    -- NULL: the last resort, whose address is a setting.
    staff_id     uuid,
    template     text NOT NULL,
    "values"     jsonb NOT NULL,
    reference    text NOT NULL,
    promise_id   uuid,
    not_after    timestamptz,
    message_id   text NOT NULL UNIQUE,
    requested_at timestamptz NOT NULL,
    traceparent  text,
    state        text NOT NULL CHECK (state IN ('QUEUED', 'SENDING', 'SENT', 'FAILED')),
    -- When a sender must look at it: the next attempt of a queued one, the end of the lease of one being sent.
    try_at       timestamptz NOT NULL,
    version      bigint NOT NULL,
    attempts     integer NOT NULL,
    repeated     boolean NOT NULL,
    sent_at      timestamptz,
    code         text,
    problem      text NOT NULL,
    CHECK ((state = 'SENT') = (sent_at IS NOT NULL)),
    CHECK ((state = 'FAILED') = (code IS NOT NULL))
);

CREATE INDEX notification_open ON notification (try_at) WHERE state IN ('QUEUED', 'SENDING');
CREATE INDEX notification_promise ON notification (promise_id, requested_at) WHERE promise_id IS NOT NULL;
CREATE INDEX notification_reference ON notification (reference, requested_at);

-- Our copy of casework's contact methods, so that sending needs no casework. Personal data: it leaves only as mail.
CREATE TABLE contact_method (
    staff_id uuid PRIMARY KEY,
    email    text NOT NULL,
    version  bigint NOT NULL
);

-- A hint that saves the senders up to one poll; they never rely on it.
CREATE FUNCTION hint_sender() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('hotline_sender', '');
    RETURN NULL;
END
$$;

CREATE TRIGGER notification_hint AFTER INSERT ON notification FOR EACH STATEMENT EXECUTE FUNCTION hint_sender();
CREATE TRIGGER contact_method_hint AFTER INSERT OR UPDATE ON contact_method
    FOR EACH STATEMENT EXECUTE FUNCTION hint_sender();
