-- What people do with decisions: take, override, approve, review, merge, note, ask, rate. Every evaluation and every
-- verdict is kept; the decision's row holds the newest of each.

ALTER TABLE triage.decision
    ADD COLUMN channel               text,
    ADD COLUMN language              text NOT NULL DEFAULT '',
    ADD COLUMN interpreter_used      boolean NOT NULL DEFAULT false,
    ADD COLUMN report_version        bigint NOT NULL DEFAULT 1 CHECK (report_version >= 1),
    ADD COLUMN reason                text NOT NULL DEFAULT '',
    ADD COLUMN approved_by           text,
    ADD COLUMN decided_tasks         text[],
    ADD COLUMN decided_cross_reports text[],
    ADD COLUMN decided_clocks        text[],
    ADD COLUMN taken_by              text,
    ADD COLUMN screeners             text[] NOT NULL DEFAULT '{}',
    ADD COLUMN review                text CHECK (review IN ('DUE', 'UPHELD', 'REVERSED')),
    ADD COLUMN reviewed_by           text,
    ADD COLUMN merged_into           uuid REFERENCES triage.decision,
    ADD COLUMN drawn_for_rating      boolean NOT NULL DEFAULT false,
    DROP CONSTRAINT decision_state_check,
    DROP CONSTRAINT decision_check1,
    DROP CONSTRAINT decision_check2;

UPDATE triage.decision
SET decided_tasks = ARRAY(SELECT json_array_elements_text(recommendation::json -> 'tasks')),
    decided_cross_reports = ARRAY(SELECT json_array_elements_text(recommendation::json -> 'cross_reports')),
    decided_clocks = ARRAY(SELECT json_object_keys(recommendation::json -> 'due') ORDER BY 1),
    screeners = ARRAY[decided_by],
    review = CASE
        WHEN decided = 'SCREEN_OUT' AND recommendation::jsonb -> 'tasks' ? 'REVIEW_SCREEN_OUT' THEN 'DUE'
    END
WHERE decided IS NOT NULL;

ALTER TABLE triage.decision
    ADD CONSTRAINT decision_has_a_known_state
        CHECK (state IN ('RECOMMENDED', 'NEEDS_FACTS', 'DECIDED', 'MERGED')),
    ADD CONSTRAINT decision_needs_facts_without_recommendation
        CHECK ((state = 'NEEDS_FACTS') = (recommendation IS NULL AND problem_code IS NOT NULL)),
    ADD CONSTRAINT decision_waits_without_verdict
        CHECK (decided IS NULL OR state IN ('DECIDED', 'MERGED')),
    ADD CONSTRAINT decision_is_decided_by_somebody
        CHECK (state <> 'DECIDED' OR (decided IS NOT NULL AND decided_by IS NOT NULL AND decided_at IS NOT NULL)),
    ADD CONSTRAINT decision_is_merged_into_another
        CHECK ((state = 'MERGED') = (merged_into IS NOT NULL) AND merged_into IS DISTINCT FROM report_id),
    ADD CONSTRAINT decision_review_is_of_a_verdict
        CHECK (review IS NULL OR decided IS NOT NULL);

DROP INDEX triage.decision_queue;
CREATE INDEX decision_queue
    ON triage.decision ((state <> 'NEEDS_FACTS'), recommended_tier NULLS LAST, received_at, report_id)
    WHERE state IN ('RECOMMENDED', 'NEEDS_FACTS');
