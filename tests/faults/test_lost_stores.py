"""A store is lost whole: Temporal's, and every alarm is set again; Kafka's, and facts are sent again."""

from __future__ import annotations

import os
import shutil
import signal
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from chassis.contract import instant, stamp
from deploy.local import status
from hotline.casework.v1 import casework_service_pb2 as casework
from hotline.casework.v1.casework_service_pb2_grpc import CaseworkServiceStub
from hotline.intake.v1 import intake_service_pb2 as intake
from hotline.intake.v1.intake_service_pb2_grpc import IntakeServiceStub
from hotline.operations.v1 import operations_service_pb2 as operations
from hotline.operations.v1.operations_service_pb2_grpc import OperationsServiceStub
from hotline.type.v1 import type_pb2
from tests.faults.floor import OFFICE, TIMEOUT, Floor, climbed, floor
from tests.waiting import eventually

# The supervisors' rungs of all promises, ten minutes after receipt, fall due evenly over this time from now.
AHEAD = (timedelta(seconds=30), timedelta(seconds=150))
CALLBACKS = 50


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("count", [100, pytest.param(1_000, marks=pytest.mark.faults)])
async def test_with_promises_open_temporals_store_is_deleted_and_every_alarm_is_set_again(count: int) -> None:
    """No rung is climbed twice, none is missed."""
    first, last = AHEAD
    async with floor() as platform:
        async with platform.up():
            await platform.hire()
            now = datetime.now(UTC) - timedelta(minutes=10)
            step = (last - first) / count
            promises = await platform.owe([now + first + step * n for n in range(count)])

            async def armed() -> bool:
                return await platform.open_alarms() == count

            await eventually(armed, within=300)
        shutil.rmtree(platform.settings.folder / "temporal")
        async with platform.up():
            await eventually(armed, within=300)

            async def all_climbed() -> bool:
                return all("supervisor" in climbed(shown) for shown in await platform.shown(promises))

            await eventually(all_climbed, within=600)
            for promise, shown in zip(promises, await platform.shown(promises), strict=True):
                due, when = {rung.name: instant(rung.at) for rung in promise.rungs}, climbed(shown)
                assert {"owner", "supervisor"} <= when.keys()
                assert all(len(times) == 1 and times[0] >= due[rung] for rung, times in when.items())
            assert await platform.open_alarms() == count


async def call_in(platform: Floor, received_at: datetime) -> None:
    """Callers who ask to be called back."""
    async with platform.calling("intake", "INTAKE_SPECIALIST") as channel:
        stub = IntakeServiceStub(channel)
        for _ in range(CALLBACKS):
            opening = intake.OpenContactRequest(
                idempotency_key=uuid4().hex,
                channel=type_pb2.CHANNEL_VOICE,
                office=OFFICE,
                received_at=stamp(received_at),
            )
            contact = (await stub.OpenContact(opening, timeout=TIMEOUT)).contact
            asking = intake.RequestCallbackRequest(
                idempotency_key=uuid4().hex,
                contact_id=contact.contact_id,
                caller_class=type_pb2.CALLER_CLASS_CLIENT,
                phone="555-0100",
            )
            await stub.RequestCallback(asking, timeout=TIMEOUT)


async def nothing_unsent(platform: Floor) -> bool:
    async with platform.calling("intake", "ADMIN") as channel:
        backlog = await OperationsServiceStub(channel).GetBacklog(operations.GetBacklogRequest(), timeout=TIMEOUT)
    return backlog.unsent == 0


async def owed(platform: Floor) -> int:
    async with platform.calling("casework", "SERVICE") as channel:
        request = casework.ListPromisesRequest(limit=10_000)
        return len((await CaseworkServiceStub(channel).ListPromises(request, timeout=TIMEOUT)).promises)


def halt(platform: Floor, part: str) -> None:
    """The process goes on to exist and does nothing more, as when its machine hangs."""
    current = status.read(platform.settings.folder)
    found = current.part(part) if current else None
    assert found is not None
    assert found.pid is not None
    os.kill(found.pid, signal.SIGSTOP)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("by", ["a person", "the reconciler"])
async def test_facts_that_kafka_lost_with_its_data_are_sent_again_from_the_outboxes(by: str) -> None:
    """Casework hung while callers rang, and Kafka's data is gone before it could read what it owes them."""
    began = datetime.now(UTC)
    async with floor() as platform:
        async with platform.up():
            await platform.hire()
            halt(platform, "casework consumer")
            if by == "a person":
                halt(platform, "workflows reconciler")
            await call_in(platform, began)
            await eventually(lambda: nothing_unsent(platform), within=120)
            assert await owed(platform) == 0
        shutil.rmtree(platform.settings.folder / "kafka")
        async with platform.up():
            if by == "a person":
                said = await platform.hotline(
                    "facts", "republish", "--since", began.isoformat(), "--why", "the disk of Kafka was lost"
                )
                sent_again = dict(line.removesuffix(" facts are sent again").split(": ") for line in said.splitlines())
                assert int(sent_again["intake"]) >= 2 * CALLBACKS

            async def all_owed() -> bool:
                return await owed(platform) == CALLBACKS

            await eventually(all_owed, within=300)
