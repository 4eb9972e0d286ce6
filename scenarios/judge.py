"""Compares what came of a contact with what its scenario expects; every difference is one line."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby, zip_longest

from hotline.intake.v1 import intake_service_pb2 as intake
from hotline.notifications.v1 import notifications_service_pb2 as notifications
from hotline.triage.v1 import triage_service_pb2 as triage
from hotline.type.v1 import type_pb2
from scenarios.model import Contact, Decision, Promised, Scenario
from scenarios.seen import Seen, Watched, happened
from scenarios.words import ToldOf

Names = Mapping[str, str]
"""The people of the shift: slug by staff id."""

Judge = Callable[[Scenario, Contact, Seen, Names], list[str]]


def outcome(scenario: Scenario, contact: Contact, seen: Seen, names: Names) -> list[str]:
    """Differences in reports, decisions, assignments and verdicts: what must hold even while parts are killed."""
    return [
        *_ending(contact, seen),
        *_report(contact, seen),
        *_decision(contact.expect.decision, seen),
        *_assigned(contact, seen, names),
        *_fates(contact, seen),
        *_repeated(seen),
    ]


def everything(scenario: Scenario, contact: Contact, seen: Seen, names: Names) -> list[str]:
    """Differences in the outcome, in who was told of what, in who kept it, and in the order of things."""
    return [
        *outcome(scenario, contact, seen, names),
        *_told(contact, seen, names),
        *_messages(contact, seen, names),
        *_order(contact, seen),
    ]


def _ending(contact: Contact, seen: Seen) -> Iterator[str]:
    if seen.contact is None:
        yield "the contact was never opened"
    elif seen.contact.state != intake.CONTACT_STATE_CLOSED:
        yield "the contact is still open"
    else:
        was = intake.ContactOutcome.Name(seen.contact.outcome).removeprefix("CONTACT_OUTCOME_")
        if was != contact.outcome:
            yield f"the contact ended as {was}, expected {contact.outcome}"


def _report(contact: Contact, seen: Seen) -> Iterator[str]:
    if contact.report and not (seen.brought and seen.brought.report_id):
        yield "the report was never submitted"


def _decision(expected: Decision | None, seen: Seen) -> Iterator[str]:
    if expected is None:
        return
    if seen.decision is None:
        yield f"screening has not come to anything, expected {expected.screening}"
        return
    was = screening_of(seen.decision)
    if was != expected.screening:
        yield f"screening came to {was}, expected {expected.screening}"
    if seen.decided != expected.decided and expected.screening != "NEEDS_FACTS":
        yield "a person has decided, which was not expected" if seen.decided else "no person has decided yet"
    if (tier := tier_of(seen.decision)) != expected.tier:
        yield f"the tier is {tier}, expected {expected.tier}"
    reason = json.loads(seen.decision.recommendation_json or "{}").get("reason")
    if expected.reason is not None and reason != expected.reason:
        yield f"the reason is {reason}, expected {expected.reason}"


def screening_of(decision: triage.Decision) -> str:
    """SCREEN_IN, SCREEN_OUT, ...: decided or, until then, recommended; NEEDS_FACTS where it cannot be screened."""
    if decision.state == triage.DECISION_STATE_NEEDS_FACTS:
        return "NEEDS_FACTS"
    decided = decision.state == triage.DECISION_STATE_DECIDED
    return triage.Screening.Name(decision.decided if decided else decision.recommended).removeprefix("SCREENING_")


def tier_of(decision: triage.Decision) -> str:
    """T0 to T4, or none: decided or, until then, recommended."""
    decided = decision.state == triage.DECISION_STATE_DECIDED
    tier = decision.decided_tier if decided else decision.recommended_tier
    return type_pb2.Tier.Name(tier).removeprefix("TIER_") if tier else "none"


def _assigned(contact: Contact, seen: Seen, names: Names) -> Iterator[str]:
    worker = names.get(seen.worker, seen.worker) or None
    if worker != contact.expect.assigned:
        yield f"assigned to {worker or 'nobody'}, expected {contact.expect.assigned or 'nobody'}"


def _fates(contact: Contact, seen: Seen) -> Iterator[str]:
    for kind, expected in contact.expect.promises.items():
        for promised, watched in zip_longest(expected, seen.of_kind(kind)):
            if watched is None:
                yield f"{kind} was never promised, expected {promised.is_}"
            elif promised is None:
                yield f"{kind} was promised once too often; it is {watched.fate}"
            elif watched.fate != promised.is_:
                yield f"{kind} is {watched.fate}, expected {promised.is_}"
    for watched in seen.promises:
        if watched.promise.kind not in contact.expect.promises:
            yield f"{watched.promise.kind} was promised, which was not expected; it is {watched.fate}"


def _repeated(seen: Seen) -> Iterator[str]:
    for what in ("key", "message_id"):
        found = Counter(str(getattr(delivery, what)) for delivery in seen.deliveries)
        for value, times in found.items():
            if value and times > 1:
                yield f"{times} notifications have the {what} {value}, expected one"


def _told(contact: Contact, seen: Seen, names: Names) -> Iterator[str]:
    for kind, expected in contact.expect.promises.items():
        for promised, watched in zip(expected, seen.of_kind(kind), strict=False):
            yield from _told_of(kind, promised, watched, names)
    for watched in seen.promises:
        for told in watched.told:
            if not told.HasField("told_at"):
                yield f"{watched.promise.kind}: {names.get(told.staff_id, told.staff_id)}@{told.rung} was not told yet"


def _told_of(kind: str, promised: Promised, watched: Watched, names: Names) -> Iterator[str]:
    was = in_order(watched, names)
    if promised.told is not None and not _same(promised.told, was):
        yield f"{kind} told {_listed(was)}, expected {_listed(promised.told)}"
    if promised.kept_by is not None and watched.closed and (by := kept_by(watched, names)) != promised.kept_by:
        yield f"{kind} was kept by {by}, expected {promised.kept_by}"


def kept_by(watched: Watched, names: Names) -> str:
    """Whose act closed the promise. Where a fact of another service told of the act, the service only wrote it down."""
    last = watched.history[-1]
    event = json.loads(last.detail_json or "{}").get("event", {})
    by = str(event.get("by") or last.actor)
    return names.get(by, by)


def in_order(watched: Watched, names: Names) -> list[ToldOf]:
    """Who was told of a promise at which rung, in the order of climbing."""
    rungs = [rung.name for rung in watched.promise.rungs]
    ordered = sorted(watched.told, key=lambda t: (t.climbed_at.ToNanoseconds(), t.cycle, rungs.index(t.rung)))
    return [ToldOf(names.get(told.staff_id, told.staff_id), told.rung) for told in ordered]


def _same(expected: Sequence[ToldOf], was: Sequence[ToldOf]) -> bool:
    left = _by_rung(was)
    for each in _by_rung(expected):
        plain = ToldOf(each.who, each.rung)
        if not left or left.pop(0) != plain:
            return False
        while each.repeats and left and left[0] == plain:
            left.pop(0)
    return not left


def _by_rung(told: Sequence[ToldOf]) -> list[ToldOf]:
    # Several people at one rung are told at once: among them there is no order.
    return [each for _, group in groupby(told, lambda t: t.rung) for each in sorted(group, key=lambda t: t.who)]


def _listed(told: Sequence[ToldOf]) -> str:
    return ", ".join(map(str, told)) or "nobody"


def _messages(contact: Contact, seen: Seen, names: Names) -> Iterator[str]:
    rungs = {told.key for watched in seen.promises for told in watched.told}
    was = [
        ToldOf(names.get(delivery.staff_id, delivery.staff_id), delivery.template)
        for delivery in seen.deliveries
        if delivery.key not in rungs
    ]
    missing, extra = Counter(contact.expect.messages) - Counter(was), Counter(was) - Counter(contact.expect.messages)
    yield from (f"no message {message}" for message in missing.elements())
    yield from (f"a message {message}, which was not expected" for message in extra.elements())
    for delivery in seen.deliveries:
        if delivery.state != notifications.DELIVERY_STATE_SENT:
            state = notifications.DeliveryState.Name(delivery.state).removeprefix("DELIVERY_STATE_")
            whom = names.get(delivery.staff_id, delivery.staff_id)
            yield f"a message to {whom} is {state}{': ' if delivery.problem else ''}{delivery.problem}"


def _order(contact: Contact, seen: Seen) -> Iterator[str]:
    last: tuple[datetime, str] | None = None
    for moment in contact.expect.order:
        at = happened(moment, seen, "")
        if at is None:
            yield f"it never came to {moment}"
        else:
            if last is not None and at < last[0]:
                yield f"{moment} came before {last[1]}"
            last = (at, str(moment))
