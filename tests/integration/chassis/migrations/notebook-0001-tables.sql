CREATE TABLE notebook (
    id   uuid PRIMARY KEY,
    line bigint NOT NULL
);

-- No key on purpose: an effect that happens twice must show.
CREATE TABLE line_read (
    notebook_id uuid NOT NULL,
    line        bigint NOT NULL,
    trace_id    text
);
