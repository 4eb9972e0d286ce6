"""Once a promise is closed nobody is told of it any more: what still waits would only mislead."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import grpc

from hotline.casework.v1.casework_events_pb2 import PromiseClosed
from hotline.casework.v1.promise_pb2 import PromiseClock
from hotline.notifications.v1 import notifications_service_pb2 as pb
from policy.ladders import Channel
from services.notifications import commands, consumers
from services.notifications.model import Answer, Attempt
from tests.integration.notifications.conftest import PROMISE, SUPERVISOR, Desk

SENT, QUEUED, FAILED = pb.DELIVERY_STATE_SENT, pb.DELIVERY_STATE_QUEUED, pb.DELIVERY_STATE_FAILED


async def closed(desk: Desk, promise_id: UUID) -> None:
    """Notifications hears that a promise was closed."""
    async with grpc.aio.insecure_channel("never-called.invalid:1") as channel, desk.database.transaction() as uow:
        heard = consumers.subscriptions(channel, {}, "hotline.invalid")["hotline.casework.promise.v1"]
        fact = PromiseClosed(clock=PromiseClock(promise_id=str(promise_id), version=7))
        handler: Any = heard[PromiseClosed.DESCRIPTOR.full_name]
        await handler(fact, None, uow)


async def test_what_waits_to_be_told_of_a_closed_promise_is_not_sent(desk: Desk) -> None:
    other = uuid4()
    await desk.notify("moot")
    await desk.notify("moot-too", SUPERVISOR)
    await desk.notify("of-another", promise_id=str(other))
    await closed(desk, PROMISE)
    await closed(desk, PROMISE)
    async with desk.sending():
        await desk.until("of-another", SENT)
    assert len(desk.post_office.mails) == 1
    for key in ("moot", "moot-too"):
        failed = await desk.delivery(key)
        assert (failed.state, failed.attempts) == (FAILED, 0)
        assert failed.problem == "MOOT: its promise was closed before it could be sent"
    assert [name for name, _ in await desk.facts()].count("NotificationFailed") == 2


async def test_what_a_sender_has_in_hand_then_is_not_tried_again(desk: Desk) -> None:
    await desk.notify("key")
    async with desk.database.transaction() as uow:
        (errand,) = await commands.take(uow, {}, limit=1, lease=timedelta(minutes=1), by=[Channel.EMAIL])
    await closed(desk, PROMISE)
    assert (await desk.delivery("key")).state == pb.DELIVERY_STATE_SENDING
    async with desk.database.transaction() as uow:
        await commands.record(Attempt(Answer.NOT_NOW, "the mail server is away"), errand.message, uow)
    async with desk.sending():
        failed = await desk.until("key", FAILED)
    assert failed.problem.startswith("EXPIRED")
    assert not desk.post_office.mails


async def test_what_went_out_before_stays_as_it_was(desk: Desk) -> None:
    await desk.notify("key")
    async with desk.sending():
        await desk.until("key", SENT)
    await closed(desk, PROMISE)
    assert (await desk.delivery("key")).state == SENT
