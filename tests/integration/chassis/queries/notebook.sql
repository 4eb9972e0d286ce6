-- name: next_line
INSERT INTO notebook (id, line) VALUES ($1, 1)
ON CONFLICT (id) DO UPDATE SET line = notebook.line + 1
RETURNING line;

-- name: lines
SELECT line FROM notebook WHERE id = $1;

-- name: read_line
INSERT INTO line_read (notebook_id, line, trace_id) VALUES ($1, $2, $3);

-- name: lines_read
SELECT line FROM line_read WHERE notebook_id = $1 ORDER BY ctid;

-- name: wait_until_free
SELECT pg_advisory_xact_lock($1);
