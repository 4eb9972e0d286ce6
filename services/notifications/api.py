"""NotificationsService: protobuf to command and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from chassis.contract import instant, number, stamp, word
from chassis.database import Database
from chassis.identity import Role
from hotline.casework.v1.casework_service_pb2 import ContactChannel
from hotline.notifications.v1 import notifications_service_pb2 as pb
from hotline.notifications.v1 import notifications_service_pb2_grpc as rpc
from policy.ladders import BY_MAIL, Channel
from services.notifications import commands, store
from services.notifications.model import Notification, Order
from services.notifications.templates import Template

_READERS = frozenset({Role.SUPERVISOR, Role.MANAGER, Role.DIRECTOR, Role.ADMIN, Role.SERVICE})
_MENDERS = frozenset({Role.SUPERVISOR, Role.MANAGER, Role.DIRECTOR, Role.ADMIN})

ACCESS: Mapping[str, frozenset[str]] = {
    "Notify": frozenset({Role.SERVICE}),
    "GetDelivery": _READERS,
    "ListDeliveries": _READERS,
    "RedriveDelivery": _MENDERS,
}

_LISTED = 100


class Notifications(rpc.NotificationsServiceServicer):
    """The calls of this service."""

    def __init__(self, database: Database, texts: Mapping[str, Template], mail_domain: str) -> None:
        self._database = database
        self._texts = texts
        self._mail_domain = mail_domain

    async def Notify(self, request: pb.NotifyRequest, context: Any) -> pb.NotifyResponse:
        """Commit a message to one person; the same key again answers with the same message."""
        async with self._database.transaction() as uow:
            message = await commands.notify(_order(request), uow, texts=self._texts, mail_domain=self._mail_domain)
        return pb.NotifyResponse(delivery=_delivery(message))

    async def GetDelivery(self, request: pb.GetDeliveryRequest, context: Any) -> pb.GetDeliveryResponse:
        """What became of the message of a key."""
        async with self._database.transaction() as uow:
            return pb.GetDeliveryResponse(delivery=_delivery(await commands.get_delivery(request.key, uow)))

    async def ListDeliveries(self, request: pb.ListDeliveriesRequest, context: Any) -> pb.ListDeliveriesResponse:
        """The newest messages, of one promise or reference if asked for."""
        promise_id = UUID(request.promise_id) if request.promise_id else None
        async with self._database.transaction() as uow:
            messages = await store.listed(uow, promise_id, request.reference, request.limit or _LISTED)
        return pb.ListDeliveriesResponse(deliveries=[_delivery(message) for message in messages])

    async def RedriveDelivery(self, request: pb.RedriveDeliveryRequest, context: Any) -> pb.RedriveDeliveryResponse:
        """What was refused or given up is tried once more."""
        async with self._database.transaction() as uow:
            return pb.RedriveDeliveryResponse(delivery=_delivery(await commands.redrive(request.key, request.why, uow)))


def _order(request: pb.NotifyRequest) -> Order:
    return Order(
        key=request.key,
        staff_id=UUID(request.staff_id) if request.staff_id else None,
        template=request.template,
        values=dict(request.values),
        reference=request.reference,
        promise_id=UUID(request.promise_id) if request.promise_id else None,
        not_after=instant(request.not_after) if request.HasField("not_after") else None,
        channels=tuple(Channel(word(ContactChannel, channel)) for channel in request.channels) or BY_MAIL,
    )


def _delivery(message: Notification) -> pb.Delivery:
    order = message.order
    return pb.Delivery(
        notification_id=str(message.id),
        key=order.key,
        staff_id=str(order.staff_id or ""),
        template=order.template,
        reference=order.reference,
        promise_id=str(order.promise_id or ""),
        state=number(pb.DeliveryState, message.state),
        message_id=message.message_id,
        attempts=message.attempts,
        repeated=message.repeated,
        requested_at=stamp(message.requested_at),
        sent_at=stamp(message.sent_at),
        problem=": ".join(part for part in (message.code, message.problem) if part),
        channel=number(ContactChannel, message.channel),
        tries=[
            pb.Tries(
                channel=number(ContactChannel, tries.channel),
                attempts=tries.attempts,
                answer=tries.answer,
                problem=tries.problem,
            )
            for tries in message.tries
        ],
    )
