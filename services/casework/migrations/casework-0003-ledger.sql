-- The ledger of promises, in a schema of its own.

CREATE SCHEMA ledger;

-- `body` is the promise as the state machine keeps it; the other columns are copies to search by.
CREATE TABLE ledger.promise (
    promise_id   uuid PRIMARY KEY,
    kind         text NOT NULL,
    subject_type text NOT NULL,
    subject_id   text NOT NULL,
    cause        text NOT NULL,
    reference    text NOT NULL,
    office       text NOT NULL,
    tier         text,
    state        text NOT NULL,
    due_at       timestamptz NOT NULL,
    next_instant timestamptz,
    version      bigint NOT NULL CHECK (version >= 1),
    verdict      text,
    closed_at    timestamptz,
    body         jsonb NOT NULL,
    -- An open promise always has a next instant, a closed one never.
    CHECK ((closed_at IS NULL) = (next_instant IS NOT NULL)),
    CHECK ((closed_at IS NULL) = (verdict IS NULL))
);

CREATE INDEX promise_open ON ledger.promise (due_at) WHERE closed_at IS NULL;
CREATE INDEX promise_alarm ON ledger.promise (next_instant) WHERE closed_at IS NULL;
CREATE INDEX promise_subject ON ledger.promise (subject_type, subject_id);
CREATE INDEX promise_by_reference ON ledger.promise (reference);

-- Every accepted event, one a version.
CREATE TABLE ledger.history (
    promise_id  uuid NOT NULL REFERENCES ledger.promise,
    version     bigint NOT NULL,
    -- The ledger's clock, and when the thing happened.
    recorded_at timestamptz NOT NULL,
    occurred_at timestamptz NOT NULL,
    event       text NOT NULL,
    actor       text NOT NULL,
    detail      jsonb NOT NULL,
    PRIMARY KEY (promise_id, version)
);

-- Who was on a rung when it was climbed. Rows with one key are one message, which names the rung `message_rung`.
CREATE TABLE ledger.told (
    promise_id   uuid NOT NULL REFERENCES ledger.promise,
    cycle        integer NOT NULL,
    rung         text NOT NULL,
    staff_id     uuid NOT NULL,
    key          text NOT NULL,
    message_rung text NOT NULL,
    who          text NOT NULL,
    why          text NOT NULL,
    warning      boolean NOT NULL,
    -- A person asked for it (a delegation, an escalation): it is told though the ladder waits.
    asked_for    boolean NOT NULL,
    climbed_at   timestamptz NOT NULL,
    told_at      timestamptz,
    -- Not sent any more: meant for an owner who has handed the promise over.
    withdrawn_at timestamptz,
    -- In the order climbed.
    seq          bigint GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (promise_id, cycle, rung, staff_id)
);

CREATE INDEX told_key ON ledger.told (key) WHERE told_at IS NULL;

-- Certificates form one chain for each office, numbered from 1.
CREATE TABLE ledger.certificate (
    promise_id uuid PRIMARY KEY REFERENCES ledger.promise,
    office     text NOT NULL,
    number     bigint NOT NULL CHECK (number >= 1),
    sha256     text NOT NULL UNIQUE,
    body       text NOT NULL,
    UNIQUE (office, number)
);

-- The end of each chain: whoever adds to it holds its row.
CREATE TABLE ledger.chain (
    office text PRIMARY KEY,
    number bigint NOT NULL,
    sha256 text
);

CREATE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'ledger.% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER history_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.history
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER certificate_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.certificate
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

CREATE FUNCTION ledger.refuse_reopening() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'promise % is closed and stays as it is', OLD.promise_id USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER closed_stays_closed BEFORE UPDATE ON ledger.promise
    FOR EACH ROW WHEN (OLD.closed_at IS NOT NULL) EXECUTE FUNCTION ledger.refuse_reopening();
