"""What a look ahead or around finds, and whom to tell of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from policy.ladders import BY_MAIL, Channel, Who
from policy.promise import Owner, OwnerKind
from services.casework.model.workforce import DIRECTOR, MANAGER, SUPERVISOR, Answer, Queue, Workforce

# Which role's queue owes a kind of promise where no person owns it; all others are the supervisors'.
OWED_BY: Mapping[str, str] = {
    "SCREENING_DECISION": "SCREENER",
    "RECALL_REPORTER": "INTAKE_SPECIALIST",
    "CALLBACK_URGENT": "INTAKE_SPECIALIST",
    "CALLBACK_STANDARD": "INTAKE_SPECIALIST",
    "FIRST_CONTACT": "INVESTIGATOR",
    "ON_SCENE": "INVESTIGATOR",
    "DISPATCH_ACK": "INVESTIGATOR",
    "ASSIGNMENT_ACK": "INVESTIGATOR",
    "FINDING": "INVESTIGATOR",
    "REPORTER_CONFIRMATION": "INVESTIGATOR",
    "PLAN_REVIEW": "INVESTIGATOR",
}
_LEADERS = frozenset({SUPERVISOR, MANAGER, DIRECTOR})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a sweep found: in which office, what about, when, and why."""

    office: str
    code: str
    about: str
    at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to one person (empty: the last resort), told once for its key; values are codes and times.

    `how`: by which channels, in order. `not_after`: from then on it would mislead.
    """

    key: str
    staff_id: str
    template: str
    values: Mapping[str, str]
    how: tuple[Channel, ...] = BY_MAIL
    not_after: datetime | None = None


@dataclass(frozen=True, slots=True)
class Swept:
    """All that a sweep found, and whom to tell."""

    findings: tuple[Finding, ...] = ()
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Gap:
    """A rung that would reach nobody: of whose ladder, which, and why."""

    about: str
    why: str


def gaps(workforce: Workforce, office: str, ladders: Mapping[str, Sequence[Who]]) -> tuple[Gap, ...]:
    """Every rung of every ladder of an office that resolves to nobody who can be reached.

    `ladders`: whom the ladders of each kind of promise tell. Queues are tried, and everybody there as an owner.
    """
    owners = {
        Owner(OwnerKind.QUEUE, Queue(OWED_BY.get(kind, SUPERVISOR), office).name): whom
        for kind, whom in _by_queue(ladders).items()
    }
    everyone = tuple(sorted({who for whom in ladders.values() for who in whom}))
    owners |= {
        Owner(OwnerKind.PERSON, person.staff_id): everyone
        for person in workforce.people
        if person.office == office and not person.absent and not person.roles & _LEADERS
    }
    return tuple(
        Gap(f"{who} of {owner.id}", why)
        for owner, whom in owners.items()
        for who in whom
        if (why := _why_unreachable(workforce, workforce.on_rung(who, owner, office)))
    )


def told_of_office(workforce: Workforce, office: str) -> tuple[str, ...]:
    """Who hears of what is wrong in an office: its supervisors and managers.

    If none of them can be reached, its director too, and if they cannot be reached either, the last resort too.
    """
    queue = Owner(OwnerKind.QUEUE, Queue(SUPERVISOR, office).name)
    told: list[str] = []
    for above in ((Who.OWNER, Who.MANAGER), (Who.DIRECTOR,)):
        people = [staff_id for who in above for staff_id in workforce.on_rung(who, queue, office).people]
        told += people
        if _reaches_somebody(workforce, people):
            return tuple(dict.fromkeys(told))
    return (*dict.fromkeys(told), "")


def _by_queue(ladders: Mapping[str, Sequence[Who]]) -> Mapping[str, tuple[Who, ...]]:
    """One kind for each role that owes: what its ladders tell together."""
    merged: dict[str, tuple[str, set[Who]]] = {}
    for kind, whom in ladders.items():
        merged.setdefault(OWED_BY.get(kind, SUPERVISOR), (kind, set()))[1].update(whom)
    return {kind: tuple(sorted(whom)) for kind, whom in merged.values()}


def _why_unreachable(workforce: Workforce, answer: Answer) -> str:
    if _reaches_somebody(workforce, answer.people):
        return ""
    return f"{answer.why}: no contact method is verified" if answer.people else answer.why


def _reaches_somebody(workforce: Workforce, people: Iterable[str]) -> bool:
    return any(person and person.reachable for person in map(workforce.person, people))
