"""What can be done with messages: ask for one, take those whose turn it is, record what came of an attempt."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from google.protobuf.message import Message

from chassis import errors
from chassis.contract import number, stamp
from chassis.errors import Code as Status
from chassis.errors import Refusal
from chassis.telemetry import current_traceparent
from chassis.unit_of_work import UnitOfWork
from hotline.casework.v1.casework_service_pb2 import ContactChannel
from hotline.notifications.v1 import notifications_events_pb2 as facts
from policy.ladders import Channel
from services.notifications import model, store, templates
from services.notifications.model import Attempt, Code, Notification, Order, State, Telephone
from services.notifications.templates import Template


async def notify(order: Order, uow: UnitOfWork, *, texts: Mapping[str, Template], mail_domain: str) -> Notification:
    """The message of the order's key: queued now, or as it became since it was first asked for."""
    _check(order, texts)
    message = model.queued(
        order, new_id=uow.ids.new(), mail_domain=mail_domain, traceparent=current_traceparent(), now=uow.clock()
    )
    if not await store.add(uow, message):
        return await _known(order, uow)
    await uow.audit("NOTIFICATION_QUEUED", message.id, {"template": order.template, "key": order.key})
    await _emit(uow, message, facts.NotificationQueued(**_references(message)))
    return message


async def get_delivery(key: str, uow: UnitOfWork) -> Notification:
    """The message of this key; refused as NOT_FOUND if nobody has asked for it."""
    message = await store.by_key(uow, key)
    if message is None:
        raise errors.not_found("notification with this key", key)
    return message


@dataclass(frozen=True, slots=True)
class Errand:
    """A message in the hands of a sender, and the address it goes to."""

    message: Notification
    address: str


async def take(
    uow: UnitOfWork, last_resort: Mapping[Channel, str], *, limit: int, lease: timedelta, by: Collection[Channel]
) -> Sequence[Errand]:
    """Messages to send now, each for `lease` in this sender's hands alone; those past their time fail instead.

    `last_resort`: where they are reached. `by`: the channels that this sender has.
    """
    now = uow.clock()
    errands = []
    for message, addresses in await store.take(uow, limit, now):
        if model.is_too_old(message, now):
            await _fail(uow, model.failed(message, Code.EXPIRED, "its time had passed before it could be sent"))
            continue
        addresses = addresses if message.order.staff_id else last_resort
        taken = model.handed_over(message, set(by) & set(addresses), lease=lease, now=now)
        if taken.state is State.FAILED:
            await _fail(uow, taken)
            continue
        await store.change(uow, taken)
        if taken.state is State.SENDING:
            errands.append(Errand(taken, addresses[taken.channel]))
    return errands


async def record(attempt: Attempt, taken: Notification, uow: UnitOfWork) -> Notification:
    """Store what came of an attempt, unless another sender has taken the message over in the meantime."""
    message = await store.locked(uow, taken.id)
    if message.state is not State.SENDING or message.attempts != taken.attempts:
        return message
    after = model.answered(message, attempt, uow.clock())
    if after.state is State.FAILED:
        await _fail(uow, after)
        return after
    await store.change(uow, after)
    if after.state is State.SENT:
        await _say_sent(after, uow)
    return after


async def redrive(key: str, why: str, uow: UnitOfWork) -> Notification:
    """Try a message once more that was refused or given up; WRONG_STATE for any other."""
    message = await store.locked(uow, (await get_delivery(key, uow)).id)
    if message.code not in (Code.REFUSED, Code.GAVE_UP):
        raise errors.failed_precondition("WRONG_STATE", "only what was refused or given up can be tried once more")
    after = model.redriven(message, uow.clock())
    await store.change(uow, after)
    await uow.audit("NOTIFICATION_REDRIVEN", message.id, {"code": str(message.code), "why": why})
    await _emit(uow, after, facts.NotificationQueued(**_references(after)))
    return after


async def withdraw(promise_id: UUID, uow: UnitOfWork) -> None:
    """A promise is closed: what waits to be told of it fails, and what is in a sender's hands is not tried again."""
    for message in await store.lock_queued(uow, promise_id):
        await _fail(uow, model.failed(message, Code.MOOT, "its promise was closed before it could be sent"))
    await store.expire_sending(uow, promise_id, uow.clock())


async def _say_sent(message: Notification, uow: UnitOfWork) -> None:
    how = {"attempts": message.attempts, "repeated": message.repeated, "channel": message.channel.value}
    await uow.audit("NOTIFICATION_SENT", message.id, how)
    fact = facts.NotificationSent(
        **_references(message),
        sent_at=stamp(message.sent_at),
        repeated=message.repeated,
        channel=number(ContactChannel, message.channel),
    )
    await _emit(uow, message, fact)


async def keep_contact_methods(
    staff_id: UUID, email: str, telephones: Sequence[Telephone], version: int, uow: UnitOfWork
) -> None:
    """Keep our copy of how a member of staff is reached; the audit row says whose, never what."""
    await store.keep_contact_method(uow, staff_id, email, version)
    for telephone in telephones:
        await store.keep_telephone(uow, staff_id, telephone, version)
    await uow.audit("CONTACT_METHOD_KEPT", staff_id, {"version": version})


def _check(order: Order, texts: Mapping[str, Template]) -> None:
    # Refused now, while the caller can still be told, rather than found out when the mail should go.
    if order.template not in texts:
        raise errors.invalid("template", f"is not one of {', '.join(sorted(texts))}", reason="INVALID_REQUEST")
    if problems := templates.problems(texts[order.template], order.values):
        raise Refusal(
            Status.INVALID_ARGUMENT,
            "INVALID_REQUEST",
            f"the values do not make the text {order.template}",
            fields=problems,
        )


async def _known(order: Order, uow: UnitOfWork) -> Notification:
    known = await get_delivery(order.key, uow)
    if model.tells_another(known, order):
        raise errors.already_exists(
            "IDEMPOTENCY_KEY_REUSED", "this key was used for another person or promise: use a key for each"
        )
    return known


async def _fail(uow: UnitOfWork, message: Notification) -> None:
    await store.change(uow, message)
    code = str(message.code)
    await uow.audit("NOTIFICATION_FAILED", message.id, {"code": code, "attempts": message.attempts})
    await _emit(uow, message, facts.NotificationFailed(**_references(message), code=code))


async def _emit(uow: UnitOfWork, message: Notification, fact: Message) -> None:
    await uow.emit(fact, aggregate_type="notifications.notification", aggregate_id=message.id, sequence=message.version)


def _references(message: Notification) -> dict[str, str]:
    order = message.order
    return {
        "notification_id": str(message.id),
        "key": order.key,
        "staff_id": str(order.staff_id or ""),
        "promise_id": str(order.promise_id or ""),
    }
