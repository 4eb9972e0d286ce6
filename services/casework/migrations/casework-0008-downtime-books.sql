-- When downtime books were written: of each as of when it is, and when its writer said that it lies on its shelf.

CREATE TABLE casework.downtime_book (
    taken_at    timestamptz PRIMARY KEY,
    recorded_at timestamptz NOT NULL
);
