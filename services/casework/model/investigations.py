"""An investigation: from the decision that opens it to the finding that closes it.

An alternative response is one in all but its end: it makes no finding, its family is assessed and helped (R033).
Neither owns a deadline: what is owed by when are promises of the ledger; here stands what must be done to keep each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from policy.errors import Refused

FOUND = "FOUND"
"""Why an investigation is closed that came to its finding."""
ASSESSED = "ASSESSED"
"""Why an alternative response is closed that came to its end."""

# Done again after a finding; a reporter's confirmation, for one, is not.
_FOR_THE_CHILDREN = frozenset({"ON_SCENE", "FIRST_CONTACT", "FINDING"})
# Ends that answer what was decided; whatever else closed it answers nothing.
_ANSWERED = frozenset({FOUND, ASSESSED})


class State(StrEnum):
    """How far an investigation has come."""

    OPEN = "OPEN"
    ASSIGNED = "ASSIGNED"
    ACCEPTED = "ACCEPTED"
    CONTACTED = "CONTACTED"
    CLOSED = "CLOSED"


class ContactResult(StrEnum):
    """What came of going to a child."""

    ON_SCENE = "ON_SCENE"
    SEEN_IN_PERSON = "SEEN_IN_PERSON"
    GOOD_FAITH_ATTEMPT = "GOOD_FAITH_ATTEMPT"


class Finding(StrEnum):
    """The end of an investigation; a pack has local words for both."""

    SUBSTANTIATED = "SUBSTANTIATED"
    UNSUBSTANTIATED = "UNSUBSTANTIATED"


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact with one alleged victim; the child is a reference within the report."""

    child_id: str
    result: ContactResult
    occurred_at: datetime

    @property
    def covers(self) -> bool:
        """Whether the duty to see this child counts as done: seen, or a documented attempt in good faith."""
        return self.result in (ContactResult.SEEN_IN_PERSON, ContactResult.GOOD_FAITH_ATTEMPT)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A worker said: it is mine."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Assignment:
    """A worker was given the investigation; `version` is the investigation's that this made."""

    to: str
    version: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Investigation:
    """One investigation of one report. Times are zone-aware; people and children are references."""

    id: str
    report_id: str
    reference: str
    office: str
    received_at: datetime
    opened_at: datetime
    tier: str
    alleged_victims: tuple[str, ...]
    alternative: bool = False
    state: State = State.OPEN
    worker_id: str | None = None
    assignment: Assignment | None = None
    acceptance: Acceptance | None = None
    contacts: tuple[Contact, ...] = ()
    # The last finding; it stands until another one is made, also while the investigation is open again.
    finding: Finding | None = None
    closed_because: str = ""
    # Open again after a finding or an assessment: what was done for the children before does not count.
    counts_from: datetime | None = None
    version: int = 1

    @property
    def contacted(self) -> tuple[str, ...]:
        """The alleged victims who are covered, in the order of the report."""
        covered = {contact.child_id for contact in self.contacts if contact.covers}
        return tuple(child for child in self.alleged_victims if child in covered)

    @property
    def given(self) -> Assignment | None:
        """How its worker got it; None while it has none, or where that was not recorded."""
        return self.assignment if self.assignment and self.assignment.to == self.worker_id else None

    @property
    def accepted_at(self) -> datetime | None:
        """Since when its worker has it; None while they have yet to say so."""
        return self.acceptance.at if self.acceptance and self.acceptance.by == self.worker_id else None


@dataclass(frozen=True, slots=True)
class FirstContact:
    """First contact is complete: when its last needed part occurred, and whether every child was seen."""

    occurred_at: datetime
    everyone_seen: bool


def promised(tier: str, clocks: Sequence[str]) -> tuple[str, ...]:
    """The kinds of promise an investigation of this tier has; `clocks` are those the decision named."""
    kinds = ["FIRST_CONTACT", "FINDING"]
    if tier == "T0":
        kinds.insert(0, "ON_SCENE")
    if "REPORTER_CONFIRMATION" in clocks:
        kinds.append("REPORTER_CONFIRMATION")
    return tuple(kinds)


