"""What was entered late is judged by another person. For what nobody vouches, that has not happened."""

from __future__ import annotations

from uuid import UUID

from chassis.contract import stamp
from chassis.identity import acting
from chassis.unit_of_work import UnitOfWork
from hotline.casework.v1 import casework_events_pb2 as events
from policy.promise import Act, ConfirmLateEntry, Promise, RefuseLateEntry, Subject
from services.casework.commands.investigations import ACKNOWLEDGEMENT, OWED_TO_CHILDREN, say_next
from services.casework.model import investigations as model
from services.casework.promises import commands as promises
from services.casework.promises import store as ledger
from services.casework.promises.rules import Rules
from services.casework.store import investigations as store

_INVESTIGATION = "investigation"


async def judge(uow: UnitOfWork, rules: Rules, promise_id: UUID, judged: ConfirmLateEntry | RefuseLateEntry) -> Promise:
    """Another person confirms or refuses it. What is refused does not count any more, and may be done again."""
    promise = await ledger.read(uow, promise_id)
    if isinstance(judged, RefuseLateEntry) and promise.subject.type == _INVESTIGATION and promise.late_entry:
        return await _refuse(uow, rules, promise, promise.late_entry, judged)
    return await promises.act(uow, rules, promise_id, lambda _: judged)


async def _refuse(uow: UnitOfWork, rules: Rules, promise: Promise, entry: Act, judged: RefuseLateEntry) -> Promise:
    investigation_id = UUID(promise.subject.id)
    # The investigation first, as every other act on it takes its locks.
    await store.lock_investigation(uow, investigation_id)
    for owed in await ledger.lock_open(uow, promise.subject):
        # One contact may have been entered for two promises: for neither does anybody vouch.
        if owed.id == promise.id or _is_of(entry, owed):
            await promises.happen(uow, rules, owed, judged, uow.clock())
    if promise.kind in OWED_TO_CHILDREN:
        await _take_back_contact(uow, investigation_id, entry)
    elif promise.kind == "FINDING":
        await _take_back_finding(uow, investigation_id)
    return await ledger.read(uow, promise.id)


def _is_of(entry: Act, promise: Promise) -> bool:
    other = promise.late_entry
    return other is not None and (other.by, other.recorded_at) == (entry.by, entry.recorded_at)


async def _take_back_contact(uow: UnitOfWork, investigation_id: UUID, entry: Act) -> None:
    await store.refuse_contact(uow, investigation_id, entry.by, entry.recorded_at)
    owed = {promise.kind for promise in await ledger.lock_open(uow, Subject(_INVESTIGATION, str(investigation_id)))}
    standing = await store.lock_investigation(uow, investigation_id)
    investigation = model.contact_refused(standing, accepted=not owed & ACKNOWLEDGEMENT)
    fact = events.ContactRefused(
        investigation_id=investigation.id,
        recorded_at=stamp(entry.recorded_at),
        refused_by=acting().subject,
        first_contact_complete=model.first_contact(investigation) is not None,
    )
    await say_next(uow, investigation, fact, "investigation.refuse_contact")


async def _take_back_finding(uow: UnitOfWork, investigation_id: UUID) -> None:
    investigation = model.finding_refused(await store.lock_investigation(uow, investigation_id))
    fact = events.FindingRefused(
        investigation_id=investigation.id, refused_at=stamp(uow.clock()), refused_by=acting().subject
    )
    await say_next(uow, investigation, fact, "investigation.refuse_finding")
