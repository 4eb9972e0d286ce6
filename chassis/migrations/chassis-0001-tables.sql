-- What every service's database holds besides the service's own tables.

CREATE SCHEMA chassis;

-- Facts on their way to Kafka. The column names are those Debezium's outbox router expects, so that a site can use it
-- instead of our relay.
CREATE TABLE chassis.outbox (
    seq           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id            uuid NOT NULL UNIQUE,
    aggregatetype text NOT NULL,
    aggregateid   text NOT NULL,
    type          text NOT NULL,
    payload       bytea NOT NULL,
    headers       jsonb NOT NULL,
    sequence      bigint NOT NULL CHECK (sequence >= 1),
    partition_no  smallint NOT NULL,
    created_at    timestamptz NOT NULL,
    xact          xid8 NOT NULL DEFAULT pg_current_xact_id(),
    sent_at       timestamptz,
    -- One fact per version of an aggregate.
    UNIQUE (aggregatetype, aggregateid, sequence)
);

CREATE INDEX outbox_unsent ON chassis.outbox (seq) WHERE sent_at IS NULL;
CREATE INDEX outbox_sent ON chassis.outbox (sent_at) WHERE sent_at IS NOT NULL;

-- A hint that saves the relay up to one poll; it never relies on it.
CREATE FUNCTION chassis.hint_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('hotline_outbox', '');
    RETURN NULL;
END
$$;

CREATE TRIGGER outbox_hint AFTER INSERT ON chassis.outbox
    FOR EACH STATEMENT EXECUTE FUNCTION chassis.hint_outbox();

-- How far each consumer has applied each aggregate: inbox and order in one.
CREATE TABLE chassis.applied (
    consumer       text NOT NULL,
    aggregate_type text NOT NULL,
    aggregate_id   text NOT NULL,
    sequence       bigint NOT NULL,
    PRIMARY KEY (consumer, aggregate_type, aggregate_id)
);

-- Facts that came before their turn, or speak of something not yet known.
CREATE TABLE chassis.held (
    consumer       text NOT NULL,
    aggregate_type text NOT NULL,
    aggregate_id   text NOT NULL,
    sequence       bigint NOT NULL,
    topic          text NOT NULL,
    partition      integer NOT NULL,
    "offset"       bigint NOT NULL,
    headers        jsonb NOT NULL,
    payload        bytea NOT NULL,
    reason         text NOT NULL,
    attempts       integer NOT NULL DEFAULT 0,
    held_at        timestamptz NOT NULL DEFAULT now(),
    retry_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, aggregate_type, aggregate_id, sequence)
);

CREATE INDEX held_due ON chassis.held (consumer, retry_at);

-- Facts that cannot be applied. While one is open, its key is parked: later facts of the key are held behind it.
CREATE TABLE chassis.dead_letter (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    consumer       text NOT NULL,
    aggregate_type text NOT NULL,
    aggregate_id   text NOT NULL,
    sequence       bigint,
    topic          text NOT NULL,
    partition      integer NOT NULL,
    "offset"       bigint NOT NULL,
    headers        jsonb NOT NULL,
    payload        bytea NOT NULL,
    reason         text NOT NULL,
    attempts       integer NOT NULL,
    set_aside_at   timestamptz NOT NULL DEFAULT now(),
    resolution     text CHECK (resolution IN ('REDRIVEN', 'WAIVED')),
    resolved_by    text,
    resolved_at    timestamptz,
    why            text,
    CHECK ((resolution IS NULL) = (resolved_at IS NULL))
);

CREATE UNIQUE INDEX dead_letter_once ON chassis.dead_letter (consumer, topic, partition, "offset")
    WHERE resolution IS NULL;
CREATE INDEX parked_key ON chassis.dead_letter (consumer, aggregate_type, aggregate_id) WHERE resolution IS NULL;

-- What was answered to each idempotency key.
CREATE TABLE chassis.idempotency (
    actor        text NOT NULL,
    key          text NOT NULL,
    request_hash bytea NOT NULL,
    response     bytea,
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (actor, key)
);

CREATE INDEX idempotency_age ON chassis.idempotency (created_at);

-- Who did what. Rows are only ever added.
CREATE TABLE chassis.audit (
    seq        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id         uuid NOT NULL UNIQUE,
    at         timestamptz NOT NULL,
    actor      text NOT NULL,
    actor_kind text NOT NULL,
    action     text NOT NULL,
    subject    text NOT NULL,
    detail     jsonb NOT NULL,
    trace_id   text
);

CREATE INDEX audit_subject ON chassis.audit (subject, seq);

CREATE FUNCTION chassis.refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'chassis.audit is append-only: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON chassis.audit
    FOR EACH STATEMENT EXECUTE FUNCTION chassis.refuse_audit_change();
