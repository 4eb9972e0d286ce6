-- One decision a report. Facts and recommendation are kept as text in their canonical form: byte for byte what was
-- screened and answered.

CREATE SCHEMA triage;

CREATE TABLE triage.decision (
    report_id          uuid PRIMARY KEY,
    reference          text NOT NULL,
    office             text NOT NULL,
    received_at        timestamptz NOT NULL,
    state              text NOT NULL CHECK (state IN ('RECOMMENDED', 'NEEDS_FACTS', 'DECIDED')),
    facts              text NOT NULL,
    pack_id            text,
    pack_version       text,
    pack_sha256        text,
    recommended        text,
    recommended_tier   text,
    recommendation     text,
    problem_code       text,
    problem_paths      text[],
    decided            text,
    decided_tier       text,
    decided_by         text,
    decided_at         timestamptz,
    overridden         boolean,
    screened_at        timestamptz NOT NULL,
    version            bigint NOT NULL CHECK (version >= 1),
    CHECK ((recommendation IS NULL) = (pack_sha256 IS NULL)),
    CHECK ((state = 'NEEDS_FACTS') = (recommendation IS NULL AND decided IS NULL)),
    CHECK ((state = 'DECIDED') = (decided IS NOT NULL AND decided_by IS NOT NULL AND decided_at IS NOT NULL))
);

-- The queue's own order: what could not be screened on top, then by tier (none last), then by age.
CREATE INDEX decision_queue
    ON triage.decision ((state <> 'NEEDS_FACTS'), recommended_tier NULLS LAST, received_at, report_id)
    WHERE state <> 'DECIDED';