def owed(investigation: Investigation, clocks: Sequence[str], kept: Mapping[str, datetime]) -> tuple[str, ...]:
    """Of what is promised now, what nobody has kept; `kept` says when each kind was kept last.

    An alternative response owes no finding.
    """
    since = investigation.counts_from

    def is_done(kind: str) -> bool:
        if kind == "FINDING" and investigation.alternative:
            return True
        if kind == "FIRST_CONTACT" and first_contact(investigation) is None:
            return False
        return kind in kept and (since is None or kind not in _FOR_THE_CHILDREN or kept[kind] > since)

    return tuple(kind for kind in promised(investigation.tier, clocks) if not is_done(kind))


def raised(
    investigation: Investigation, tier: str, alleged_victims: Sequence[str], *, alternative: bool = False
) -> Investigation:
    """The same at the more urgent of both tiers and about all the children; itself if that is nothing new (R038).

    It is from now on the kind of response that was decided last.
    """
    _must_be_open(investigation)
    children = tuple(dict.fromkeys((*investigation.alleged_victims, *alleged_victims)))
    urgent = min(investigation.tier, tier)  # T0 comes first, in urgency as in the alphabet
    after = _next(investigation, tier=urgent, alleged_victims=children, alternative=alternative)
    if replace(after, version=investigation.version) == investigation:
        return investigation
    if after.state is State.CONTACTED and first_contact(after) is None:
        return replace(after, state=State.ACCEPTED if after.accepted_at else State.ASSIGNED)
    return after


def asks_for_more(
    investigation: Investigation, tier: str, alleged_victims: Sequence[str], *, alternative: bool = False
) -> bool:
    """Whether a decision cannot be left with this closed investigation.

    One that ended with a finding answers whatever it was opened for, and so does an alternative response whose family
    was assessed, unless a finding is asked for now; one that was closed without answers nothing.
    """
    if investigation.closed_because not in _ANSWERED or (investigation.alternative and not alternative):
        return True
    return tier < investigation.tier or not set(alleged_victims) <= set(investigation.alleged_victims)


def reopened(
    investigation: Investigation, tier: str, alleged_victims: Sequence[str], now: datetime, *, alternative: bool = False
) -> Investigation:
    """Open again, as it was decided now, with nobody's name on it; it is still the investigation of its receipt."""
    if investigation.state is not State.CLOSED:
        raise Refused("WRONG_STATE", "the investigation is open")
    after = _next(
        investigation,
        state=State.OPEN,
        worker_id=None,
        acceptance=None,
        tier=tier,
        alleged_victims=tuple(alleged_victims),
        alternative=alternative,
        closed_because="",
    )
    return replace(after, contacts=(), counts_from=now) if investigation.closed_because in _ANSWERED else after


def assigned(investigation: Investigation, worker_id: str, now: datetime) -> Investigation:
    """The same with this worker, who has yet to accept; children already seen stay seen."""
    _must_be_open(investigation)
    state = State.CONTACTED if investigation.state is State.CONTACTED else State.ASSIGNED
    assignment = Assignment(worker_id, investigation.version + 1, now)
    return _next(investigation, worker_id=worker_id, assignment=assignment, acceptance=None, state=state)


def accepted(investigation: Investigation, by: str, now: datetime) -> Investigation:
    """The worker says: it is mine. Only the worker can, and the first time counts."""
    _must_be_open(investigation)
    if investigation.worker_id != by:
        raise Refused("WRONG_STATE", "the investigation is assigned to somebody else: only its worker can accept it")
    state = State.ACCEPTED if investigation.state is State.ASSIGNED else investigation.state
    since = investigation.accepted_at or now
    return _next(investigation, state=state, acceptance=Acceptance(by, since))


