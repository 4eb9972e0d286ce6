"""Migrations: the chassis' own first, each once and whole, one process at a time, never waiting long for a table."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import psycopg
import pytest

from chassis.migrations import migrate
from deploy.local.infrastructure import Addresses
from tests.integration.chassis import notebook
from tests.stack import fresh_database


@pytest.fixture
async def url(stack: Addresses) -> AsyncIterator[str]:
    async with fresh_database(stack) as url:
        yield url


async def test_the_chassis_comes_first_and_nothing_is_applied_twice(url: str) -> None:
    first = await asyncio.to_thread(migrate, url, [notebook.MIGRATIONS])
    assert first == sorted(first, key=lambda name: not name.startswith("chassis-"))
    assert first[-1] == "notebook-0001-tables"
    assert await asyncio.to_thread(migrate, url, [notebook.MIGRATIONS]) == []


async def test_processes_that_start_together_take_turns(url: str) -> None:
    applied = await asyncio.gather(*(asyncio.to_thread(migrate, url, [notebook.MIGRATIONS]) for _ in range(4)))
    assert sorted(map(len, applied))[:3] == [0, 0, 0]


async def test_a_migration_that_fails_leaves_nothing_and_is_tried_again(url: str, tmp_path: Path) -> None:
    file = tmp_path / "broken-0001.sql"
    file.write_text("CREATE TABLE half (id int);\nSELECT no_such_function();\n")
    with pytest.raises(psycopg.errors.UndefinedFunction):
        migrate(url, [tmp_path])
    file.write_text("CREATE TABLE half (id int);\n")
    assert migrate(url, [tmp_path]) == ["broken-0001"]


async def test_a_migration_does_not_wait_long_for_a_table_in_use(url: str, tmp_path: Path) -> None:
    migrate(url, [notebook.MIGRATIONS])
    (tmp_path / "wider-0001.sql").write_text("ALTER TABLE notebook ADD COLUMN title text;\n")
    reader = await asyncpg.connect(url)
    try:
        async with reader.transaction():
            await reader.fetch("SELECT * FROM notebook")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                await asyncio.to_thread(migrate, url, [tmp_path], lock_timeout="200ms")
    finally:
        await reader.close()
    assert migrate(url, [tmp_path]) == ["wider-0001"]


def test_two_migrations_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "notebook-0001-tables.sql").write_text("SELECT 1;")
    with pytest.raises(ValueError, match="two migrations are named notebook-0001-tables"):
        migrate("postgresql://127.0.0.1:1/nowhere", [notebook.MIGRATIONS, tmp_path])


async def test_audit_rows_are_only_ever_added(url: str) -> None:
    migrate(url, [notebook.MIGRATIONS])
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            "INSERT INTO chassis.audit (id, at, actor, actor_kind, action, subject, detail)"
            " VALUES (gen_random_uuid(), now(), 'staff-7', 'person', 'x', 'y', '{}')"
        )
        for change in (
            "UPDATE chassis.audit SET actor = 'other'",
            "DELETE FROM chassis.audit",
            "TRUNCATE chassis.audit",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
                await connection.execute(change)
    finally:
        await connection.close()
