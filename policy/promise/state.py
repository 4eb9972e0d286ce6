"""A promise as it stands: what the ledger keeps of it, and what follows from that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from policy.due import Armed
from policy.ladders import ArmedRung, Terms
from policy.packs import PackRef


def utc(at: datetime) -> datetime:
    """The same instant in UTC; ValueError if it names no zone, for then it is no instant."""
    if at.tzinfo is None:
        raise ValueError(f"{at} has no time zone: pass zone-aware datetimes only")
    return at.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Subject:
    """What the promise is about, by type and id."""

    type: str
    id: str


class OwnerKind(StrEnum):
    """Who can own a promise."""

    PERSON = "PERSON"
    QUEUE = "QUEUE"


@dataclass(frozen=True, slots=True)
class Owner:
    """The person or the queue that owes it, by reference."""

    kind: OwnerKind
    id: str


@dataclass(frozen=True, slots=True)
class Timetable:
    """The due time and the ladder on their instants (UTC); `steps` say how the due time came about.

    The rungs stand in climbing order. The last one, once climbed, stands on its next repetition.
    """

    due_at: datetime
    steps: tuple[str, ...]
    rungs: tuple[ArmedRung, ...]
    repeat: timedelta
    acknowledgement: timedelta

    @classmethod
    def of(cls, armed: Armed) -> Timetable:
        """The timetable a pack gives."""
        return cls(armed.due.at, armed.due.steps, armed.rungs, armed.ladder.repeat, armed.ladder.acknowledgement)

    @property
    def pending(self) -> tuple[ArmedRung, ...]:
        """The rungs still to be climbed, and the last one, which repeats."""
        return tuple(rung for rung in self.rungs if not rung.climbed or rung is self.rungs[-1])

    def moved(self, by: timedelta, because: str) -> Timetable:
        """The due time and every pending rung, moved alike; the reason becomes a step of the computation."""
        due_at = self.due_at + by
        step = f"{because}: due {due_at.isoformat()}"
        return replace(self.delayed(by, self.pending), due_at=due_at, steps=(*self.steps, step))

    def delayed(self, by: timedelta, rungs: tuple[ArmedRung, ...]) -> Timetable:
        """The given rungs moved, the due time where it was."""
        return replace(self, rungs=tuple(replace(r, at=r.at + by) if r in rungs else r for r in self.rungs))


@dataclass(frozen=True, slots=True)
class Stop:
    """A stopping of the clock: why, and from when to when."""

    reason: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Act:
    """A stopping attempt as the ledger has it: who did what, when it occurred, when it was recorded, why so late."""

    by: str
    outcome: str
    occurred_at: datetime
    recorded_at: datetime
    late_reason: str = ""


class Verdict(StrEnum):
    """MET: the stopping act occurred by the due time. LATE: after it. VOID: the promise had lost its object."""

    MET = "MET"
    LATE = "LATE"
    VOID = "VOID"


@dataclass(frozen=True, slots=True)
class Closing:
    """How it ended: `occurred_at` is what a person says, `recorded_at` the ledger's clock, `reason` their words."""

    verdict: Verdict
    by: str
    outcome: str
    occurred_at: datetime
    recorded_at: datetime
    closed_at: datetime
    recorded_late: bool = False
    reason: str = ""
    confirmed_by: str | None = None


class State(StrEnum):
    """Where a promise stands, in one word.

    OVERDUE is open after the due time. AWAITS_CONFIRMATION is open with a late entry nobody has vouched for yet. KEPT
    (in time or late) and VOID are closed.
    """

    OPEN = "OPEN"
    HELD = "HELD"
    PAUSED = "PAUSED"
    OVERDUE = "OVERDUE"
    AWAITS_CONFIRMATION = "AWAITS_CONFIRMATION"
    KEPT = "KEPT"
    VOID = "VOID"


@dataclass(frozen=True, slots=True)
class Promise:
    """One thing owed to somebody by a time. Times are UTC; people, subjects and queues are references, never names.

    `reference` is what people call the subject. Its clock was chosen by `first_tier` and by `presence`: where the owner
    of a voicemail box was. `version` rises by one with every accepted event. `cycle` counts how often the ladder was
    begun anew: a person is told once per cycle and rung. `stopped_for` is how long the clock has been stopped in all, a
    running pause counted to its end. `acknowledged` are those who have said that they have seen it, since the ladder
    last went on.
    """

    id: UUID
    kind: str
    subject: Subject
    reference: str
    owner: Owner
    office: str | None
    tier: str | None
    pack: PackRef
    terms: Terms
    received_at: datetime
    made_at: datetime
    first_due_at: datetime
    timetable: Timetable
    first_tier: str | None = None
    presence: str | None = None
    version: int = 1
    cycle: int = 1
    overdue: bool = False
    attempts: int = 0
    extensions: int = 0
    stopped_for: timedelta = timedelta(0)
    held_until: datetime | None = None
    acknowledged: tuple[str, ...] = ()
    stop: Stop | None = None
    late_entry: Act | None = None
    closing: Closing | None = None

    @property
    def due_at(self) -> datetime:
        """When it must be kept, as it stands now."""
        return self.timetable.due_at

    @property
    def state(self) -> State:
        """The one word for where it stands; what calls for a person comes before what does not."""
        if self.closing:
            return State.VOID if self.closing.verdict is Verdict.VOID else State.KEPT
        if self.late_entry:
            return State.AWAITS_CONFIRMATION
        if self.stop:
            return State.PAUSED
        if self.overdue:
            return State.OVERDUE
        return State.HELD if self.held_until else State.OPEN

    @property
    def next_instant(self) -> datetime | None:
        """When the alarm must ring next (it may have passed already); None once closed."""
        return None if self.closing else min(self._instants())

    def _instants(self) -> Iterator[datetime]:
        if self.stop:
            yield self.stop.until
        elif self.held_until:
            yield self.held_until
        else:
            yield from (rung.at for rung in self.timetable.pending)
            if not self.overdue:
                yield self.due_at
