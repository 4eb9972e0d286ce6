"""A rollout: the former release on the tables of this one, both at once with workflows in flight, and back again."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from temporalio.client import Client
from temporalio.service import RPCError

from chassis.contract import instant
from deploy.local.infrastructure import addresses
from deploy.local.ports import free_offset
from deploy.local.settings import PROJECT, StackSettings
from hotline.casework.v1.promise_pb2 import Promise
from tests.faults.floor import Floor, climbed, floor
from tests.operations.callers import call_in, everybody_is_told, mails, owed
from tests.operations.former import Former, former_tree
from tests.waiting import eventually
from workflows import DEPLOYMENT
from workflows.upgrade import make_current

OLD, NEW = "former", "present"
"""Builds of the workflows."""
RUNG_AFTER = timedelta(minutes=10)
"""When the supervisor is told of an urgent callback."""


@pytest.fixture(scope="module")
def tree() -> Iterator[Path]:
    """The former release."""
    with former_tree() as files:
        yield files


@asynccontextmanager
async def beside(old: Floor, tree: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Floor]:
    """This release on the stores of another platform, with ports of its own; its first step changes the tables.

    The rules in force are those that came with the former release: new ones come by a date of their own.
    """
    monkeypatch.setenv("HOTLINE_BUILD_ID", NEW)
    monkeypatch.setenv("HOTLINE_PACKS", str(tree / "packs"))
    at, home = addresses(old.settings), old.settings.home.with_name("beside")
    for shared in ("secrets", "identity"):
        shutil.copytree(old.settings.home / shared, home / shared)
    with free_offset() as offset:
        settings = StackSettings(
            home=home,
            port_offset=offset,
            postgres_url=SecretStr(at.postgres_url),
            kafka_bootstrap=at.kafka_bootstrap,
            temporal_address=at.temporal_address,
            smtp_address=at.smtp_address,
        )
        new = Floor(settings)
        async with new.up():
            yield new


async def is_current(platform: Floor, build: str) -> None:
    """What begins from now on begins on this build; what sleeps on another is left there."""
    client = await Client.connect(addresses(platform.settings).temporal_address)

    async def known() -> bool:
        try:
            await make_current(client, build)
        except RPCError:  # Temporal has not heard of a worker of it yet
            return False
        return True

    await eventually(known, within=60)


async def on(platform: Floor, build: str, promises: Sequence[Promise]) -> bool:
    """Whether the alarms of these promises run on this build."""
    client = await Client.connect(addresses(platform.settings).temporal_address)
    query = f"ExecutionStatus = 'Running' AND TemporalWorkerDeploymentVersion = '{DEPLOYMENT}:{build}'"
    running = {execution.id async for execution in client.list_workflows(query)}
    return {f"promise/{promise.promise_id}" for promise in promises} <= running


async def owe_on(platform: Floor, build: str, seconds: int) -> list[Promise]:
    """Two promises whose supervisor is told in so many seconds, with alarms that began on this build.

    Temporal takes seconds to tell its queues which build is current: what began before that is left aside.
    """
    found: list[Promise] = []

    async def begun() -> bool:
        received = [datetime.now(UTC) - RUNG_AFTER + timedelta(seconds=seconds)] * 2
        found[:] = await platform.owe(received)

        async def armed() -> bool:
            return all([await on(platform, OLD, [one]) or await on(platform, NEW, [one]) for one in found])

        await eventually(armed, within=60)
        return await on(platform, build, found)

    await eventually(begun, within=120)
    return found


async def is_climbed(platform: Floor, promises: Sequence[Promise]) -> None:
    """The supervisor's rung is climbed of each, once, at its instant or after."""

    async def all_climbed() -> bool:
        return all("supervisor" in climbed(shown) for shown in await platform.shown(promises))

    await eventually(all_climbed, within=240)
    for promise, shown in zip(promises, await platform.shown(promises), strict=True):
        due = {rung.name: instant(rung.at) for rung in promise.rungs}
        assert all(len(times) == 1 and times[0] >= due[rung] for rung, times in climbed(shown).items())
        assert [entry.version for entry in shown.history] == list(range(1, shown.promise.clock.version + 1))


async def both_answer_alike(old: Floor, new: Floor, earlier: set[str]) -> None:
    """Callers reach either; each shows what the other took, and keeps what the other promised."""
    asked = earlier | await call_in(old, 2) | await call_in(new, 2)
    promises, seen_by_old = await everybody_is_told(new, asked), await everybody_is_told(old, asked)
    assert [promise.promise_id for promise in promises] == [promise.promise_id for promise in seen_by_old]
    for keeper, promise in zip((old, new) * len(promises), promises, strict=False):
        await keeper.keep(promise)
    certificates = [await old.certificate(promise) for promise in promises]
    assert certificates == [await new.certificate(promise) for promise in promises]


def test_contracts_only_add_to_the_formers(tree: Path) -> None:
    """Whoever speaks the former release's contracts is understood, and understands."""
    buf = Path(sys.executable).with_name("buf")
    command = [str(buf), "breaking", "--against", str(tree / "gen" / "image.binpb")]
    checked = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.timeout(900)
async def test_old_and_new_work_on_one_ledger_and_either_may_go(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R139: rolling deployment with running timers intact, and a rollback."""
    async with floor() as old:
        release = Former(tree, {**old.environment, "HOTLINE_BUILD_ID": OLD})
        async with release.standing():
            await is_current(old, OLD)
            await old.hire()
            earlier = await call_in(old, 2)
            await everybody_is_told(old, earlier)

            async with beside(old, tree, monkeypatch) as new:
                await both_answer_alike(old, new, earlier)

                sleeps, rings = await owe_on(old, OLD, 480), await owe_on(new, OLD, 45)
                await is_current(new, NEW)
                begins = await owe_on(old, NEW, 20)
                assert await on(new, OLD, sleeps)
                await is_climbed(new, rings)
                await is_climbed(old, begins)

                await new.hotline("workflows", "upgrade", NEW)
                assert await on(old, NEW, [*sleeps, *rings, *begins])
                goes_back = await owe_on(new, NEW, 60)
                assert (await new.hotline("facts", "stuck")).strip() == "Stuck facts: none"
                await new.hotline("workflows", "upgrade", OLD)

        # Back again: the former release starts alone, on tables that it does not know, with what the new one has begun.
        async with release.standing():
            assert await on(old, OLD, [*sleeps, *goes_back])
            await is_climbed(old, goes_back)
            last = await call_in(old, 1)
            await everybody_is_told(old, last)
            kept = {promise.promise_id for promise in (*sleeps, *rings, *begins, *goes_back)}
            assert kept <= {promise.promise_id for promise in await owed(old)}
            assert "Stuck facts: none" in await release.hotline("facts", "stuck")
            assert set(mails(old).values()) == {1}
