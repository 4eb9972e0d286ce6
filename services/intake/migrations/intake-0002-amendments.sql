-- What a report said before each amendment. The newest version is the report itself.

CREATE TABLE intake.earlier_report (
    report_id        uuid NOT NULL REFERENCES intake.report,
    version          bigint NOT NULL CHECK (version >= 1),
    recorded_at      timestamptz NOT NULL,
    facts            jsonb NOT NULL,
    narrative        text NOT NULL,
    interpreter_used boolean NOT NULL,
    PRIMARY KEY (report_id, version)
);
