"""Reading and writing calls: who is owed one and when that is safe, how callers were answered, their complaints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.unit_of_work import Row, UnitOfWork
from policy.promise import Promise, from_json
from services.casework.model.answering import Answered
from services.casework.store.statements import sql as _sql


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a call is owed to, and when they can safely be called; None: at any time."""

    caller_class: str
    safe_from: datetime | None = None
    safe_until: datetime | None = None


async def add_caller(uow: UnitOfWork, promise_id: UUID, caller: Caller) -> None:
    """Keep whom a promise is owed to."""
    await uow.execute(_sql.add_caller, promise_id, caller.caller_class, caller.safe_from, caller.safe_until)


async def callers(uow: UnitOfWork, promises: Iterable[UUID]) -> Mapping[UUID, Caller]:
    """Whom each of these promises is owed to, where that is a caller."""
    rows = await uow.fetch(_sql.callers, list(promises))
    return {row["promise_id"]: Caller(row["caller_class"], row["safe_from"], row["safe_until"]) for row in rows}


async def set_safe_window(uow: UnitOfWork, promise_id: UUID, start: datetime | None, end: datetime | None) -> None:
    """The caller has named another time."""
    await uow.execute(_sql.set_safe_window, promise_id, start, end)


async def ring(uow: UnitOfWork, contact_id: UUID, office: str, received_at: datetime, *, in_hours: bool) -> None:
    """Somebody called."""
    await uow.execute(_sql.ring, contact_id, office, received_at, in_hours)


async def end_call(uow: UnitOfWork, contact_id: UUID, ended: str) -> None:
    """How the call ended: ANSWERED, ABANDONED or VOICEMAIL."""
    await uow.execute(_sql.end_call, contact_id, ended)


async def leave_message(
    uow: UnitOfWork,
    contact_id: UUID,
    office: str,
    received_at: datetime,
    *,
    in_hours: bool,
    reason: str,
    live_person_offered: bool,
) -> None:
    """The call ended in somebody's box, and why."""
    await uow.execute(_sql.leave_message, contact_id, office, received_at, in_hours, reason, live_person_offered)


async def answering(uow: UnitOfWork, office: str, start: datetime, end: datetime) -> Answered:
    """How the callers of a stretch of office hours fared."""
    row = await uow.fetchrow(_sql.answering, office, start, end)
    assert row is not None
    return Answered(**row)


async def voicemail_reasons(uow: UnitOfWork, office: str, start: datetime, end: datetime) -> list[Row]:
    """Why messages were left: reason, calls."""
    return await uow.fetch(_sql.voicemail_reasons, office, start, end)


async def add_complaint(
    uow: UnitOfWork,
    complaint_id: UUID,
    *,
    reference: str,
    office: str,
    about: str,
    about_reference: str,
    received_at: datetime,
) -> None:
    """Keep that somebody complained, and of what."""
    await uow.execute(_sql.add_complaint, complaint_id, reference, office, about, about_reference, received_at)


async def complaints(uow: UnitOfWork, office: str, start: datetime, end: datetime, kinds: Sequence[str]) -> list[Row]:
    """Complaints of an office: reference, about, about_reference, received_at, promise_id (of these kinds, or None)."""
    return await uow.fetch(_sql.complaints, office, start, end, list(kinds))


async def returned(
    uow: UnitOfWork, office: str, start: datetime, end: datetime, as_of: datetime, kinds: Sequence[str]
) -> list[Row]:
    """Promises of some kinds by kind and class of caller: received, kept, late, missed, open, void."""
    return await uow.fetch(_sql.returned_calls, office, start, end, as_of, list(kinds))


async def lock_owned(uow: UnitOfWork, staff_id: str, kinds: Sequence[str]) -> list[Promise]:
    """The open promises of some kinds that somebody owns, held until the transaction ends."""
    return [from_json(row["body"]) for row in await uow.fetch(_sql.lock_owned, staff_id, list(kinds))]


async def owners(uow: UnitOfWork, kinds: Sequence[str]) -> list[tuple[str, str]]:
    """Everybody who owns an open promise of some kinds, with its office."""
    return [(row["staff_id"], row["office"]) for row in await uow.fetch(_sql.owners, list(kinds))]


async def owed_by_office(uow: UnitOfWork, office: str, as_of: datetime) -> tuple[int, int]:
    """How many promises of an office are open, and how many of these overdue."""
    row = await uow.fetchrow(_sql.owed_by_office, office, as_of)
    assert row is not None
    return row["open"], row["overdue"]
