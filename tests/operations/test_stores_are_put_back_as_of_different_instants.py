"""Backups are dumps of one database each, so whatever is put back stands as of different instants: it is mended."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.faults.floor import Floor, floor
from tests.operations.callers import call_in, everybody_is_owed, everybody_is_told, mails, owed

BEFORE, AFTER = 8, 4
"""Callers who ask for the worker before the first backup, and after it."""


@asynccontextmanager
async def stack(platform: Floor, *extent: str) -> AsyncIterator[None]:
    """The stack, by the commands of the documentation."""
    try:
        await platform.hotline("stack", "up", *extent, "--detach")
        yield
    finally:
        await platform.hotline("stack", "down")


async def put_back(platform: Floor, *restored: tuple[Path, str]) -> None:
    """Put services' databases back, each from its backup; Temporal's store is gone with them."""
    async with stack(platform, "--only", "infrastructure"):
        for backup, service in restored:
            said = await platform.hotline("stack", "restore", str(backup), "--service", service)
            assert said.startswith(f"{service} stands as of ")
    shutil.rmtree(platform.settings.folder / "temporal", ignore_errors=True)


@pytest.mark.timeout(1500)
async def test_no_promise_is_lost_nobody_is_told_twice_and_what_is_gone_is_named(tmp_path: Path) -> None:
    """Casework as of an earlier time than the rest: first with the same Kafka, then elsewhere with an empty one."""
    first, second = tmp_path / "first", tmp_path / "second"
    async with floor() as here, floor() as there:
        async with stack(here):
            await here.hire()
            earlier = await call_in(here, BEFORE)
            kept, *_ = await everybody_is_told(here, earlier)
            await here.hotline("stack", "backup", str(first))
            since = datetime.now(UTC).isoformat()
            later = await call_in(here, AFTER)
            await everybody_is_told(here, earlier | later)
            await here.keep(kept)
            await everybody_is_told(here, (earlier | later) - {kept.subject.id})
            await here.hotline("stack", "backup", str(second))
            refused = await here.hotline("stack", "restore", str(first), code=1)
            assert refused == ""  # it says why on the other stream, and has changed nothing
            assert len(await owed(here)) == BEFORE + AFTER - 1

        await put_back(here, (first, "casework"))
        async with stack(here):
            # What casework owes comes back from the others' outboxes by the reconciler alone, and so does who was told.
            promises = await everybody_is_owed(here, earlier | later)
            await everybody_is_told(here, earlier | later)
            await here.hotline("facts", "republish", "--since", since, "--why", "casework was restored")
            assert kept.promise_id in {promise.promise_id for promise in promises}
            # What people did in casework itself after its backup is gone, and it is said which.
            lost = (await here.hotline("facts", "lost", "--since", since, code=1)).splitlines()
            (closed,) = (line for line in lost if "PromiseClosed" in line)
            assert kept.promise_id in closed
            assert {line.split()[0] for line in lost[2:]} == {"casework"}
            await here.keep(kept)
            assert '"verdict":"MET"' in (await here.certificate(kept)).replace(" ", "")

        services = [(second, service) for service in ("intake", "triage", "notifications")]
        await put_back(there, (first, "casework"), *services)
        async with stack(there):
            await everybody_is_owed(there, earlier | later)
            await there.hotline("facts", "republish", "--since", since, "--why", "restored in another place")
            await everybody_is_told(there, earlier | later)
            again = await call_in(there, 1)
            await everybody_is_told(there, earlier | later | again)

        times = mails(here, there)
        assert len(times) >= BEFORE + AFTER + 1
        assert set(times.values()) == {1}
