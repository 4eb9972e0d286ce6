"""Expand, then contract: tables change while the former release runs on, and a rollback finds them as it left them."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.contract.expansion import problems

PROJECT = Path(__file__).parents[2]
VERSION = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
MIGRATIONS = sorted([*PROJECT.glob("services/**/migrations/*.sql"), *PROJECT.glob("chassis/migrations/*.sql")])
BEFORE_THE_FIRST_RELEASE = {"triage-0002-people"}
"""Tightens a table that no release had used."""


def found(tmp_path: Path, sql: str) -> list[str]:
    file = tmp_path / "casework-0099-change.sql"
    file.write_text(sql)
    return problems(file, "0.3.0")


@pytest.mark.parametrize("file", MIGRATIONS, ids=lambda file: file.stem)
def test_each_migration_only_adds(file: Path) -> None:
    """R139."""
    if file.stem not in BEFORE_THE_FIRST_RELEASE:
        assert problems(file, VERSION) == []


def test_every_service_is_looked_at() -> None:
    assert {file.stem.partition("-")[0] for file in MIGRATIONS} == {
        "chassis",
        "intake",
        "triage",
        "casework",
        "notifications",
    }


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE casework.staff;",
        "DROP SCHEMA casework CASCADE;",
        "TRUNCATE casework.staff;",
        "DELETE FROM casework.staff;",
        "ALTER TABLE casework.staff DROP COLUMN email;",
        "ALTER TABLE casework.staff ADD COLUMN phone text, DROP email;",
        "ALTER TABLE casework.staff RENAME COLUMN email TO mail;",
        "ALTER TABLE casework.staff RENAME TO people;",
        "ALTER TABLE casework.staff SET SCHEMA people;",
        "ALTER TABLE casework.staff ALTER COLUMN load TYPE bigint;",
        "ALTER TABLE casework.staff ALTER COLUMN email SET NOT NULL;",
        "ALTER TABLE casework.staff ALTER load DROP DEFAULT;",
        "ALTER TABLE casework.staff ADD COLUMN phone text NOT NULL;",
        "ALTER TABLE casework.staff ADD CHECK (load < 20);",
        "ALTER TABLE casework.staff ADD CONSTRAINT few CHECK (load < 20);",
        "CREATE UNIQUE INDEX one_mail ON casework.staff (email);",
        "CREATE TRIGGER no_change BEFORE UPDATE ON casework.staff FOR EACH ROW EXECUTE FUNCTION casework.refuse();",
        "ALTER TYPE casework.place RENAME VALUE 'OUT' TO 'GONE';",
        "CREATE OR REPLACE FUNCTION casework.f() RETURNS int LANGUAGE sql AS $$ SELECT 2; $$;",
        "DO $$ BEGIN DROP TABLE casework.staff; END $$;",
        "-- contract: unused since 0.3.0\nDROP TABLE casework.staff;",
        "-- contract: unused\nDROP TABLE casework.staff;",
        "-- contract: unused since 0.2.0\nDROP TABLE casework.staff; DROP TABLE casework.absence;",
    ],
)
def test_what_the_former_release_would_not_survive_is_found(tmp_path: Path, sql: str) -> None:
    assert len(found(tmp_path, sql)) == 1


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE casework.a (id int PRIMARY KEY); CREATE UNIQUE INDEX b ON casework.a (id);",
        "CREATE TABLE casework.a (id int); ALTER TABLE casework.a ADD CONSTRAINT c CHECK (id > 0);",
        "CREATE INDEX a ON casework.staff (office) WHERE office <> ';';",
        "ALTER TABLE casework.staff ADD COLUMN a text, ADD COLUMN b numeric(4, 2) NOT NULL DEFAULT 0;",
        "ALTER TABLE casework.staff DROP CONSTRAINT staff_check, ALTER COLUMN email DROP NOT NULL;",
        "CREATE FUNCTION casework.f() RETURNS int LANGUAGE sql AS $$ DELETE FROM casework.staff; $$;",
        "-- DROP TABLE casework.staff;\nCREATE TABLE casework.a (id int);",
        "-- Nobody asks for it any more.\n-- contract: unused since 0.2.0\nDROP TABLE casework.staff;",
    ],
)
def test_what_it_survives_is_let_through(tmp_path: Path, sql: str) -> None:
    assert found(tmp_path, sql) == []
