-- What people can do, where they are, how they are reached, and who works when.

ALTER TABLE casework.staff
    ADD COLUMN specialties text[] NOT NULL DEFAULT '{}',
    -- BCP 47 tags of the languages somebody can work in.
    ADD COLUMN languages   text[] NOT NULL DEFAULT '{}';

CREATE TABLE casework.credential (
    staff_id   uuid NOT NULL REFERENCES casework.staff,
    code       text NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (staff_id, code)
);

-- One address for each channel. `code` was sent there and waits to be said back; wrong guesses are counted.
CREATE TABLE casework.contact_method (
    staff_id    uuid NOT NULL REFERENCES casework.staff,
    channel     text NOT NULL,
    address     text NOT NULL,
    code        text,
    wrong       integer NOT NULL DEFAULT 0,
    verified_at timestamptz,
    PRIMARY KEY (staff_id, channel),
    CHECK ((code IS NULL) = (verified_at IS NOT NULL))
);

ALTER TABLE casework.absence ADD COLUMN kind text NOT NULL DEFAULT 'OTHER';

-- Every time somebody signed in, went out to work elsewhere, or signed out.
CREATE TABLE casework.sign (
    staff_id uuid NOT NULL REFERENCES casework.staff,
    at       timestamptz NOT NULL,
    place    text NOT NULL,
    PRIMARY KEY (staff_id, at)
);

CREATE TABLE casework.rotation (
    rotation_id uuid PRIMARY KEY,
    role        text NOT NULL,
    office      text NOT NULL,
    members     uuid[] NOT NULL CHECK (cardinality(members) > 0),
    first_day   date NOT NULL,
    last_day    date CHECK (last_day >= first_day),
    begins      time NOT NULL,
    ends        time NOT NULL,
    turn_days   integer NOT NULL CHECK (turn_days >= 1),
    weekdays    smallint[] NOT NULL CHECK (cardinality(weekdays) > 0),
    on_call     boolean NOT NULL,
    -- Why a rule of rest may be broken, by whom it was allowed; empty where none is.
    exception   text NOT NULL DEFAULT '',
    excepted_by text NOT NULL DEFAULT '',
    version     bigint NOT NULL CHECK (version >= 1)
);

CREATE INDEX rotation_office ON casework.rotation (office, role);

CREATE TABLE casework.rotation_override (
    override_id uuid PRIMARY KEY,
    rotation_id uuid NOT NULL REFERENCES casework.rotation,
    starts_at   timestamptz NOT NULL,
    ends_at     timestamptz NOT NULL CHECK (ends_at > starts_at),
    staff_id    uuid NOT NULL REFERENCES casework.staff,
    reason      text NOT NULL,
    exception   text NOT NULL DEFAULT '',
    recorded_by text NOT NULL,
    -- In the order recorded: of two overrides of one time, the later one holds.
    seq         bigint GENERATED ALWAYS AS IDENTITY
);

CREATE INDEX override_rotation ON casework.rotation_override (rotation_id, starts_at, ends_at);

-- One duty offered for another; it holds once the other has accepted.
CREATE TABLE casework.swap (
    swap_id          uuid PRIMARY KEY,
    rotation_id      uuid NOT NULL REFERENCES casework.rotation,
    from_staff_id    uuid NOT NULL REFERENCES casework.staff,
    starts_at        timestamptz NOT NULL,
    ends_at          timestamptz NOT NULL CHECK (ends_at > starts_at),
    to_staff_id      uuid NOT NULL REFERENCES casework.staff CHECK (to_staff_id <> from_staff_id),
    return_starts_at timestamptz NOT NULL,
    return_ends_at   timestamptz NOT NULL CHECK (return_ends_at > return_starts_at),
    accepted_at      timestamptz
);

-- What is known of where everybody is at an instant: the absence that runs then, and the last sign before it.
CREATE FUNCTION casework.whereabouts(instant timestamptz)
RETURNS TABLE (staff_id uuid, starts_at timestamptz, ends_at timestamptz, kind text, place text, signed_at timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT s.staff_id, a.starts_at, a.ends_at, a.kind, g.place, g.at
    FROM casework.staff s
    LEFT JOIN LATERAL (
        SELECT b.starts_at, b.ends_at, b.kind FROM casework.absence b
        WHERE b.staff_id = s.staff_id AND b.starts_at <= instant AND instant < b.ends_at
        ORDER BY b.ends_at DESC LIMIT 1) a ON true
    LEFT JOIN LATERAL (
        SELECT i.place, i.at FROM casework.sign i
        WHERE i.staff_id = s.staff_id AND i.at <= instant
        ORDER BY i.at DESC LIMIT 1) g ON true
$$;
