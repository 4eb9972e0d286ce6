"""Who is on a rung at an instant, by staff, presence and schedules. Ladders, drills and people ask the same way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from chassis.unit_of_work import UnitOfWork
from policy.ladders import Who
from policy.promise import Owner, OwnerKind
from services.casework.model.schedules import on_duty
from services.casework.model.workforce import Answer, Duties, Person, Queue, Workforce
from services.casework.promises.rules import Rules
from services.casework.store import schedules
from services.casework.store import workforce as store


@dataclass(frozen=True, slots=True)
class On:
    """The answer to who is on a rung: the people as they are then, why they, and whether their office is open."""

    answer: Answer
    people: tuple[Person, ...]
    office_open: bool


async def who_is_on(uow: UnitOfWork, rules: Rules, who: Who, owner: Owner, office: str, at: datetime) -> On:
    """What `on_rung` answers, with what else is known of these people at that instant."""
    workforce = await _concerned(uow, rules, owner, office, at)
    answer = workforce.on_rung(who, owner, office)
    people = (workforce.person(staff_id) for staff_id in answer.people)
    opening, _ = next(rules.calendar(office, at).office_hours(at))
    return On(answer, tuple(person for person in people if person), opening <= at)


async def on_rung(uow: UnitOfWork, rules: Rules, who: Who, owner: Owner, office: str, at: datetime) -> Answer:
    """Who is told when this rung of a promise of this owner and office is climbed at `at`, and why they."""
    return (await _concerned(uow, rules, owner, office, at)).on_rung(who, owner, office)


async def workforce_at(
    uow: UnitOfWork, rules: Rules, person: str | None, offices: Iterable[str], at: datetime
) -> Workforce:
    """Everybody who matters for a person or some offices, as they are at an instant, with who has duty then."""
    concerned = frozenset(offices)
    duties = await _duties(uow, rules, concerned, at)
    return await store.workforce(uow, person, concerned, at, lambda office: rules.watch(office, at), duties)


async def _concerned(uow: UnitOfWork, rules: Rules, owner: Owner, office: str, at: datetime) -> Workforce:
    if owner.kind is OwnerKind.PERSON:
        return await workforce_at(uow, rules, owner.id, [office], at)
    return await workforce_at(uow, rules, None, {office, Queue.parse(owner.id).office}, at)


async def _duties(uow: UnitOfWork, rules: Rules, offices: frozenset[str], at: datetime) -> Duties:
    rotations = await schedules.rotations(uow, offices)
    overrides = await schedules.overrides(uow, at, at + at.resolution) if rotations else []
    held: dict[Queue, tuple[str, ...]] = {}
    for rotation in rotations:
        queue = Queue(rotation.role, rotation.office)
        # A rotation that does not run now leaves the role to everybody who has it: better too many told than nobody.
        if people := on_duty(rotation, overrides, rules.calendar(rotation.office, at), at):
            held[queue] = tuple(sorted({*held.get(queue, ()), *people}))
    return held
