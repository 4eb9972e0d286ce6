"""A rollout that brings rules for the same day is refused by its first step, before any process of it runs."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chassis.migrations import migrate
from chassis.rollout import take_in_packs
from deploy.local.infrastructure import Addresses
from deploy.local.settings import PROJECT
from policy.errors import PolicyError
from policy.notice import NOTICE
from policy.packs import Packs
from tests import county
from tests.integration.chassis import notebook
from tests.stack import clean_environment, fresh_database

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
async def url(stack: Addresses) -> AsyncIterator[str]:
    async with fresh_database(stack) as url:
        await asyncio.to_thread(migrate, url, [notebook.MIGRATIONS])
        yield url


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A county's packs, the first of them sealed and in force for years."""
    county.begin(tmp_path)
    county.seal(tmp_path, "1.0.0")
    return tmp_path


def write(folder: Path, version: str, effective_from: datetime) -> None:
    county.write(folder, version, effective_from)
    county.seal(folder, version)


async def rolled_out(url: str, folder: Path, now: datetime) -> list[str]:
    return [pack.version for pack in await take_in_packs(url, Packs(folder), "county", now)]


async def test_the_first_rollout_takes_what_there_is(url: str, folder: Path) -> None:
    write(folder, "1.1.0", NOW + timedelta(minutes=1))
    assert await rolled_out(url, folder, NOW) == ["1.0.0", "1.1.0"]
    assert await rolled_out(url, folder, NOW) == []


async def test_a_new_version_is_taken_a_day_before_it_holds_and_then_held(url: str, folder: Path) -> None:
    await rolled_out(url, folder, NOW)
    write(folder, "1.1.0", NOW + NOTICE)
    assert await rolled_out(url, folder, NOW) == ["1.1.0"]
    # The same release rolled out again, on the day itself, brings nothing new.
    assert await rolled_out(url, folder, NOW + NOTICE) == []


async def test_a_new_version_for_the_same_day_is_refused_and_nothing_of_the_rollout_is_noted(
    url: str, folder: Path
) -> None:
    await rolled_out(url, folder, NOW)
    write(folder, "1.1.0", NOW + 2 * NOTICE)
    write(folder, "1.2.0", NOW + NOTICE - timedelta(seconds=1))
    with pytest.raises(PolicyError, match=r"PACK_TOO_SOON: pack county 1\.2\.0"):
        await rolled_out(url, folder, NOW)
    shutil.rmtree(folder / "county/1.2.0")
    assert await rolled_out(url, folder, NOW) == ["1.1.0"]


async def test_drafts_are_edited_in_place_and_taken_at_once(url: str, folder: Path) -> None:
    """In development, where alone drafts are taken at all."""
    (folder / "county/1.0.0/seal.json").unlink()
    await rolled_out(url, folder, NOW)
    file = folder / "county/1.0.0/pack.yaml"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"title": "With another title"}))
    assert await rolled_out(url, folder, NOW) == ["1.0.0"]


async def test_the_step_that_migrates_refuses_and_says_why(url: str, folder: Path) -> None:
    """As an operator sees it: the Job of the rollout fails, and nothing of the release has started."""
    now = datetime.now(UTC)
    await rolled_out(url, folder, now)
    write(folder, "1.1.0", now + timedelta(hours=1))
    environment = {"HOTLINE_DATABASE_URL": url, "HOTLINE_PACKS": str(folder), "HOTLINE_PACK": "county"}
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.intake", "migrate"),
        cwd=PROJECT,
        env=clean_environment() | environment,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await child.communicate()
    assert child.returncode == 1
    assert said.decode().startswith("intake migrate: PACK_TOO_SOON: pack county 1.1.0 takes effect at ")
