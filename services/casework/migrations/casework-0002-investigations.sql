-- Investigations; one for each report.

CREATE TABLE casework.investigation (
    investigation_id uuid PRIMARY KEY,
    report_id        uuid NOT NULL UNIQUE,
    reference        text NOT NULL,
    office           text NOT NULL,
    received_at      timestamptz NOT NULL,
    opened_at        timestamptz NOT NULL,
    tier             text NOT NULL,
    alleged_victims  text[] NOT NULL,
    state            text NOT NULL,
    worker_id        uuid,
    -- Why this worker: what the assignment rule, or a supervisor, said.
    worker_why       text NOT NULL DEFAULT '',
    finding          text,
    closed_because   text NOT NULL DEFAULT '',
    version          bigint NOT NULL CHECK (version >= 1)
);

CREATE INDEX investigation_load ON casework.investigation (worker_id) WHERE state <> 'CLOSED';

CREATE TABLE casework.contact (
    contact_id       uuid PRIMARY KEY,
    investigation_id uuid NOT NULL REFERENCES casework.investigation,
    child_id         text NOT NULL,
    result           text NOT NULL,
    occurred_at      timestamptz NOT NULL,
    recorded_at      timestamptz NOT NULL,
    recorded_by      text NOT NULL,
    late_reason      text NOT NULL DEFAULT ''
);

CREATE INDEX contact_investigation ON casework.contact (investigation_id, contact_id);
