-- Who works here and when they are not there.

CREATE SCHEMA casework;

-- supervisor_id is no foreign key: people are registered in any order.
CREATE TABLE casework.staff (
    staff_id      uuid PRIMARY KEY,
    name          text NOT NULL,
    email         text NOT NULL,
    roles         text[] NOT NULL,
    office        text NOT NULL,
    supervisor_id uuid CHECK (supervisor_id <> staff_id),
    version       bigint NOT NULL CHECK (version >= 1)
);

CREATE INDEX staff_office ON casework.staff (office);
CREATE INDEX staff_roles ON casework.staff USING gin (roles);

CREATE TABLE casework.absence (
    absence_id  uuid PRIMARY KEY,
    staff_id    uuid NOT NULL REFERENCES casework.staff,
    starts_at   timestamptz NOT NULL,
    ends_at     timestamptz NOT NULL CHECK (ends_at > starts_at),
    recorded_by text NOT NULL
);

CREATE INDEX absence_staff ON casework.absence (staff_id, starts_at, ends_at);
