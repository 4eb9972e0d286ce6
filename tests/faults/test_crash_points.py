"""Each place where a process can fail between two commits, failed at in each way: nothing is lost or done twice."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from chassis.crash_points import PLACES
from chassis.envelope import Envelope
from deploy.local import status
from deploy.local.infrastructure import addresses
from deploy.local.settings import PROJECT
from deploy.local.status import StackStatus
from tests.faults import history
from tests.faults.calls import call_in, deliveries, everybody_told, owed
from tests.faults.floor import Floor, floor
from tests.services import records
from tests.waiting import eventually

CALLERS = 3
CALLS, PROMISES = "hotline.intake.callback.v1", "hotline.casework.promise.v1"
WAYS = ("raise", "kill", "hang")
SHORT = dict(zip(PLACES, ("kill", "hang", "raise", "kill", "raise", "hang", "kill"), strict=True))
"""How each place fails in `make test`; `make faults` has it fail in every way."""
FAILURES = [
    pytest.param(place, how, id=f"{how} at {place}", marks=[pytest.mark.faults] if SHORT[place] != how else [])
    for place in PLACES
    for how in WAYS
]
FOLLOWS = 180.0
"""Seconds until everything that was asked for has happened, on a machine that does other things too."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def platform() -> AsyncIterator[Floor]:
    """One platform for all: each failure must leave it as good as it was."""
    async with floor(crashing=True) as made, made.up():
        await made.hire()
        yield made


def standing(platform: Floor) -> StackStatus:
    """How every part of the platform is."""
    current = status.read(platform.settings.folder)
    assert current is not None
    return current


def restarted(current: StackStatus) -> int:
    """How often parts have been started again, all in all."""
    return sum(part.restarts for part in current.parts)


def stopped(platform: Floor) -> list[psutil.Process]:
    """The platform's processes that hang."""
    processes = [status.process_of(part) for part in standing(platform).parts]
    return [process for process in processes if process and process.status() == psutil.STATUS_STOPPED]


async def rebalance(platform: Floor) -> None:
    """A second consumer joins casework's group, and leaves again."""
    running = status.process_of(standing(platform).part("casework consumer"))
    assert running is not None
    # Only the one that is there already is to fail.
    own = {name: value for name, value in running.environ().items() if name != "HOTLINE_CRASH_FILE"}
    child = await asyncio.create_subprocess_exec(*running.cmdline(), cwd=PROJECT, env=own)
    try:
        await taken(platform)
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


def crash_file(platform: Floor) -> Path:
    assert platform.settings.crash_file is not None
    return platform.settings.crash_file


async def taken(platform: Floor) -> None:
    """Wait until somebody has come to the place."""

    async def gone() -> bool:
        return not crash_file(platform).exists()

    await eventually(gone, within=FOLLOWS)


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("place", "how"), FAILURES)
async def test_failing_between_two_commits_loses_nothing_and_does_nothing_twice(
    platform: Floor, place: str, how: str
) -> None:
    began, before = datetime.now(UTC), standing(platform)
    crash_file(platform).write_text(f"{place} {how}")
    callbacks = await call_in(platform, CALLERS)
    if place == "consumer.revoked":
        await rebalance(platform)
    await taken(platform)
    if how == "hang":
        (hanging,) = await eventually(lambda: _stopped(platform), within=FOLLOWS)
        os.kill(hanging.pid, signal.SIGKILL)
    outage = await over(platform, began, restarts=restarted(before) + (how != "raise"))

    async def all_told() -> bool:
        return everybody_told(await owed(platform, callbacks), CALLERS)

    await eventually(all_told, within=FOLLOWS)
    facts = {topic: await facts_of(platform, topic) for topic in (CALLS, PROMISES)}
    found = await owed(platform, callbacks)
    history.once_each(callbacks, found)
    history.nothing_made_up(facts[PROMISES], found)
    for envelopes in facts.values():
        history.in_order(envelopes)
    for shown in found:
        history.versions_follow(shown)
        history.told_once(shown, await deliveries(platform, shown.promise.promise_id))
        history.climbed_in_time(shown, outage, datetime.now(UTC))


async def over(platform: Floor, began: datetime, *, restarts: int) -> timedelta:
    """How long it lasted until the whole platform was healthy again, after so many restarts in all."""

    async def healthy() -> bool:
        now = standing(platform)
        return now.healthy and restarted(now) >= restarts

    await eventually(healthy, within=FOLLOWS)
    return datetime.now(UTC) - began


async def facts_of(platform: Floor, topic: str) -> list[Envelope]:
    """All that stands on a topic, as it arrives."""
    return [Envelope.from_headers(fact.headers) for fact in await records(addresses(platform.settings), topic)]


async def _stopped(platform: Floor) -> list[psutil.Process]:
    return stopped(platform)
