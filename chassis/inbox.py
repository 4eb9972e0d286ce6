"""A consumer's memory of what it applied: order and duplicates in one number, kept in the effect's transaction.

Facts that come before their turn, or speak of something not yet known, are held in a table rather than in memory: the
partition's offset can move on, a restart loses nothing, and who runs the service can see what waits for what.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum

from chassis.envelope import Envelope
from chassis.queries import chassis_queries as sql
from chassis.record import Record
from chassis.topics import aggregate_type_of
from chassis.unit_of_work import Row, UnitOfWork

EARLY = "EARLY"
NOT_YET_KNOWN = "NOT_YET_KNOWN"
FAILED = "FAILED"
REDRIVEN = "REDRIVEN"
WAIVED = "WAIVED"


class Place(Enum):
    """Where a fact stands in the order of its aggregate."""

    DONE = "done"
    NEXT = "next"
    EARLY = "early"


async def place(uow: UnitOfWork, consumer: str, envelope: Envelope) -> Place:
    """The fact's place; locks the aggregate's row for this consumer, so that two processes cannot apply at once."""
    row = await uow.fetchrow(sql.place, *_key(consumer, envelope))
    assert row is not None
    if envelope.sequence <= row["applied"] or row["is_itself"]:
        return Place.DONE
    return Place.NEXT if envelope.sequence == row["applied"] + 1 and not row["behind"] else Place.EARLY


async def mark_applied(uow: UnitOfWork, consumer: str, envelope: Envelope) -> bool:
    """Note, in the transaction of its effect, that the fact is applied; answers whether the one behind it is held."""
    return bool(await uow.fetchval(sql.mark_applied, *_key(consumer, envelope)))


async def pass_over(uow: UnitOfWork, consumer: str, envelope: Envelope) -> bool:
    """Note that the fact has no effect here, if it is the next and nothing of its aggregate waits: the common case, in
    one statement. If it answers False, nothing was noted, and `place` tells why."""
    return bool(await uow.fetchval(sql.pass_over, *_key(consumer, envelope)))


async def hold(
    uow: UnitOfWork, consumer: str, record: Record, envelope: Envelope, reason: str, wait: timedelta
) -> None:
    """Keep a fact until its turn, and try it no sooner than after `wait`; once held, it stays as it is."""
    await uow.execute(
        sql.hold,
        *_key(consumer, envelope),
        record.topic,
        record.partition,
        record.offset,
        record.stored_headers(),
        record.payload or b"",
        reason,
        wait,
    )


async def held(uow: UnitOfWork, consumer: str, aggregate_type: str, aggregate_id: str, sequence: int) -> Row | None:
    """The held fact with exactly this sequence, if there is one."""
    return await uow.fetchrow(sql.held_at, consumer, aggregate_type, aggregate_id, sequence)


async def release(uow: UnitOfWork, consumer: str, envelope: Envelope) -> None:
    """Hold a fact no longer."""
    await uow.execute(sql.release, *_key(consumer, envelope))


async def try_later(
    uow: UnitOfWork, consumer: str, envelope: Envelope, reason: str, attempts: int, wait: timedelta
) -> None:
    """Note a held fact's failed try, which was number `attempts` for this reason, and wait before the next."""
    await uow.execute(sql.try_later, *_key(consumer, envelope), wait, reason, attempts)


async def due(uow: UnitOfWork, consumer: str, limit: int = 100) -> list[Row]:
    """Held facts whose turn has come: `aggregate_type`, `aggregate_id`, `sequence`."""
    return await uow.fetch(sql.due, consumer, limit)


async def held_since(uow: UnitOfWork, consumer: str) -> dict[str, datetime]:
    """Since when the oldest held fact of each topic waits; topics without one are not in it."""
    return {row["topic"]: row["since"] for row in await uow.fetch(sql.held_since, consumer)}


async def set_aside(
    uow: UnitOfWork, consumer: str, record: Record, envelope: Envelope | None, reason: str, attempts: int
) -> None:
    """Enter a dead letter, which parks its key: later facts of the aggregate wait until it is redriven or waived."""
    aggregate_type = envelope.aggregate_type if envelope else aggregate_type_of(record.topic)
    sequence = envelope.sequence if envelope else None
    await uow.execute(
        sql.set_aside,
        consumer,
        aggregate_type,
        record.key,
        sequence,
        record.topic,
        record.partition,
        record.offset,
        record.stored_headers(),
        record.payload or b"",
        reason,
        attempts,
    )
    if envelope:
        await release(uow, consumer, envelope)


def _key(consumer: str, envelope: Envelope) -> tuple[str, str, str, int]:
    return consumer, envelope.aggregate_type, envelope.subject, envelope.sequence
