-- Which versions of a pack this installation has been given, and since when: nothing new takes effect within a day.
CREATE TABLE chassis.pack (
    sha256     text PRIMARY KEY,
    pack_id    text NOT NULL,
    version    text NOT NULL,
    held_since timestamptz NOT NULL
);
