"""Every copy of every service is restarted in turn while people call: no call fails, and what was answered stands.

Two copies of each service, and calls that arrive at a rate and are shared among them. `make faults` goes on for minutes
at 200 calls a second; here it is one round at 20, for a machine that runs other tests besides. R139.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from chassis.contract import stamp
from deploy.local.infrastructure import Addresses
from hotline.casework.v1 import casework_service_pb2 as casework
from hotline.casework.v1.casework_service_pb2_grpc import CaseworkServiceStub
from hotline.casework.v1.promise_pb2 import Subject
from hotline.intake.v1 import intake_service_pb2 as intake
from hotline.intake.v1.intake_service_pb2_grpc import IntakeServiceStub
from hotline.notifications.v1 import notifications_service_pb2 as notifications
from hotline.notifications.v1.notifications_service_pb2_grpc import NotificationsServiceStub
from hotline.triage.v1 import triage_service_pb2 as triage
from hotline.triage.v1.triage_service_pb2_grpc import TriageServiceStub
from hotline.type.v1 import type_pb2
from tests.faults.copies import Call, Fleet, Load, fleet

OFFICE = "lake-east"
RATE = 200.0
"""Calls a second in the long form."""
SLOW = 20.0
"""Calls a second in the short one."""
REACHED = 0.95
"""The share of the rate that must have been started: fewer calls would show less than is said."""
AT_ONCE = 400
"""Calls that may wait for an answer: two seconds of the full rate."""
TIMEOUT = 20.0
ROUNDS = 10
"""How often every copy is restarted in the long form."""
KEPT = {
    "intake": "SELECT count(*) FROM intake.contact",
    "casework": "SELECT count(*) FROM ledger.promise",
    "notifications": "SELECT count(*) FROM notification",
}
"""One row for each call that was answered; triage is only read from."""


@pytest.mark.timeout(600)
async def test_no_call_fails_while_every_copy_is_restarted_in_turn(
    stack: Addresses, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await rolled(stack, tmp_path, capsys, rate=SLOW, rounds=1)


@pytest.mark.faults
@pytest.mark.timeout(1800)
async def test_no_call_fails_however_often_every_copy_is_restarted(
    stack: Addresses, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await rolled(stack, tmp_path, capsys, rate=RATE, rounds=ROUNDS)


async def rolled(
    stack: Addresses, folder: Path, terminal: pytest.CaptureFixture[str], *, rate: float, rounds: int
) -> None:
    """Restart everything so often under load: no call failed, and there is one row for each that was answered."""
    async with fleet(stack, folder) as copies, ways_to_call(copies) as calls:
        load = Load(calls, rate, AT_ONCE)
        async with load.going_on():
            for _ in range(rounds):
                await copies.roll()
        told = (
            f"{load.started} calls started in {load.seconds:.0f} s ({load.reached:.0%} of {rate:.0f} a second), "
            f"{load.answered.total()} answered"
        )
        with terminal.disabled():
            print(f" {told}, {load.missed} missed, {len(load.failed)} failed")
        assert not load.failed, "\n".join([told, *load.failed[:20]])
        assert load.reached >= REACHED, told
        assert min(load.answered[service] for service in calls) > 0
        for service, statement in KEPT.items():
            assert await copies.count(service, statement) == load.answered[service], service


@asynccontextmanager
async def ways_to_call(copies: Fleet) -> AsyncIterator[dict[str, Call]]:
    """A call of each service, by its name: of those that people wait for, where they can be made at any time."""
    async with AsyncExitStack() as channels:

        async def channel(service: str, role: str):  # type: ignore[no-untyped-def]
            return await channels.enter_async_context(copies.calling(service, role, subject=str(uuid4())))

        takes = IntakeServiceStub(await channel("intake", "INTAKE_SPECIALIST"))
        screens = TriageServiceStub(await channel("triage", "SCREENER"))
        owes = CaseworkServiceStub(await channel("casework", "SERVICE"))
        tells = NotificationsServiceStub(await channel("notifications", "SERVICE"))
        yield {
            "intake": lambda: takes.OpenContact(ring(), timeout=TIMEOUT),
            "triage": lambda: screens.ListQueue(triage.ListQueueRequest(office=OFFICE), timeout=TIMEOUT),
            "casework": lambda: owes.MakePromise(callback(), timeout=TIMEOUT),
            "notifications": lambda: tells.Notify(last_resort(), timeout=TIMEOUT),
        }


def ring() -> intake.OpenContactRequest:
    """Somebody calls."""
    return intake.OpenContactRequest(
        idempotency_key=str(uuid4()),
        channel=type_pb2.CHANNEL_VOICE,
        office=OFFICE,
        received_at=stamp(datetime.now(UTC)),
        danger_now=intake.DANGER_NOW_NO,
    )


def callback() -> casework.MakePromiseRequest:
    """A caller is owed a call by whoever screens."""
    return casework.MakePromiseRequest(
        kind="CALLBACK_URGENT",
        subject=Subject(type="callback", id=str(uuid4())),
        cause="requested",
        reference="7ZK4-M2QX",
        owner=type_pb2.Owner(queue=f"SCREENER:{OFFICE}"),
        office=OFFICE,
        received_at=stamp(datetime.now(UTC)),
    )


def last_resort() -> notifications.NotifyRequest:
    """The last resort is told of something that is due."""
    return notifications.NotifyRequest(
        key=str(uuid4()),
        last_resort=True,
        template="RUNG",
        values={"kind": "CALLBACK_URGENT", "due": "2026-03-02T18:15:00+00:00", "rung": "owner"},
        reference="7ZK4-M2QX",
    )
