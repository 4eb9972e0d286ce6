"""Reading and writing messages and contact methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from chassis.queries import Queries
from chassis.unit_of_work import Row, UnitOfWork
from policy.ladders import Channel
from services.notifications.model import PATIENCE, PROOF, Answer, Code, Notification, Order, State, Telephone, Tries

_sql = Queries.load(Path(__file__).with_name("queries"))


async def add(uow: UnitOfWork, message: Notification) -> bool:
    """Whether the message was added; False if its key is known. Waits for another who is just adding the same key."""
    order = message.order
    added = await uow.fetchval(
        _sql.add,
        message.id,
        order.key,
        order.staff_id,
        order.template,
        dict(order.values),
        order.reference,
        order.promise_id,
        order.not_after,
        message.message_id,
        message.requested_at,
        message.traceparent,
        message.state,
        message.try_at,
        message.version,
        message.attempts,
        message.repeated,
        message.sent_at,
        message.code,
        message.problem,
        order.channels,
    )
    return added is not None


async def by_key(uow: UnitOfWork, key: str) -> Notification | None:
    """The message of this key."""
    row = await uow.fetchrow(_sql.by_key, key)
    return _message(row) if row else None


async def locked(uow: UnitOfWork, notification_id: UUID) -> Notification:
    """The message as it is now; nobody else changes it until this transaction ends."""
    row = await uow.fetchrow(_sql.locked, notification_id)
    if row is None:
        raise LookupError(f"notification {notification_id} is gone: messages are never deleted")
    return _message(row)


async def listed(uow: UnitOfWork, promise_id: UUID | None, reference: str, limit: int) -> Sequence[Notification]:
    """The newest messages, of one promise or one reference if asked for."""
    return [_message(row) for row in await uow.fetch(_sql.listed, promise_id, reference, limit)]


async def take(uow: UnitOfWork, limit: int, now: datetime) -> Sequence[tuple[Notification, Mapping[Channel, str]]]:
    """Locked messages whose turn it is, each with its person's addresses (none: the last resort's, or unknown yet)."""
    return [(_message(row), _addresses(row)) for row in await uow.fetch(_sql.take, now, limit, PROOF, now - PATIENCE)]


async def lock_queued(uow: UnitOfWork, promise_id: UUID) -> Sequence[Notification]:
    """The messages of a promise that no sender has in hand, locked."""
    return [_message(row) for row in await uow.fetch(_sql.lock_queued, promise_id)]


async def expire_sending(uow: UnitOfWork, promise_id: UUID, at: datetime) -> None:
    """The messages of a promise that a sender has in hand are past their time from now on."""
    await uow.execute(_sql.expire_sending, promise_id, at)


async def change(uow: UnitOfWork, message: Notification) -> None:
    """Store what may change of a message."""
    await uow.execute(
        _sql.change,
        message.id,
        message.state,
        message.try_at,
        message.version,
        message.attempts,
        message.repeated,
        message.sent_at,
        message.code,
        message.problem,
        message.turn,
        message.waits,
        [asdict(tries) for tries in message.tries],
    )


async def keep_contact_method(uow: UnitOfWork, staff_id: UUID, email: str, version: int) -> None:
    """Store the mail address of a member of staff, unless a newer version is known."""
    await uow.execute(_sql.keep_contact_method, staff_id, email, version)


async def keep_telephone(uow: UnitOfWork, staff_id: UUID, telephone: Telephone, version: int) -> None:
    """Store a telephone of a member of staff, unless a newer version of it is known."""
    await uow.execute(_sql.keep_telephone, staff_id, telephone.channel, telephone.number, telephone.verified, version)


def _addresses(row: Row) -> Mapping[Channel, str]:
    return {Channel(channel): address for channel, address in (row["addresses"] or {}).items()}


def _message(row: Row) -> Notification:
    order = Order(
        row["key"],
        row["staff_id"],
        row["template"],
        row["values"],
        row["reference"],
        row["promise_id"],
        row["not_after"],
        tuple(Channel(channel) for channel in row["channels"]),
    )
    return Notification(
        id=row["id"],
        order=order,
        message_id=row["message_id"],
        requested_at=row["requested_at"],
        traceparent=row["traceparent"],
        state=State(row["state"]),
        try_at=row["try_at"],
        version=row["version"],
        attempts=row["attempts"],
        repeated=row["repeated"],
        sent_at=row["sent_at"],
        code=Code(row["code"]) if row["code"] else None,
        problem=row["problem"],
        turn=row["turn"],
        waits=row["waits"],
        tries=tuple(_tries(each) for each in row["tries"]),
    )


def _tries(written: Mapping[str, Any]) -> Tries:
    known = {**written, "channel": Channel(written["channel"]), "answer": Answer(written["answer"])}
    return Tries(**known)
