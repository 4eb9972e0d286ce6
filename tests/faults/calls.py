"""Callers who ask to be called back, what they are owed, and who was told of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import uuid4

from google.protobuf.timestamp_pb2 import Timestamp

from chassis.contract import stamp
from hotline.casework.v1 import casework_service_pb2 as casework
from hotline.casework.v1.casework_service_pb2_grpc import CaseworkServiceStub
from hotline.casework.v1.promise_pb2 import Promise
from hotline.intake.v1 import intake_service_pb2 as intake
from hotline.intake.v1.intake_service_pb2_grpc import IntakeServiceStub
from hotline.notifications.v1 import notifications_service_pb2 as notifications
from hotline.notifications.v1.notifications_service_pb2_grpc import NotificationsServiceStub
from hotline.type.v1 import type_pb2
from tests.faults.floor import AT_ONCE, OFFICE, TIMEOUT, WORKER, Floor


async def call_in(platform: Floor, count: int, **wished: Timestamp | None) -> list[str]:
    """Callers who ask the worker to call back, many at once, and when it is safe to: the callbacks' ids."""
    async with platform.calling("intake", "INTAKE_SPECIALIST") as channel:
        stub, room = IntakeServiceStub(channel), asyncio.Semaphore(AT_ONCE)

        async def one() -> str:
            async with room:
                contact = (await stub.OpenContact(ring(), timeout=TIMEOUT, wait_for_ready=True)).contact
                asking = wish(contact.contact_id, **wished)
                return (await stub.RequestCallback(asking, timeout=TIMEOUT, wait_for_ready=True)).callback_id

        return list(await asyncio.gather(*(one() for _ in range(count))))


def ring() -> intake.OpenContactRequest:
    """Somebody calls now."""
    return intake.OpenContactRequest(
        idempotency_key=uuid4().hex,
        channel=type_pb2.CHANNEL_VOICE,
        office=OFFICE,
        received_at=stamp(datetime.now(UTC)),
    )


def wish(contact_id: str, **wished: Timestamp | None) -> intake.RequestCallbackRequest:
    """To be called back by the worker, at once."""
    return intake.RequestCallbackRequest(
        idempotency_key=uuid4().hex,
        contact_id=contact_id,
        urgent=True,
        caller_class=type_pb2.CALLER_CLASS_CLIENT,
        staff_id=WORKER,
        phone="555-0100",
        **wished,
    )


async def owed(platform: Floor, callbacks: Sequence[str]) -> list[casework.GetPromiseResponse]:
    """The promises about these callbacks."""
    async with platform.calling("casework", "SERVICE") as channel:
        stub = CaseworkServiceStub(channel)
        found: list[Promise] = []
        for callback in callbacks:
            request = casework.ListPromisesRequest(subject_id=callback, limit=10)
            found.extend((await stub.ListPromises(request, timeout=TIMEOUT, wait_for_ready=True)).promises)
    return await platform.shown(found)


async def deliveries(platform: Floor, promise_id: str = "") -> list[notifications.Delivery]:
    """What notifications was asked for, of one promise or of all."""
    async with platform.calling("notifications", "SERVICE") as channel:
        request = notifications.ListDeliveriesRequest(promise_id=promise_id, limit=10_000)
        answer = await NotificationsServiceStub(channel).ListDeliveries(request, timeout=TIMEOUT, wait_for_ready=True)
        return list(answer.deliveries)


def everybody_told(promises: Sequence[casework.GetPromiseResponse], count: int) -> bool:
    """Whether there are so many promises, and of each somebody is known to have been told."""
    return len(promises) == count and all(any(told.HasField("told_at") for told in one.told) for one in promises)
