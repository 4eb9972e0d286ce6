"""What anybody can see of a contact through the public calls, as one snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

import grpc

from chassis.contract import instant
from hotline.casework.v1 import casework_service_pb2 as casework
from hotline.casework.v1 import promise_pb2 as ledger
from hotline.intake.v1 import intake_service_pb2 as intake
from hotline.notifications.v1 import notifications_service_pb2 as notifications
from hotline.triage.v1 import triage_service_pb2 as triage
from scenarios.crew import Desk, Method, persist
from scenarios.words import Moment

_Answer = TypeVar("_Answer")
_CLOSED = (ledger.PROMISE_STATE_KEPT, ledger.PROMISE_STATE_VOID)


@dataclass(frozen=True)
class Brought:
    """What intake answered: the ids under which all else is found."""

    contact_id: str
    received_at: datetime
    report_id: str = ""
    subject_id: str = ""
    reference: str = ""
    submitted_at: datetime | None = None


@dataclass(frozen=True)
class Watched:
    """One promise with its timeline and everybody it told."""

    promise: ledger.Promise
    history: tuple[ledger.PromiseEntry, ...] = ()
    told: tuple[ledger.Told, ...] = ()

    @property
    def closed(self) -> bool:
        """Whether it has its verdict."""
        return self.promise.clock.state in _CLOSED

    @property
    def fate(self) -> str:
        """The verdict of a closed promise, the state of another: MET, LATE, OPEN, ..."""
        if self.closed:
            return ledger.Verdict.Name(self.promise.verdict).removeprefix("VERDICT_")
        return ledger.PromiseState.Name(self.promise.clock.state).removeprefix("PROMISE_STATE_")

    @property
    def quiet_until(self) -> datetime | None:
        """When something more must happen by itself; None once it is closed."""
        clock = self.promise.clock
        return instant(clock.next_instant) if clock.HasField("next_instant") else None


@dataclass(frozen=True)
class Seen:
    """A contact at one moment. Empty parts have not come about, or cannot be seen yet."""

    brought: Brought | None = None
    contact: intake.Contact | None = None
    decision: triage.Decision | None = None
    investigation: casework.Investigation | None = None
    promises: tuple[Watched, ...] = ()
    deliveries: tuple[notifications.Delivery, ...] = ()

    @property
    def decided(self) -> bool:
        """Whether a person has decided."""
        return self.decision is not None and self.decision.state == triage.DECISION_STATE_DECIDED

    @property
    def worker(self) -> str:
        """The staff id of whoever the investigation is assigned to, or ""."""
        return self.investigation.worker_id if self.investigation else ""

    def of_kind(self, kind: str) -> list[Watched]:
        """The contact's promises of a kind, in the order they were made."""
        return [each for each in self.promises if each.promise.kind == kind]

    def sent(self, key: str) -> bool:
        """Whether the message with this key has gone out."""
        return any(d.key == key and d.state == notifications.DELIVERY_STATE_SENT for d in self.deliveries)


def happened(moment: Moment, seen: Seen, person: str) -> datetime | None:
    """When a moment came about as the system has recorded it, if `person` (a staff id) can know of it; else None.

    Where the system keeps no time of its own (a recommendation, an assignment) it is the time of receipt.
    """
    brought = seen.brought
    if brought is None:
        return None
    match moment.what:
        case "opened":
            return brought.received_at
        case "submitted":
            return brought.submitted_at
        case "recommended":
            return brought.received_at if seen.decision is not None else None
        case "decided":
            return instant(seen.decision.decided_at) if seen.decision is not None and seen.decided else None
        case "assigned":
            return brought.received_at if seen.worker else None
        case "accepted":
            return brought.received_at if _accepted(seen) else None
        case _:
            return min(_of_promises(moment, seen, person), default=None)


def _accepted(seen: Seen) -> bool:
    state = seen.investigation.state if seen.investigation else casework.INVESTIGATION_STATE_UNSPECIFIED
    return state >= casework.INVESTIGATION_STATE_ACCEPTED


