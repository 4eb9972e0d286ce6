"""Opening, assigning and closing investigations. What an investigation owes is made, handed over and kept right here,
in the same transaction, so that no child ever has a tier and no clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from google.protobuf.message import Message

from chassis.contract import number, stamp
from chassis.identity import acting
from chassis.unit_of_work import UnitOfWork
from hotline.casework.v1 import casework_events_pb2 as events
from hotline.casework.v1 import casework_service_pb2 as pb
from hotline.type.v1 import type_pb2
from policy.errors import Refused
from policy.promise import (
    Attempt,
    Delegate,
    Owner,
    OwnerKind,
    Promise,
    Subject,
)
from services.casework.model import investigations as model
from services.casework.model.investigations import Contact, ContactResult, Finding, Investigation, State
from services.casework.model.workforce import INVESTIGATOR, Candidate, Choice, Queue, choose
from services.casework.promises import commands as promises
from services.casework.promises import store as ledger
from services.casework.promises.rules import Rules
from services.casework.store import investigations as store
from services.casework.store import workforce

AGGREGATE = "casework.investigation"
OPENED = "opened"

ACKNOWLEDGEMENT = frozenset({"ASSIGNMENT_ACK"})
ACKNOWLEDGED = "ACKNOWLEDGED"
OWED_TO_CHILDREN = frozenset({"ON_SCENE", "FIRST_CONTACT"})
"""What is owed to the children themselves: no finding closes over it."""


def reopening(at: datetime) -> str:
    """The cause of what an investigation owes that was opened again at this time."""
    return f"reopened {at.isoformat()}"


@dataclass(frozen=True, slots=True)
class Opening:
    """An investigation to be opened, or an alternative response. `clocks` are the promises the decision named."""

    report_id: str
    reference: str
    office: str
    received_at: datetime
    tier: str | None
    alleged_victims: tuple[str, ...]
    clocks: tuple[str, ...] = ()
    alternative: bool = False


async def open_for(uow: UnitOfWork, rules: Rules, opening: Opening) -> Investigation:
    """The investigation of a report, opened if it was not: assigned if somebody is there, its promises made.

    If it stands already, it and what it owes are raised to what is decided now; if it was closed, it is opened again.
    Every clock counts from the receipt of the report (R038).
    """
    if opening.tier is None:
        raise Refused("INVALID_REQUEST", "an investigation needs a tier: without one there is no clock", "tier")
    if opening.received_at > uow.clock():
        raise Refused("IMPOSSIBLE_TIME", "lies in the future", "received_at")
    investigation = Investigation(
        id=str(uow.ids.new()),
        report_id=opening.report_id,
        reference=opening.reference,
        office=opening.office,
        received_at=opening.received_at,
        opened_at=uow.clock(),
        tier=opening.tier,
        alleged_victims=opening.alleged_victims,
        alternative=opening.alternative,
    )
    if not await store.open_investigation(uow, investigation):
        standing = await store.lock_investigation_of_report(uow, UUID(opening.report_id))
        assert standing is not None
        return await _decided_anew(uow, rules, standing, opening, opening.tier)
    await _say_opened(uow, investigation)
    return await _begin(uow, rules, investigation, opening, OPENED)


async def assign(uow: UnitOfWork, rules: Rules, investigation_id: UUID, named: UUID | None) -> Investigation:
    """Give it to the person named, or to the present investigator with the least load if nobody has it yet.

    Its open promises go with it: the received time stays, the new worker is told at once.
    """
    investigation = await store.lock_investigation(uow, investigation_id)
    if investigation.worker_id and (named is None or str(named) == investigation.worker_id):
        return investigation
    choice = await _named(uow, named) if named else choose(await _candidates(uow, rules, investigation.office))
    if choice is None:
        raise Refused("NOBODY_AVAILABLE", f"no {INVESTIGATOR} of office {investigation.office} is present")
    investigation = await _give_to(uow, investigation, choice)
    await promises.void(uow, rules, _subject(investigation), "reassigned", kinds=ACKNOWLEDGEMENT)
    for promise in await ledger.lock_open(uow, _subject(investigation)):
        if promise.owner != _owner(investigation):
            handing_over = Delegate(_owner(investigation), acting().subject)
            await promises.happen(uow, rules, promise, handing_over, uow.clock())
    return investigation


async def owe(uow: UnitOfWork, rules: Rules, wanted: promises.Wanted) -> Promise:
    """A promise that a workflow asks for. That they accept is owed only by who has the investigation, while it is open.

    A dispatch may come later than the next assignment or the finding: what it asked for could never be kept. One that
    comes later than the acceptance finds it kept: nobody is asked for what they have said.
    """
    if wanted.kind not in ACKNOWLEDGEMENT or wanted.subject.type != "investigation":
        return await promises.make(uow, rules, wanted)
    investigation = await store.lock_investigation(uow, UUID(wanted.subject.id))
    if investigation.state is State.CLOSED or wanted.owner != _owner(investigation):
        raise Refused("WRONG_STATE", "the investigation is closed or somebody else's: this is not owed any more")
    promise = await promises.make(uow, rules, wanted)
    accepted_at = investigation.accepted_at
    if promise.closing or accepted_at is None:
        return promise
    acceptance = Attempt(wanted.owner.id, ACKNOWLEDGED, accepted_at)
    return await promises.happen(uow, rules, promise, acceptance, accepted_at)


async def accept(uow: UnitOfWork, rules: Rules, investigation_id: UUID) -> Investigation:
    """The worker says: it is mine. That keeps the ASSIGNMENT_ACK."""
    investigation = await store.lock_investigation(uow, investigation_id)
    return await _accept(uow, rules, investigation)


async def record_contact(
    uow: UnitOfWork, rules: Rules, investigation_id: UUID, contact: Contact, late_reason: str
) -> Investigation:
    """A contact with an alleged victim. A worker who makes one has evidently accepted.

    Being on the scene keeps ON_SCENE, and so does seeing the child. FIRST_CONTACT is kept when every alleged victim is
    covered: seen in person, or sought in good faith with a documented attempt.
    """
    now = uow.clock()
    investigation = await store.lock_investigation(uow, investigation_id)
    if investigation.state is State.ASSIGNED and investigation.worker_id == acting().subject:
        investigation = await _accept(uow, rules, investigation)
    investigation = model.contacted(investigation, contact, now)
    await store.add_contact(
        uow, investigation.id, contact, recorded_at=now, by=acting().subject, late_reason=late_reason
    )
    complete = model.first_contact(investigation)
    fact = events.ContactRecorded(
        investigation_id=investigation.id,
        child_id=contact.child_id,
        result=number(pb.ContactResult, contact.result.value),
        occurred_at=stamp(contact.occurred_at),
        recorded_at=stamp(now),
        first_contact_complete=complete is not None,
    )
    await say_next(uow, investigation, fact, "investigation.contact")
    if contact.result is not ContactResult.GOOD_FAITH_ATTEMPT:
        await _keep(uow, rules, investigation, "ON_SCENE", "ON_SCENE", contact.occurred_at, late_reason, now)
    if complete:
        outcome = "ALL_VICTIMS_SEEN" if complete.everyone_seen else "GOOD_FAITH_ATTEMPT"
        await _keep(uow, rules, investigation, "FIRST_CONTACT", outcome, complete.occurred_at, late_reason, now)
    return investigation


async def record_finding(
    uow: UnitOfWork, rules: Rules, investigation_id: UUID, finding: Finding, occurred_at: datetime, late_reason: str
) -> Investigation:
    """The finding keeps FINDING and closes the investigation, but not over what is still owed to a child."""
    investigation = await store.lock_investigation(uow, investigation_id)
    investigation = model.found(investigation, finding, occurred_at, uow.clock())
    await _refuse_while_owed_to_children(uow, investigation)
    fact = events.FindingRecorded(
        investigation_id=investigation.id,
        finding=number(pb.Finding, finding.value),
        occurred_at=stamp(occurred_at),
    )
    await say_next(uow, investigation, fact, "investigation.finding")
    await _keep(uow, rules, investigation, "FINDING", "FOUND", occurred_at, late_reason)
    await promises.void(uow, rules, _subject(investigation), "the finding was made", kinds=ACKNOWLEDGEMENT)
    return investigation


async def close_alternative(uow: UnitOfWork, rules: Rules, investigation_id: UUID) -> Investigation:
    """The family of an alternative response is assessed: that ends it, but not over what is still owed to a child."""
    investigation = model.assessed(await store.lock_investigation(uow, investigation_id))
    await _refuse_while_owed_to_children(uow, investigation)
    await _say_closed(uow, investigation)
    await promises.void(uow, rules, _subject(investigation), "the family is assessed", kinds=ACKNOWLEDGEMENT)
    return investigation


async def hold(uow: UnitOfWork, report_id: str) -> None:
    """Nothing else happens to a report's investigation until the transaction ends.

    Held before any promise is closed: who records a contact holds it too before the office's chain of certificates, and
    in another order the two would wait for each other.
    """
    await store.lock_investigation_of_report(uow, UUID(report_id))


async def close_for(uow: UnitOfWork, rules: Rules, report_id: str, because: str) -> None:
    """Close the investigation of a report without a finding, if it has an open one, and void what it owes."""
    investigation = await store.lock_investigation_of_report(uow, UUID(report_id))
    if investigation is None or investigation.state is State.CLOSED:
        return
    investigation = model.closed(investigation, because)
    await _say_closed(uow, investigation)
    await promises.void(uow, rules, _subject(investigation), because)


async def _decided_anew(
    uow: UnitOfWork, rules: Rules, standing: Investigation, opening: Opening, tier: str
) -> Investigation:
    if standing.state is not State.CLOSED:
        return await _raise(uow, rules, standing, opening, tier)
    if model.asks_for_more(standing, tier, opening.alleged_victims, alternative=opening.alternative):
        return await _reopen(uow, rules, standing, opening, tier)
    return standing


async def _raise(uow: UnitOfWork, rules: Rules, standing: Investigation, opening: Opening, tier: str) -> Investigation:
    investigation = model.raised(standing, tier, opening.alleged_victims, alternative=opening.alternative)
    if investigation == standing:
        return standing
    fact = events.InvestigationRaised(
        investigation_id=investigation.id,
        tier=number(type_pb2.Tier, investigation.tier),
        alleged_victims=investigation.alleged_victims,
        raised_at=stamp(uow.clock()),
        alternative=investigation.alternative,
    )
    await say_next(uow, investigation, fact, "investigation.raise")
    if investigation.alternative:
        await promises.void(uow, rules, _subject(investigation), "decided ALTERNATIVE", kinds=frozenset({"FINDING"}))
    for promise in await ledger.lock_open(uow, _subject(investigation)):
        await promises.raise_to(uow, rules, promise, investigation.tier)
    await _owe(uow, rules, investigation, opening.clocks, f"raised {uow.clock().isoformat()}")
    return investigation


async def _reopen(uow: UnitOfWork, rules: Rules, standing: Investigation, opening: Opening, tier: str) -> Investigation:
    now = uow.clock()
    investigation = model.reopened(standing, tier, opening.alleged_victims, now, alternative=opening.alternative)
    fact = events.InvestigationReopened(
        investigation_id=investigation.id,
        tier=number(type_pb2.Tier, investigation.tier),
        alleged_victims=investigation.alleged_victims,
        reopened_at=stamp(now),
        alternative=investigation.alternative,
    )
    await say_next(uow, investigation, fact, "investigation.reopen")
    return await _begin(uow, rules, investigation, opening, reopening(now))


async def _begin(
    uow: UnitOfWork, rules: Rules, investigation: Investigation, opening: Opening, cause: str
) -> Investigation:
    choice = choose(await _candidates(uow, rules, investigation.office))
    if choice:
        investigation = await _give_to(uow, investigation, choice)
    await _owe(uow, rules, investigation, opening.clocks, cause)
    return investigation


async def _owe(uow: UnitOfWork, rules: Rules, investigation: Investigation, clocks: Sequence[str], cause: str) -> None:
    """Make what is owed from now on, and is neither open nor kept."""
    subject = _subject(investigation)
    open_kinds = {promise.kind for promise in await ledger.lock_open(uow, subject)}
    for kind in model.owed(investigation, clocks, await ledger.kept(uow, subject)):
        if kind not in open_kinds:
            await promises.make(uow, rules, _wanted(investigation, kind, cause))


async def _candidates(uow: UnitOfWork, rules: Rules, office: str) -> list[Candidate]:
    now = uow.clock()
    return await workforce.candidates(uow, office, now, rules.watch(office, now))


async def _named(uow: UnitOfWork, staff_id: UUID) -> Choice:
    staff, _ = await workforce.staff(uow, staff_id)
    if INVESTIGATOR not in staff.roles:
        raise Refused("INVALID_REQUEST", f"is no {INVESTIGATOR}", "staff_id")
    expired = [credential.code for credential in staff.credentials if credential.expires_at <= uow.clock()]
    if expired:
        raise Refused(
            "CREDENTIAL_EXPIRED", f"holds {', '.join(expired)}, which has expired: renew it first", "staff_id"
        )
    return Choice(str(staff_id), f"named by {acting().subject}")


async def _give_to(uow: UnitOfWork, investigation: Investigation, choice: Choice) -> Investigation:
    now = uow.clock()
    investigation = model.assigned(investigation, choice.staff_id, now)
    fact = events.WorkerAssigned(investigation_id=investigation.id, worker_id=choice.staff_id, assigned_at=stamp(now))
    await say_next(uow, investigation, fact, "investigation.assign", worker_why=choice.why)
    return investigation


async def _accept(uow: UnitOfWork, rules: Rules, investigation: Investigation) -> Investigation:
    by = acting().subject
    investigation = model.accepted(investigation, by, uow.clock())
    fact = events.AssignmentAccepted(investigation_id=investigation.id, worker_id=by)
    await say_next(uow, investigation, fact, "investigation.accept")
    await _keep(uow, rules, investigation, "ASSIGNMENT_ACK", ACKNOWLEDGED, uow.clock())
    return investigation


async def _keep(
    uow: UnitOfWork,
    rules: Rules,
    investigation: Investigation,
    kind: str,
    outcome: str,
    occurred_at: datetime,
    late_reason: str = "",
    recorded_at: datetime | None = None,
) -> None:
    act = Attempt(acting().subject, outcome, occurred_at, late_reason)
    await promises.keep(uow, rules, _subject(investigation), kind, act, recorded_at)


async def _say_opened(uow: UnitOfWork, investigation: Investigation) -> None:
    fact = events.InvestigationOpened(
        investigation_id=investigation.id,
        report_id=investigation.report_id,
        reference=investigation.reference,
        office=investigation.office,
        received_at=stamp(investigation.received_at),
        tier=number(type_pb2.Tier, investigation.tier),
        alleged_victims=investigation.alleged_victims,
        alternative=investigation.alternative,
    )
    await uow.emit(fact, aggregate_type=AGGREGATE, aggregate_id=investigation.id, sequence=investigation.version)
    await uow.audit("investigation.open", investigation.id, {"report": investigation.report_id})


async def _say_closed(uow: UnitOfWork, investigation: Investigation) -> None:
    fact = events.InvestigationClosed(
        investigation_id=investigation.id, reason=investigation.closed_because, closed_at=stamp(uow.clock())
    )
    await say_next(uow, investigation, fact, "investigation.close")


async def say_next(
    uow: UnitOfWork, investigation: Investigation, fact: Message, action: str, worker_why: str | None = None
) -> None:
    """Write the next version with its one fact and its audit row."""
    await store.save_investigation(uow, investigation, worker_why)
    await uow.emit(fact, aggregate_type=AGGREGATE, aggregate_id=investigation.id, sequence=investigation.version)
    await uow.audit(action, investigation.id, {"version": investigation.version})


async def _refuse_while_owed_to_children(uow: UnitOfWork, investigation: Investigation) -> None:
    open_kinds = {promise.kind for promise in await ledger.lock_open(uow, _subject(investigation))}
    if owed := open_kinds & OWED_TO_CHILDREN:
        raise Refused("WRONG_STATE", f"no end while this is owed: {', '.join(sorted(owed))}")


def _subject(investigation: Investigation) -> Subject:
    return Subject("investigation", investigation.id)


def _owner(investigation: Investigation) -> Owner:
    if investigation.worker_id:
        return Owner(OwnerKind.PERSON, investigation.worker_id)
    return Owner(OwnerKind.QUEUE, Queue(INVESTIGATOR, investigation.office).name)


def _wanted(investigation: Investigation, kind: str, cause: str) -> promises.Wanted:
    return promises.Wanted(
        kind=kind,
        subject=_subject(investigation),
        cause=cause,
        reference=investigation.reference,
        owner=_owner(investigation),
        office=investigation.office,
        tier=investigation.tier,
        received_at=investigation.received_at,
    )
