"""Who works here, and who is on a rung at an instant: one function answers it, and says why.

People are references; names and addresses stay in the store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from policy.ladders import Who
from policy.promise import Owner, OwnerKind

SUPERVISOR, MANAGER, DIRECTOR, INVESTIGATOR = "SUPERVISOR", "MANAGER", "DIRECTOR", "INVESTIGATOR"


@dataclass(frozen=True, slots=True)
class Person:
    """One member of staff as ladders and assignment see them at the instant that was asked about.

    `absent` says why they are not there; empty: they are. `reachable`: one of their contact methods is verified.
    """

    staff_id: str
    roles: frozenset[str]
    office: str
    supervisor_id: str | None = None
    absent: str = ""
    reachable: bool = True


@dataclass(frozen=True, slots=True)
class Passed:
    """Somebody who might have been told and is not, and why."""

    staff_id: str
    why: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The people on a rung, in a fixed order, and why they; `people` may be empty, and `why` says why that is."""

    people: tuple[str, ...]
    why: str
    passed: tuple[Passed, ...] = ()


@dataclass(frozen=True, slots=True)
class Queue:
    """People found at the moment they are needed: those of one role in one office. Written `<role>:<office>`."""

    role: str
    office: str

    @classmethod
    def parse(cls, name: str) -> Queue:
        """The queue of this name."""
        role, _, office = name.partition(":")
        return cls(role, office)

    @property
    def name(self) -> str:
        """As owners of promises are written."""
        return f"{self.role}:{self.office}"


Duties = Mapping[Queue, tuple[str, ...]]
"""Who has duty for a role in an office at an instant. A queue that has no rotation at all is not in it."""


class Workforce:
    """The people who matter for one question, as they are at one instant."""

    def __init__(self, people: Iterable[Person], duties: Duties | None = None) -> None:
        self._people: Mapping[str, Person] = {person.staff_id: person for person in people}
        self._duties: Duties = duties or {}

    @property
    def people(self) -> tuple[Person, ...]:
        """Everybody who matters, in a fixed order."""
        return tuple(self._people[staff_id] for staff_id in sorted(self._people))

    def person(self, staff_id: str) -> Person | None:
        """One of them, if they matter here."""
        return self._people.get(staff_id)

    def on_rung(self, who: Who, owner: Owner, office: str) -> Answer:
        """Who is told when a rung is climbed: people who are there. An empty answer is climbed past at once."""
        rungs: Mapping[Who, Callable[[Owner, str], Answer]] = {
            Who.OWNER: self._owner,
            Who.SUPERVISOR: self._supervisor,
            Who.MANAGER: self._manager,
            Who.DIRECTOR: self._director,
        }
        return rungs[who](owner, office)

    def takes_over_from(self, staff_id: str, office: str) -> Owner:
        """Who owes it when somebody is away for long (R084): the nearest above who is there, or the office's queue."""
        above = next((person for person in self._chain(staff_id) if not person.absent), None)
        if above:
            return Owner(OwnerKind.PERSON, above.staff_id)
        return Owner(OwnerKind.QUEUE, Queue(SUPERVISOR, office).name)

    def _owner(self, owner: Owner, office: str) -> Answer:
        if owner.kind is OwnerKind.QUEUE:
            return self._of_queue(Queue.parse(owner.id))
        person = self._people.get(owner.id)
        if person and not person.absent:
            return Answer((person.staff_id,), "owner")
        above = self._supervisor(owner, office)
        why = f"owner {'absent' if person else 'not registered'}: {above.why}"
        passed = (Passed(person.staff_id, person.absent),) if person else ()
        return Answer(above.people, why, passed + above.passed)

    def _supervisor(self, owner: Owner, office: str) -> Answer:
        if owner.kind is OwnerKind.QUEUE:
            return self._of_queue(Queue(SUPERVISOR, Queue.parse(owner.id).office))
        above = next(self._chain(owner.id), None)
        if above is None:
            return self._of_queue(Queue(SUPERVISOR, office), "the owner has no supervisor")
        return self._this(above, "the owner's supervisor", Queue(SUPERVISOR, office))

    def _manager(self, owner: Owner, office: str) -> Answer:
        if owner.kind is OwnerKind.QUEUE:
            return self._of_queue(Queue(MANAGER, Queue.parse(owner.id).office))
        above = next((person for person in self._chain(owner.id) if MANAGER in person.roles), None)
        if above is None:
            return self._of_queue(Queue(MANAGER, office), "no manager above the owner")
        return self._this(above, "the next manager above the owner", Queue(MANAGER, office))

    def _director(self, _owner: Owner, _office: str) -> Answer:
        rotations = {queue: people for queue, people in self._duties.items() if queue.role == DIRECTOR}
        if rotations:
            on_duty = sorted({staff_id for people in rotations.values() for staff_id in people})
            return self._on_duty(on_duty, f"{DIRECTOR} on duty", "")
        return self._there(lambda person: DIRECTOR in person.roles, DIRECTOR, f"{DIRECTOR} of any office", "")

    def _this(self, person: Person, why: str, instead: Queue) -> Answer:
        """One person by their place; where the office keeps a rotation for such, whoever has duty stands in."""
        if not person.absent:
            return Answer((person.staff_id,), why)
        passed = (Passed(person.staff_id, person.absent),)
        if instead not in self._duties:
            return Answer((), f"{why} is absent", passed)
        stand_in = self._of_queue(instead, f"{why} is absent")
        return Answer(stand_in.people, stand_in.why, passed + stand_in.passed)

    def _of_queue(self, queue: Queue, because: str = "") -> Answer:
        """Who has duty, where the office keeps a rotation for the role; everybody there of the role, where not."""
        label = f"{queue.role} of {queue.office}"
        if queue in self._duties:
            return self._on_duty(self._duties[queue], f"{label} on duty", because)
        return self._there(lambda p: queue.role in p.roles and p.office == queue.office, label, label, because)

    def _on_duty(self, on_duty: Iterable[str], label: str, because: str) -> Answer:
        known = [self._people[staff_id] for staff_id in on_duty if staff_id in self._people]
        return _present(known, label, f"no {label} is present", because)

    def _there(self, wanted: Callable[[Person], bool], role: str, label: str, because: str) -> Answer:
        return _present([person for person in self.people if wanted(person)], label, f"no {role} is present", because)

    def _chain(self, staff_id: str) -> Iterator[Person]:
        """The people above somebody, nearest first; a chain that bites its own tail ends there."""
        seen = {staff_id}
        person = self._people.get(staff_id)
        while person and person.supervisor_id and person.supervisor_id not in seen:
            seen.add(person.supervisor_id)
            person = self._people.get(person.supervisor_id)
            if person:
                yield person


def _present(people: Iterable[Person], label: str, nobody: str, because: str) -> Answer:
    known = tuple(people)
    there = tuple(person.staff_id for person in known if not person.absent)
    why = label if there else nobody
    return Answer(
        there,
        f"{because}: {why}" if because else why,
        tuple(Passed(person.staff_id, person.absent) for person in known if person.absent),
    )


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who could take an investigation, with how many they have open."""

    staff_id: str
    load: int


@dataclass(frozen=True, slots=True)
class Choice:
    """Who takes it, and why they."""

    staff_id: str
    why: str


def choose(candidates: Iterable[Candidate]) -> Choice | None:
    """The one with the least open investigations, ties by reference; None if nobody is there."""
    ranked = sorted(candidates, key=lambda candidate: (candidate.load, candidate.staff_id))
    if not ranked:
        return None
    first = ranked[0]
    return Choice(first.staff_id, f"least open investigations ({first.load}) of {len(ranked)} present")
