"""Reading and writing the ledger's own tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from chassis import errors
from chassis.queries import Queries
from chassis.unit_of_work import Row, UnitOfWork
from policy.certificate import verdict
from policy.promise import Entry, Promise, Subject, effect_from_json, event_from_json, from_json, to_json

_sql = Queries.load(Path(__file__).with_name("queries"))


@dataclass(frozen=True, slots=True)
class Asked:
    """Which promises to list; an empty value asks for all. `late_only`: of closed ones only those kept late."""

    open_only: bool = False
    office: str = ""
    subject_id: str = ""
    reference: str = ""
    due_before: datetime | None = None
    limit: int = 1000
    late_only: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one person that stands for one or more rungs: named by the oldest, and told as that one says."""

    key: str
    staff_id: str
    rung: str
    cycle: int
    warning: bool
    how: Sequence[str]


@dataclass(frozen=True, slots=True)
class Untold:
    """The promise that a message is about, and the rungs it stands for (cycle, rung, person), not known to be told."""

    promise_id: UUID
    closed: bool
    rungs: tuple[tuple[int, str, str], ...]


async def insert(uow: UnitOfWork, promise: Promise, cause: str) -> bool:
    """Whether the promise is new; one with its id is left as it is."""
    made = await uow.fetchval(
        _sql.insert_promise,
        promise.id,
        promise.kind,
        promise.subject.type,
        promise.subject.id,
        cause,
        promise.reference,
        promise.office,
        promise.tier,
        promise.state.value,
        promise.due_at,
        promise.next_instant,
        to_json(promise),
    )
    return made is not None


async def lock(uow: UnitOfWork, promise_id: UUID) -> Promise:
    """The promise, held until the transaction ends."""
    return _found(await uow.fetchrow(_sql.lock_promise, promise_id), promise_id)


async def read(uow: UnitOfWork, promise_id: UUID) -> Promise:
    """The promise as it stands."""
    return _found(await uow.fetchrow(_sql.read_promise, promise_id), promise_id)


async def lock_open(uow: UnitOfWork, subject: Subject) -> list[Promise]:
    """Every open promise about a subject, held until the transaction ends."""
    rows = await uow.fetch(_sql.lock_open_of_subject, subject.type, subject.id)
    return [from_json(row["body"]) for row in rows]


async def kept(uow: UnitOfWork, subject: Subject) -> dict[str, datetime]:
    """The kinds of promise about a subject that were kept, in time or late, and when each was last."""
    rows = await uow.fetch(_sql.kept_of_subject, subject.type, subject.id)
    return {row["kind"]: row["closed_at"] for row in rows}


async def listed(uow: UnitOfWork, asked: Asked) -> list[Promise]:
    """The promises asked for, by due time."""
    rows = await uow.fetch(
        _sql.list_promises,
        asked.open_only,
        asked.office,
        asked.subject_id,
        asked.reference,
        asked.due_before,
        asked.limit,
        asked.late_only,
    )
    return [from_json(row["body"]) for row in rows]


async def count_open(uow: UnitOfWork) -> list[Row]:
    """How many promises are open: kind, state, number."""
    return await uow.fetch(_sql.count_open)


async def clocks(uow: UnitOfWork, after: UUID | None, limit: int, *, untold_only: bool) -> list[Row]:
    """Open promises by id, after one: promise_id, version, state, next_instant, untold_since.

    `untold_only`: those that have the last.
    """
    return await uow.fetch(_sql.clocks, after, untold_only, limit)


async def stalled(uow: UnitOfWork, before: datetime, limit: int) -> list[Promise]:
    """Open promises whose next instant passed, and to which nothing has happened, since before this; oldest first."""
    return [from_json(row["body"]) for row in await uow.fetch(_sql.stalled, before, limit)]


async def missing(uow: UnitOfWork, expected: Sequence[Mapping[str, Any]]) -> list[int]:
    """The places of those expected (kinds, type, id, cause, closed) that the ledger does not have so."""
    rows = await uow.fetch(_sql.missing, [{"n": n, **wanted} for n, wanted in enumerate(expected)])
    return [row["n"] for row in rows]


async def save(uow: UnitOfWork, promise: Promise) -> None:
    """Write the next version of a locked promise."""
    closing = promise.closing
    saved = await uow.fetchval(
        _sql.save_promise,
        promise.id,
        promise.version,
        promise.tier,
        promise.state.value,
        promise.due_at,
        promise.next_instant,
        verdict(closing) if closing else None,
        closing.closed_at if closing else None,
        to_json(promise),
    )
    if saved is None:
        raise RuntimeError(f"promise {promise.id}: version {promise.version} does not follow the ledger's")


async def append(
    uow: UnitOfWork, promise: Promise, *, at: datetime, occurred_at: datetime, move: str, actor: str, detail: Any
) -> None:
    """Add what made this version to the history."""
    await uow.execute(_sql.append_history, promise.id, promise.version, at, occurred_at, move, actor, detail)


async def timeline(uow: UnitOfWork, promise_id: UUID) -> list[Row]:
    """The history as it is shown: version, recorded_at, occurred_at, event, actor, detail, trace_id."""
    return await uow.fetch(_sql.history, promise_id)


