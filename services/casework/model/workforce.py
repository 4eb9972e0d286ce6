"""Who works here, and who is on a rung at an instant: one function answers it, and says why.

People are references; names and addresses stay in the store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from policy.clocks import Presence
from policy.ladders import Who
from policy.promise import Owner, OwnerKind

SUPERVISOR, MANAGER, DIRECTOR, INVESTIGATOR = "SUPERVISOR", "MANAGER", "DIRECTOR", "INVESTIGATOR"

# R084: absent for more than a day, and the supervisor takes over; shorter, the owner checks from away.
_AWAY_AT_MOST = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Person:
    """One member of staff as ladders and assignment see them; `absent` is meant at the instant that was asked about."""

    staff_id: str
    roles: frozenset[str]
    office: str
    supervisor_id: str | None = None
    absent: bool = False


@dataclass(frozen=True, slots=True)
class Absence:
    """A time somebody is not there, from `starts_at` until before `ends_at`."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """The people on a rung, in a fixed order, and why they; `people` may be empty, and `why` says why that is."""

    people: tuple[str, ...]
    why: str


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


class Workforce:
    """The people who matter for one question, as they are at one instant."""

    def __init__(self, people: Iterable[Person]) -> None:
        self._people: Mapping[str, Person] = {person.staff_id: person for person in people}

    def on_rung(self, who: Who, owner: Owner, office: str) -> Answer:
        """Who is told when a rung is climbed: people who are there. An empty answer is climbed past at once."""
        rungs: Mapping[Who, Callable[[Owner, str], Answer]] = {
            Who.OWNER: self._owner,
            Who.SUPERVISOR: self._supervisor,
            Who.MANAGER: self._manager,
            Who.DIRECTOR: self._director,
        }
        return rungs[who](owner, office)

    def _owner(self, owner: Owner, office: str) -> Answer:
        if owner.kind is OwnerKind.QUEUE:
            queue = Queue.parse(owner.id)
            return self._present(queue.role, queue.office)
        person = self._people.get(owner.id)
        if person and not person.absent:
            return Answer((person.staff_id,), "owner")
        above = self._supervisor(owner, office)
        return Answer(above.people, f"owner {'absent' if person else 'not registered'}: {above.why}")

    def _supervisor(self, owner: Owner, office: str) -> Answer:
        if owner.kind is OwnerKind.QUEUE:
            return self._present(SUPERVISOR, Queue.parse(owner.id).office)
        above = next(self._chain(owner.id), None)
        if above is None:
            return self._present(SUPERVISOR, office, "the owner has no supervisor")
        if above.absent:
            return Answer((), "the owner's supervisor is absent")
        return Answer((above.staff_id,), "the owner's supervisor")

    def _manager(self, owner: Owner, office: str) -> Answer:
        if owner.kind is OwnerKind.QUEUE:
            return self._present(MANAGER, Queue.parse(owner.id).office)
        above = next((person for person in self._chain(owner.id) if MANAGER in person.roles), None)
        if above is None:
            return self._present(MANAGER, office, "no manager above the owner")
        if above.absent:
            return Answer((), "the manager above the owner is absent")
        return Answer((above.staff_id,), "the next manager above the owner")

    def _director(self, _owner: Owner, _office: str) -> Answer:
        present = self._those(lambda person: DIRECTOR in person.roles)
        return Answer(present, f"{DIRECTOR} of any office" if present else f"no {DIRECTOR} is present")

    def _present(self, role: str, office: str, because: str = "") -> Answer:
        present = self._those(lambda person: role in person.roles and person.office == office)
        why = f"{role} of {office}" if present else f"no {role} of {office} is present"
        return Answer(present, f"{because}: {why}" if because else why)

    def _those(self, wanted: Callable[[Person], bool]) -> tuple[str, ...]:
        return tuple(sorted(p.staff_id for p in self._people.values() if not p.absent and wanted(p)))

    def _chain(self, staff_id: str) -> Iterator[Person]:
        """The people above somebody, nearest first; a chain that bites its own tail ends there."""
        seen = {staff_id}
        person = self._people.get(staff_id)
        while person and person.supervisor_id and person.supervisor_id not in seen:
            seen.add(person.supervisor_id)
            person = self._people.get(person.supervisor_id)
            if person:
                yield person


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


def presence(absence: Absence | None) -> Presence:
    """Where the owner of a voicemail box is (R082-R085): in, away for a day at most, or absent for longer."""
    if absence is None:
        return Presence.IN
    return Presence.AWAY if absence.ends_at - absence.starts_at <= _AWAY_AT_MOST else Presence.ABSENT
