"""Notify commits one message for each key, and refuses what could leave somebody untold."""

import asyncio
from uuid import UUID, uuid4

import grpc
import pytest

from chassis.client import connect, refusal_of
from hotline.notifications.v1 import notifications_service_pb2 as pb
from hotline.notifications.v1.notifications_service_pb2_grpc import NotificationsServiceStub
from services.notifications.api import ACCESS
from tests.integration.notifications.conftest import DEADLINE, SUPERVISOR, WORKER, Desk, serving, token_of


async def refused(call: grpc.aio.UnaryUnaryCall) -> tuple[str, str, set[str]]:
    """The refusal's code, reason and fields."""
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await call
    refusal = refusal_of(error.value)
    return refusal.code.value, refusal.reason, set(refusal.fields)


async def test_the_answer_is_a_queued_delivery(desk: Desk) -> None:
    delivery = await desk.notify("promise/1/owner")
    assert (delivery.state, delivery.attempts, delivery.staff_id) == (pb.DELIVERY_STATE_QUEUED, 0, str(WORKER))
    assert delivery.message_id == f"<{delivery.notification_id}@hotline.invalid>"
    assert await desk.facts() == [("NotificationQueued", 1)]


async def test_the_same_key_again_answers_with_the_same_message(desk: Desk) -> None:
    first = await desk.notify("promise/1/owner")
    again = await desk.notify("promise/1/owner", template="OVERDUE")
    assert again == first
    assert await desk.facts() == [("NotificationQueued", 1)]


async def test_twenty_callers_with_one_key_make_one_message(desk: Desk) -> None:
    deliveries = await asyncio.gather(*(desk.notify("promise/1/owner") for _ in range(20)))
    assert len({delivery.notification_id for delivery in deliveries}) == 1
    assert len(await desk.facts()) == 1


async def test_the_same_key_for_another_person_is_refused(desk: Desk) -> None:
    await desk.notify("promise/1/owner")
    code, reason, _ = await refused(desk.notify("promise/1/owner", SUPERVISOR))
    assert (code, reason) == ("ALREADY_EXISTS", "IDEMPOTENCY_KEY_REUSED")


async def test_values_that_make_no_text_are_refused_with_their_paths(desk: Desk) -> None:
    values = {"kind": "FINDING", "due": "tomorrow"}
    code, reason, fields = await refused(desk.notify("key", values=values))
    assert (code, reason, fields) == ("INVALID_ARGUMENT", "INVALID_REQUEST", {"values.due", "values.rung"})
    assert await desk.facts() == []


async def test_an_unknown_template_is_refused(desk: Desk) -> None:
    assert await refused(desk.notify("key", template="POEM")) == ("INVALID_ARGUMENT", "INVALID_REQUEST", {"template"})


async def test_a_message_without_a_recipient_is_refused(desk: Desk) -> None:
    request = pb.NotifyRequest(key="key", template="RUNG")
    code, _, _ = await refused(desk.service.Notify(request, timeout=DEADLINE))
    assert code == "INVALID_ARGUMENT"


async def test_a_key_nobody_used_is_not_found(desk: Desk) -> None:
    assert (await refused(desk.delivery("nobody used this")))[0] == "NOT_FOUND"


async def test_deliveries_are_listed_newest_first_for_one_promise_or_reference(desk: Desk) -> None:
    other = uuid4()
    await desk.notify("a")
    await desk.notify("b", SUPERVISOR)
    await desk.notify("c", promise_id=str(other), reference="OTHER")

    async def keys(**asked: str) -> list[str]:
        answer = await desk.service.ListDeliveries(pb.ListDeliveriesRequest(**asked), timeout=DEADLINE)
        return [delivery.key for delivery in answer.deliveries]

    assert await keys() == ["c", "b", "a"]
    assert await keys(promise_id=str(other)) == ["c"]
    assert await keys(reference="7ZK4-M") == ["b", "a"]


async def test_people_may_read_deliveries_and_only_services_may_ask_for_them(desk: Desk) -> None:
    token = token_of(desk.identity, "SUPERVISOR")
    async with serving(desk.settings, desk.database) as port, connect(f"127.0.0.1:{port}", token) as channel:
        person = NotificationsServiceStub(channel)
        await person.ListDeliveries(pb.ListDeliveriesRequest(), timeout=DEADLINE)
        request = pb.NotifyRequest(key="key", staff_id=str(UUID(int=7)), template="RUNG")
        code, reason, _ = await refused(person.Notify(request, timeout=DEADLINE))
    assert (code, reason) == ("PERMISSION_DENIED", "ROLE_NOT_ALLOWED")


def test_who_may_call_is_decided_for_every_method() -> None:
    assert set(ACCESS) == {method.name for method in pb.DESCRIPTOR.services_by_name["NotificationsService"].methods}