CREATE INDEX decision_merged_into ON triage.decision (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX decision_drawn ON triage.decision (decided_at, report_id) WHERE drawn_for_rating AND state = 'DECIDED';
CREATE INDEX decision_received ON triage.decision (received_at);

-- Who watches the queue is woken by whatever changes a decision; several changes of one transaction wake once.
CREATE FUNCTION triage.tell_watchers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NOTIFY triage_queue;
    RETURN NULL;
END
$$;

CREATE TRIGGER decision_changed
    AFTER INSERT OR UPDATE ON triage.decision
    FOR EACH STATEMENT EXECUTE FUNCTION triage.tell_watchers();

-- One screening of one version of a report's facts, byte for byte.
CREATE TABLE triage.evaluation (
    report_id      uuid NOT NULL REFERENCES triage.decision,
    report_version bigint NOT NULL CHECK (report_version >= 1),
    evaluated_at   timestamptz NOT NULL,
    facts          text NOT NULL,
    pack_id        text,
    pack_version   text,
    pack_sha256    text,
    recommendation text,
    problem_code   text,
    problem_paths  text[],
    PRIMARY KEY (report_id, report_version),
    CHECK ((recommendation IS NULL) = (pack_sha256 IS NULL)),
    CHECK ((recommendation IS NULL) = (problem_code IS NOT NULL))
);

CREATE INDEX evaluation_oldest ON triage.evaluation (evaluated_at, report_id, report_version);

INSERT INTO triage.evaluation
SELECT report_id, 1, screened_at, facts, pack_id, pack_version, pack_sha256, recommendation, problem_code, problem_paths
FROM triage.decision;

CREATE TABLE triage.verdict (
    report_id     uuid NOT NULL REFERENCES triage.decision,
    version       bigint NOT NULL,
    screening     text NOT NULL,
    tier          text,
    decided_by    text NOT NULL,
    decided_at    timestamptz NOT NULL,
    overridden    boolean NOT NULL,
    reason        text NOT NULL,
    approved_by   text,
    PRIMARY KEY (report_id, version),
    CHECK (NOT overridden OR reason <> ''),
    CHECK (approved_by IS DISTINCT FROM decided_by)
);

INSERT INTO triage.verdict
SELECT report_id, version, decided, decided_tier, decided_by, decided_at, overridden, reason, approved_by
FROM triage.decision
WHERE decided IS NOT NULL;

CREATE TABLE triage.override_request (
    id               uuid PRIMARY KEY,
    report_id        uuid NOT NULL REFERENCES triage.decision,
    screening        text NOT NULL,
    tier             text,
    reason           text NOT NULL,
    requested_by     text NOT NULL,
    requested_at     timestamptz NOT NULL,
    outcome          text CHECK (outcome IN ('APPROVED', 'REFUSED', 'OVERTAKEN')),
    settled_by       text,
    settled_at       timestamptz,
    refused_because  text NOT NULL DEFAULT '',
    CHECK ((outcome IS NULL) = (settled_at IS NULL)),
    CHECK (outcome IS DISTINCT FROM 'APPROVED' OR settled_by <> requested_by)
);

CREATE UNIQUE INDEX override_request_waits ON triage.override_request (report_id) WHERE outcome IS NULL;
CREATE INDEX override_request_of_report ON triage.override_request (report_id);

CREATE TABLE triage.source_note (
    id          uuid PRIMARY KEY,
    report_id   uuid NOT NULL REFERENCES triage.decision,
    reliability text NOT NULL,
    note        text NOT NULL,
    noted_by    text NOT NULL,
    noted_at    timestamptz NOT NULL
);

CREATE INDEX source_note_of_report ON triage.source_note (report_id);

CREATE TABLE triage.consultation (
    id          uuid PRIMARY KEY,
    report_id   uuid NOT NULL REFERENCES triage.decision,
    question    text NOT NULL,
    asked_by    text NOT NULL,
    asked_at    timestamptz NOT NULL,
    answer      text NOT NULL DEFAULT '',
    answered_by text,
    answered_at timestamptz,
    CHECK (answered_by IS DISTINCT FROM asked_by)
);

CREATE INDEX consultation_of_report ON triage.consultation (report_id);
CREATE INDEX consultation_waits ON triage.consultation (asked_at) WHERE answered_by IS NULL;

CREATE TABLE triage.suspicion (
    id              uuid PRIMARY KEY,
    report_id       uuid NOT NULL REFERENCES triage.decision,
    grounds         text NOT NULL,
    flagged_by      text NOT NULL,
    flagged_at      timestamptz NOT NULL,
    outcome         text CHECK (outcome IN ('REFERRED', 'DISMISSED')),
    settled_because text NOT NULL DEFAULT '',
    settled_by      text,
    settled_at      timestamptz,
    CHECK (settled_by IS DISTINCT FROM flagged_by)
);

CREATE INDEX suspicion_of_report ON triage.suspicion (report_id);

-- The second, blind judgement of a report. `first` is what the first person had decided when it was taken.
CREATE TABLE triage.rating (
    report_id       uuid PRIMARY KEY REFERENCES triage.decision,
    rater           text NOT NULL,
    taken_at        timestamptz NOT NULL,
    first_screening text NOT NULL,
    first_tier      text,
    screening       text,
    tier            text,
    rated_at        timestamptz,
    CHECK ((screening IS NULL) = (rated_at IS NULL))
);

-- Which investigation follows from which report, and when somebody was first with a child.
CREATE TABLE triage.investigation (
    investigation_id uuid PRIMARY KEY,
    report_id        uuid NOT NULL,
    contacted_at     timestamptz
);

CREATE INDEX investigation_of_report ON triage.investigation (report_id);
