"""One message as one text or call by the telephone gateway, and what its answer means for the next attempt."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress

import grpc

from chassis.contract import number
from hotline.phone.v1 import phone_service_pb2 as pb
from hotline.phone.v1.phone_service_pb2_grpc import PhoneGatewayServiceStub
from policy.ladders import Channel
from services.notifications import templates
from services.notifications.model import Answer, Attempt, Notification
from services.notifications.templates import Template
from services.notifications.wording import Wording

# Seconds to find out whether the gateway is there: somebody waits to be told, and may be by another channel.
_CONNECTING = 2.0
_ATTEMPTS: Mapping[pb.DeliveryOutcome.ValueType, Attempt] = {
    pb.DELIVERY_OUTCOME_DELIVERED: Attempt(Answer.ACCEPTED),
    pb.DELIVERY_OUTCOME_BUSY: Attempt(Answer.BUSY, "the line is busy"),
    pb.DELIVERY_OUTCOME_NO_ANSWER: Attempt(Answer.NO_ANSWER, "nobody answers"),
    pb.DELIVERY_OUTCOME_NUMBER_REFUSED: Attempt(Answer.NEVER, "the telephone gateway refused the number"),
}
_UNDECIDED = frozenset({grpc.ChannelConnectivity.IDLE, grpc.ChannelConnectivity.CONNECTING})
# With these the gateway says that it has not begun; with any other error it may have.
_NOT_BEGUN = frozenset(
    {
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.UNIMPLEMENTED,
    }
)


def compose(message: Notification, template: Template, *, recipient: str, wording: Wording) -> pb.DeliverRequest:
    """The text or call; the same at every attempt whose outcome is not known."""
    form = templates.spoken if message.channel is Channel.VOICE else templates.texted
    return pb.DeliverRequest(
        message_id=message.call_id,
        channel=number(pb.PhoneChannel, message.channel),
        number=recipient,
        text=form(template, message.order.sayable, wording),
    )


async def send(request: pb.DeliverRequest, gateway: grpc.aio.Channel, deadline: float) -> Attempt:
    """Hand one text or call to the gateway and wait `deadline` seconds for what came of it."""
    if not await _is_there(gateway):
        return Attempt(Answer.NOT_NOW, "no connection to the telephone gateway")
    try:
        answer = await PhoneGatewayServiceStub(gateway).Deliver(request, timeout=deadline)
    except grpc.aio.AioRpcError as problem:
        if problem.code() in _NOT_BEGUN:
            return Attempt(Answer.NOT_NOW, f"the telephone gateway refused: {problem.code().name}")
        return Attempt(Answer.UNKNOWN, f"the telephone gateway's answer was lost: {problem.code().name}")
    return _ATTEMPTS.get(answer.outcome, Attempt(Answer.UNKNOWN, "the telephone gateway named no outcome"))


async def _is_there(gateway: grpc.aio.Channel) -> bool:
    """Whether the gateway takes connections: after that an error may come from a call that has begun."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_CONNECTING):
            while (state := gateway.get_state(try_to_connect=True)) in _UNDECIDED:
                await gateway.wait_for_state_change(state)
    return state is grpc.ChannelConnectivity.READY
