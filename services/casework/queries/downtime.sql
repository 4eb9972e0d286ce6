-- name: add_book
INSERT INTO casework.downtime_book (taken_at, recorded_at) VALUES ($1, $2)
ON CONFLICT (taken_at) DO NOTHING
RETURNING taken_at;

-- name: last_book
-- A writer whose clock is ahead must not make the last book younger than it is.
SELECT max(least(taken_at, recorded_at)) FROM casework.downtime_book;
