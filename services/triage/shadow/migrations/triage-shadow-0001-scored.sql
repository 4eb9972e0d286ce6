-- Which decisions were scored, so that none is scored twice; the score itself is kept nowhere in this database.

CREATE SCHEMA triage_shadow;

CREATE TABLE triage_shadow.scored (
    report_id        uuid NOT NULL,
    sequence         bigint NOT NULL CHECK (sequence >= 1),
    decision_version bigint NOT NULL,
    model_sha256     text NOT NULL,
    PRIMARY KEY (report_id, sequence),
    UNIQUE (report_id, decision_version, model_sha256)
);
