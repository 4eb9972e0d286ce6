"""Each place where a process can fail between two commits, failed at in each way: nothing is lost or done twice."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psutil
import pytest
import pytest_asyncio

from chassis.contract import stamp
from chassis.crash_points import PLACES
from chassis.envelope import Envelope
from deploy.local import status
from deploy.local.infrastructure import addresses
from deploy.local.settings import PROJECT
from hotline.casework.v1 import casework_service_pb2 as casework
from hotline.casework.v1.casework_service_pb2_grpc import CaseworkServiceStub
from hotline.intake.v1 import intake_service_pb2 as intake
from hotline.intake.v1.intake_service_pb2_grpc import IntakeServiceStub
from hotline.notifications.v1 import notifications_service_pb2 as notifications
from hotline.notifications.v1.notifications_service_pb2_grpc import NotificationsServiceStub
from hotline.type.v1 import type_pb2
from tests.faults import history
from tests.faults.floor import OFFICE, TIMEOUT, WORKER, Floor, eventually, floor
from tests.services import records

CALLERS = 3
FOLLOWS = 180.0
"""Seconds until everything that was asked for has happened, on a machine that does other things too."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def platform() -> AsyncIterator[Floor]:
    """One platform for all: each failure must leave it as good as it was."""
    async with floor(crashing=True) as made, made.up():
        await made.hire()
        yield made


async def callers(platform: Floor) -> list[str]:
    """Callers who ask the worker to call back: the callbacks' ids."""
    async with platform.calling("intake", "INTAKE_SPECIALIST") as channel:
        stub = IntakeServiceStub(channel)
        found = []
        for _ in range(CALLERS):
            opening = intake.OpenContactRequest(
                idempotency_key=uuid4().hex,
                channel=type_pb2.CHANNEL_VOICE,
                office=OFFICE,
                received_at=stamp(datetime.now(UTC)),
            )
            contact = (await stub.OpenContact(opening, timeout=TIMEOUT, wait_for_ready=True)).contact
            asking = intake.RequestCallbackRequest(
                idempotency_key=uuid4().hex,
                contact_id=contact.contact_id,
                urgent=True,
                caller_class=type_pb2.CALLER_CLASS_CLIENT,
                staff_id=WORKER,
                phone="555-0100",
            )
            found.append((await stub.RequestCallback(asking, timeout=TIMEOUT, wait_for_ready=True)).callback_id)
        return found


async def owed(platform: Floor, callbacks: list[str]) -> list[casework.GetPromiseResponse]:
    """The promises about these callbacks."""
    async with platform.calling("casework", "SERVICE") as channel:
        stub = CaseworkServiceStub(channel)
        found = []
        for callback in callbacks:
            request = casework.ListPromisesRequest(subject_id=callback, limit=10)
            found.extend((await stub.ListPromises(request, timeout=TIMEOUT, wait_for_ready=True)).promises)
    return await platform.shown(found)


async def deliveries(platform: Floor, promise_id: str) -> list[notifications.Delivery]:
    async with platform.calling("notifications", "SERVICE") as channel:
        request = notifications.ListDeliveriesRequest(promise_id=promise_id, limit=100)
        return list(
            (
                await NotificationsServiceStub(channel).ListDeliveries(request, timeout=TIMEOUT, wait_for_ready=True)
            ).deliveries
        )


def stopped(platform: Floor) -> list[psutil.Process]:
    """The platform's processes that hang."""
    current = status.read(platform.settings.folder)
    assert current is not None
    processes = [status.process_of(part) for part in current.parts]
    return [process for process in processes if process and process.status() == psutil.STATUS_STOPPED]


async def rebalance(platform: Floor) -> None:
    """A second consumer joins casework's group, and leaves again."""
    current = status.read(platform.settings.folder)
    part = current.part("casework consumer") if current else None
    running = status.process_of(part) if part else None
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
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("how", ["kill", *(pytest.param(how, marks=pytest.mark.faults) for how in ("raise", "hang"))])
async def test_failing_between_two_commits_loses_nothing_and_does_nothing_twice(
    platform: Floor, place: str, how: str
) -> None:
    crash_file(platform).write_text(f"{place} {how}")
    callbacks = await callers(platform)
    if place == "consumer.revoked":
        await rebalance(platform)
    await taken(platform)
    if how == "hang":
        (hanging,) = await eventually(lambda: _stopped(platform), within=FOLLOWS)
        os.kill(hanging.pid, signal.SIGKILL)

    async def all_told() -> bool:
        found = await owed(platform, callbacks)
        return len(found) == CALLERS and all(any(told.HasField("told_at") for told in shown.told) for shown in found)

    await eventually(all_told, within=FOLLOWS)
    found = await owed(platform, callbacks)
    history.once_each(callbacks, found)
    for shown in found:
        history.versions_follow(shown)
        history.told_once(shown, await deliveries(platform, shown.promise.promise_id))
    for topic in ("hotline.intake.callback.v1", "hotline.casework.promise.v1"):
        facts = await records(addresses(platform.settings), topic)
        history.in_order(Envelope.from_headers(fact.headers) for fact in facts)


async def _stopped(platform: Floor) -> list[psutil.Process]:
    return stopped(platform)