async def history(uow: UnitOfWork, promise_id: UUID) -> list[Entry]:
    """The accepted events, from version 2 on: version 1 is the birth."""
    return [
        Entry(
            version=row["version"],
            recorded_at=row["recorded_at"],
            event=event_from_json(row["detail"]["event"]),
            effects=tuple(effect_from_json(effect) for effect in row["detail"]["effects"]),
            due_at=datetime.fromisoformat(row["detail"]["due_at"]),
        )
        for row in await timeline(uow, promise_id)
        if row["version"] > 1
    ]


async def effects_of_alarm(uow: UnitOfWork, promise_id: UUID, as_of: datetime) -> list[str]:
    """The names of the effects an alarm with this very instant had; empty if there was none."""
    rows = await uow.fetch(_sql.alarm_at, promise_id, as_of)
    return [effect["effect"] for row in rows for effect in row["detail"]["effects"]]


async def nobody_left(uow: UnitOfWork, promise: Promise) -> int:
    """The version by which this cycle's ladder came to its end without anybody; 0 if it has not."""
    version: int = await uow.fetchval(_sql.nobody_left, promise.id, promise.cycle)
    return version


async def add_told(uow: UnitOfWork, rows: Sequence[Sequence[Any]]) -> None:
    """Record people on rungs; whoever stands there already (promise, cycle, rung, person) stays as recorded."""
    await uow.execute_many(_sql.climb, rows)


async def told(uow: UnitOfWork, promise_id: UUID) -> list[Row]:
    """Everyone ever climbed to: staff_id, rung, cycle, climbed_at, told_at, key, warning, who, why, failed,
    withdrawn_at, channel."""
    return await uow.fetch(_sql.told, promise_id)


async def messages(uow: UnitOfWork, promise: Promise, as_of: datetime, *, waiting: bool) -> tuple[Message, ...]:
    """What must still be sent about a promise, and what was climbed as of this very instant.

    `waiting`: the ladder is held or the clock stopped, so that only what a person asked for is sent.
    """
    rows = await uow.fetch(_sql.messages, promise.id, as_of, waiting)
    return tuple(Message(**row) for row in rows)


async def withdraw_owner(uow: UnitOfWork, promise: Promise, at: datetime) -> None:
    """The messages not yet sent to the owner until now are not sent any more."""
    await uow.execute(_sql.withdraw_owner, promise.id, at)


async def lock_untold(uow: UnitOfWork, key: str) -> Untold | None:
    """What the message with this key is about, its promise held; None if it is about none, or known to be told."""
    row = await uow.fetchrow(_sql.lock_promise_of_message, key)
    if row is None:
        return None
    waiting = await uow.fetch(_sql.untold_of_message, key)
    rungs = tuple((told["cycle"], told["rung"], str(told["staff_id"])) for told in waiting)
    return Untold(row["promise_id"], row["closed"], rungs) if rungs else None


async def mark_told(uow: UnitOfWork, key: str, sent_at: datetime, channel: str | None) -> None:
    """Notifications say that the message with this key went out, and by which channel."""
    await uow.execute(_sql.mark_told, key, sent_at, channel)


async def mark_failed(uow: UnitOfWork, key: str, code: str) -> None:
    """Notifications say that the message with this key will not go out: whoever it was for stays untold."""
    await uow.execute(_sql.mark_failed, key, code)


async def lock_chain(uow: UnitOfWork, office: str) -> tuple[int, str | None]:
    """Number and hash of an office's last certificate, held until the transaction ends; (0, None) before the first."""
    await uow.execute(_sql.begin_chain, office)
    row = await uow.fetchrow(_sql.lock_chain, office)
    assert row is not None
    return row["number"], row["sha256"]


async def add_certificate(uow: UnitOfWork, promise: Promise, number: int, sha256: str, body: str) -> None:
    """Add a certificate to its office's chain."""
    await uow.execute(_sql.insert_certificate, promise.id, promise.office, number, sha256, body)
    await uow.execute(_sql.extend_chain, promise.office, number, sha256)


async def certified(uow: UnitOfWork, promise_id: UUID) -> Row | None:
    """The certificate of a promise: office, sha256, body (the bytes as they were signed); None while it is open."""
    return await uow.fetchrow(_sql.certificate, promise_id)


async def add_addendum(uow: UnitOfWork, promise_id: UUID, office: str, number: int, sha256: str, body: str) -> None:
    """Add to a certificate, at the end of its office's chain."""
    await uow.execute(_sql.insert_addendum, promise_id, office, number, sha256, body)
    await uow.execute(_sql.extend_chain, office, number, sha256)


async def addenda(uow: UnitOfWork, promise_id: UUID) -> list[str]:
    """The bytes of what was added to a certificate, in that order."""
    return [row["body"] for row in await uow.fetch(_sql.addenda, promise_id)]


async def chained(uow: UnitOfWork, office: str, after: int) -> list[str]:
    """The bytes of an office's certificates and addenda after a number of its chain, in that order; some 1 MB."""
    return [row["body"] for row in await uow.fetch(_sql.chained, office, after)]


def _found(row: Row | None, promise_id: UUID) -> Promise:
    if row is None:
        raise errors.not_found("promise", promise_id)
    return from_json(row["body"])