def _of_promises(moment: Moment, seen: Seen, person: str) -> Iterator[datetime]:
    for watched in seen.of_kind(moment.kind):
        match moment.what:
            case "made" if watched.history:
                yield instant(watched.history[0].recorded_at)
            case "overdue" if watched.promise.clock.state == ledger.PROMISE_STATE_OVERDUE or watched.fate == "LATE":
                yield instant(watched.promise.due_at)
            case "closed" if watched.closed and watched.history:
                yield instant(watched.history[-1].recorded_at)
            case "told":
                for told in watched.told:
                    heard = told.HasField("told_at") or seen.sent(told.key)
                    if heard and moment.rung in ("", told.rung) and person in ("", told.staff_id):
                        yield instant(told.climbed_at)


async def look(desk: Desk, brought: Brought, before: Seen) -> Seen:
    """The contact as it can be seen now; what can no longer change is not asked again."""
    seen = replace(before, brought=brought)
    if before.contact is None or before.contact.state != intake.CONTACT_STATE_CLOSED:
        contact = await persist(desk.intake.GetContact, intake.GetContactRequest(contact_id=brought.contact_id))
        seen = replace(seen, contact=contact.contact)
    if brought.report_id:
        seen = await _look_at_report(desk, brought.report_id, seen)
    if brought.reference or brought.subject_id:
        seen = replace(seen, promises=await _promises(desk, brought, seen))
        seen = replace(seen, deliveries=await _deliveries(desk, brought, seen))
    return seen


async def _look_at_report(desk: Desk, report_id: str, seen: Seen) -> Seen:
    if not seen.decided:
        decision = await _found(desk.triage.GetDecision, triage.GetDecisionRequest(report_id=report_id))
        seen = replace(seen, decision=decision.decision if decision else None)
    found = await _found(desk.casework.GetInvestigation, casework.GetInvestigationRequest(report_id=report_id))
    return replace(seen, investigation=found.investigation if found else None)


async def _promises(desk: Desk, brought: Brought, seen: Seen) -> tuple[Watched, ...]:
    request = casework.ListPromisesRequest(
        reference=brought.reference, subject_id="" if brought.reference else brought.subject_id
    )
    listed = (await persist(desk.casework.ListPromises, request)).promises
    known = {each.promise.promise_id: each for each in seen.promises}
    watched = [await _watched(desk, promise, known.get(promise.promise_id)) for promise in listed]
    return tuple(sorted(watched, key=_made))


def _made(watched: Watched) -> tuple[int, str]:
    recorded = watched.history[0].recorded_at.ToNanoseconds() if watched.history else 0
    return recorded, watched.promise.promise_id


async def _watched(desk: Desk, promise: ledger.Promise, before: Watched | None) -> Watched:
    if before is not None and before.promise.clock.version == promise.clock.version and _all_told(before):
        return before
    found = await persist(desk.casework.GetPromise, casework.GetPromiseRequest(promise_id=promise.promise_id))
    return Watched(found.promise, tuple(found.history), tuple(found.told))


def _all_told(watched: Watched) -> bool:
    return all(told.HasField("told_at") for told in watched.told)


async def _deliveries(desk: Desk, brought: Brought, seen: Seen) -> tuple[notifications.Delivery, ...]:
    # A message left for a person has no reference: its mails are found by the promise they are about.
    requests = (
        [notifications.ListDeliveriesRequest(reference=brought.reference)]
        if brought.reference
        else [notifications.ListDeliveriesRequest(promise_id=each.promise.promise_id) for each in seen.promises]
    )
    found = [await persist(desk.notifications.ListDeliveries, request) for request in requests]
    return tuple(delivery for answer in found for delivery in answer.deliveries)


async def _found(call: Method[_Answer], request: Any) -> _Answer | None:
    try:
        return await persist(call, request)
    except grpc.aio.AioRpcError as error:
        if error.code() is grpc.StatusCode.NOT_FOUND:
            return None
        raise
