-- Who is to acknowledge the training notice of a pack's version, and who has.

-- From casework's facts: who works where, as what.
CREATE TABLE triage.staff (
    staff_id text PRIMARY KEY,
    roles    text[] NOT NULL,
    office   text NOT NULL
);

CREATE TABLE triage.acknowledgement (
    pack_id         text NOT NULL,
    pack_version    text NOT NULL,
    -- What the version was when they read it; a sealed one stays what it was.
    pack_sha256     text NOT NULL,
    staff_id        text NOT NULL,
    acknowledged_at timestamptz NOT NULL,
    PRIMARY KEY (pack_id, pack_version, staff_id)
);

CREATE INDEX decision_by_pack ON triage.decision (pack_id, pack_version) WHERE decided IS NOT NULL;