def contacted(investigation: Investigation, contact: Contact, now: datetime) -> Investigation:
    """The same with one more contact on record."""
    _must_be_open(investigation)
    if contact.child_id not in investigation.alleged_victims:
        raise Refused("INVALID_REQUEST", "is no alleged victim of this report", "child_id")
    _must_be_possible(investigation, contact.occurred_at, now)
    after = _next(investigation, contacts=(*investigation.contacts, contact))
    return replace(after, state=State.CONTACTED) if first_contact(after) else after


def contact_refused(investigation: Investigation, *, accepted: bool) -> Investigation:
    """The same after a contact was taken out of its contacts, because nobody vouches for it.

    Where a child is not covered any more, it stands again as before first contact: `accepted`, or only assigned.
    """
    if investigation.state is not State.CONTACTED or first_contact(investigation):
        return _next(investigation)
    before = State.ACCEPTED if accepted else State.ASSIGNED
    return _next(investigation, state=before if investigation.worker_id else State.OPEN)


def finding_refused(investigation: Investigation) -> Investigation:
    """Open as it was before its finding, for which nobody vouches."""
    if investigation.state is not State.CLOSED or investigation.closed_because != FOUND:
        raise Refused("WRONG_STATE", "the investigation was not closed by a finding")
    return _next(investigation, state=State.CONTACTED, finding=None, closed_because="")


def first_contact(investigation: Investigation) -> FirstContact | None:
    """None until every alleged victim is covered; then it occurred when the last of them first was."""
    covering = [contact for contact in investigation.contacts if contact.covers]
    firsts: dict[str, datetime] = {}
    for contact in covering:
        firsts[contact.child_id] = min(contact.occurred_at, firsts.get(contact.child_id, contact.occurred_at))
    if set(firsts) != set(investigation.alleged_victims):
        return None
    seen = {contact.child_id for contact in covering if contact.result is ContactResult.SEEN_IN_PERSON}
    return FirstContact(max(firsts.values()), seen == set(investigation.alleged_victims))


def found(investigation: Investigation, finding: Finding, occurred_at: datetime, now: datetime) -> Investigation:
    """Closed with its finding, which nobody can make before every alleged victim is covered."""
    _must_be_open(investigation)
    if investigation.alternative:
        raise Refused("WRONG_STATE", "an alternative response makes no finding: close it when its family is assessed")
    _every_child_must_be_covered(investigation)
    _must_be_possible(investigation, occurred_at, now)
    return _next(investigation, finding=finding, state=State.CLOSED, closed_because=FOUND)


def assessed(investigation: Investigation) -> Investigation:
    """An alternative response at its end, which nobody can say has come before every alleged victim is covered."""
    if not investigation.alternative:
        raise Refused("WRONG_STATE", "this is an investigation: its finding closes it")
    _every_child_must_be_covered(investigation)
    return closed(investigation, ASSESSED)


def closed(investigation: Investigation, because: str) -> Investigation:
    """Closed without a finding, for a reason that is a code."""
    _must_be_open(investigation)
    return _next(investigation, state=State.CLOSED, closed_because=because)


def _next(investigation: Investigation, **changes: object) -> Investigation:
    return replace(investigation, version=investigation.version + 1, **changes)  # type: ignore[arg-type]


def _must_be_open(investigation: Investigation) -> None:
    if investigation.state is State.CLOSED:
        raise Refused("WRONG_STATE", "the investigation is closed")


def _every_child_must_be_covered(investigation: Investigation) -> None:
    missing = [child for child in investigation.alleged_victims if child not in investigation.contacted]
    if missing:
        raise Refused("WRONG_STATE", f"no end before every alleged victim is covered: {len(missing)} are not")


def _must_be_possible(investigation: Investigation, occurred_at: datetime, now: datetime) -> None:
    if occurred_at > now:
        raise Refused("IMPOSSIBLE_TIME", "lies in the future", "occurred_at")
    if occurred_at < investigation.received_at:
        raise Refused("IMPOSSIBLE_TIME", "lies before the report was received", "occurred_at")
