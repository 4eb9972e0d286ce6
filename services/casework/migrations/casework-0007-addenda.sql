-- What is learned of a promise after its certificate was signed. Numbers are those of the office's one chain.

CREATE TABLE ledger.addendum (
    promise_id uuid NOT NULL REFERENCES ledger.certificate,
    office     text NOT NULL,
    number     bigint NOT NULL CHECK (number >= 1),
    sha256     text NOT NULL UNIQUE,
    body       text NOT NULL,
    PRIMARY KEY (office, number)
);

CREATE INDEX addendum_promise ON ledger.addendum (promise_id, number);

CREATE TRIGGER addendum_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.addendum
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
