"""Callers who are owed a call, and whether everybody who must know of it was told, once."""

from __future__ import annotations

import mailbox
from collections import Counter
from datetime import UTC, datetime
from uuid import uuid4

from chassis.contract import stamp
from hotline.casework.v1 import casework_service_pb2 as casework
from hotline.casework.v1.casework_service_pb2_grpc import CaseworkServiceStub
from hotline.casework.v1.promise_pb2 import Promise
from hotline.intake.v1 import intake_service_pb2 as intake
from hotline.intake.v1.intake_service_pb2_grpc import IntakeServiceStub
from hotline.type.v1 import type_pb2
from tests.faults.floor import OFFICE, TIMEOUT, WORKER, Floor, climbed
from tests.waiting import eventually


async def call_in(platform: Floor, count: int) -> set[str]:
    """Callers who must speak with the worker at once: answers their callbacks."""
    asked = set()
    async with platform.calling("intake", "INTAKE_SPECIALIST") as channel:
        stub = IntakeServiceStub(channel)
        for _ in range(count):
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
            asked.add((await stub.RequestCallback(asking, timeout=TIMEOUT)).callback_id)
    return asked


async def owed(platform: Floor) -> list[Promise]:
    """Every open promise."""
    async with platform.calling("casework", "SERVICE") as channel:
        request = casework.ListPromisesRequest(open_only=True, limit=1000)
        answer = await CaseworkServiceStub(channel).ListPromises(request, timeout=TIMEOUT, wait_for_ready=True)
        return list(answer.promises)


async def everybody_is_owed(platform: Floor, callbacks: set[str]) -> list[Promise]:
    """Each of these callbacks is owed, and every open promise has its alarm: the promises, once it is so."""

    async def all_owed() -> list[Promise]:
        owed_now = await owed(platform)
        promises = [promise for promise in owed_now if promise.subject.id in callbacks]
        complete = len(promises) == len(callbacks) and await platform.open_alarms() == len(owed_now)
        return promises if complete else []

    found: list[Promise] = await eventually(all_owed, within=300)
    return found


async def everybody_is_told(platform: Floor, callbacks: set[str]) -> list[Promise]:
    """Each of these callbacks is owed, and the ledger knows that its owner was told: the promises, once it is so."""
    promises = await everybody_is_owed(platform, callbacks)

    async def all_told() -> bool:
        shown = await platform.shown(promises)
        return all("owner" in climbed(one) and all(told.HasField("told_at") for told in one.told) for one in shown)

    await eventually(all_told, within=300)
    return promises


def mails(*platforms: Floor) -> Counter[str]:
    """How often each mail was handed over, by its Message-ID, over all of these platforms' mail servers."""
    boxes = [mailbox.Maildir(platform.settings.mail, create=False) for platform in platforms]
    return Counter(mail["Message-ID"] for box in boxes for mail in box)
