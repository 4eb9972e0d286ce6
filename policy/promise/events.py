"""What can happen to a promise (events) and what the ledger must then do about it (effects)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from policy.errors import Refused
from policy.ladders import Who
from policy.promise.state import Closing, Owner, Promise, Timetable


@dataclass(frozen=True, slots=True)
class Alarm:
    """The next instant has come: climb every rung that is due, say so when the due time has passed."""


@dataclass(frozen=True, slots=True)
class RungWasEmpty:
    """A rung just climbed resolved to nobody: the next one is climbed at once."""

    rung: str


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """A person has seen it: the ladder holds for the pack's time, never beyond the due time. Seen is not kept.

    Where the rungs climbed ask for several people, it holds once so many different ones have said so.
    """

    by: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """A person tried. An outcome the pack stops on keeps the promise; any other of its list leaves it in its place.

    `occurred_at` is when it happened, as the person says. A stopping attempt recorded later than the pack's
    `late_entry` needs a `late_reason` and another person's confirmation.
    """

    by: str
    outcome: str
    occurred_at: datetime
    late_reason: str = ""


@dataclass(frozen=True, slots=True)
class ConfirmLateEntry:
    """Another person vouches for the attempt that was recorded late: the promise was kept when it says."""

    by: str


@dataclass(frozen=True, slots=True)
class RefuseLateEntry:
    """Another person does not vouch for it: the ladder resumes at once."""

    by: str
    why: str


@dataclass(frozen=True, slots=True)
class Delegate:
    """Somebody else (a person or a queue) owns it now: told at once in a new cycle; the received time stays (R086)."""

    to: Owner
    by: str


@dataclass(frozen=True, slots=True)
class EscalateTo:
    """Tell a chosen rung now, whatever the time; every other rung keeps its instant."""

    rung: str
    by: str


@dataclass(frozen=True, slots=True)
class Extend:
    """Move the due time by `days` to `due_at` (computed from the pack), as often and as far as the pack allows."""

    days: int
    due_at: datetime
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Stop the clock for a legal reason the pack lists, until an instant known beforehand.

    `since`: from then on instead of from now, for a reason that was known before anybody had been told of the promise.
    """

    reason: str
    until: datetime
    by: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Resume:
    """The reason has gone before its time: the clock runs on from now."""

    by: str


@dataclass(frozen=True, slots=True)
class Retier:
    """The report was upgraded: the same promise gets the timetable of the higher tier, which may only be earlier."""

    tier: str
    timetable: Timetable
    by: str


@dataclass(frozen=True, slots=True)
class Void:
    """The promise has lost its object (a duplicate, a merge, a mistake): closed without having been kept."""

    by: str
    why: str


Event = (
    Alarm
    | RungWasEmpty
    | Acknowledge
    | Attempt
    | ConfirmLateEntry
    | RefuseLateEntry
    | Delegate
    | EscalateTo
    | Extend
    | Pause
    | Resume
    | Retier
    | Void
)


@dataclass(frozen=True, slots=True)
class Climb:
    """Tell the people of one rung. Effects come oldest rung first; `at` is the instant at which the rung fell due."""

    rung: str
    who: Who
    cycle: int
    at: datetime
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Passed:
    """A warning whose time had gone: nobody is told."""

    rung: str
    cycle: int
    at: datetime


@dataclass(frozen=True, slots=True)
class NobodyLeft:
    """The last rung was empty too: tell the pack's last-resort contact. The ladder goes on repeating."""

    rung: str
    cycle: int


@dataclass(frozen=True, slots=True)
class FellOverdue:
    """The due time has passed and the promise is still open."""

    due_at: datetime


@dataclass(frozen=True, slots=True)
class ConfirmationNeeded:
    """An attempt was recorded late: somebody other than `of` must confirm or refuse it."""

    of: str


@dataclass(frozen=True, slots=True)
class Close:
    """The promise is closed: write its certificate in the same transaction."""

    closing: Closing


Effect = Climb | Passed | NobodyLeft | FellOverdue | ConfirmationNeeded | Close


@dataclass(frozen=True, slots=True)
class Step:
    """What became of the promise, and what the ledger must do about it, in order."""

    promise: Promise
    effects: tuple[Effect, ...] = ()


class Reason(StrEnum):
    """Why a person's event is refused, in the words of the contract's table of reasons."""

    PROMISE_CLOSED = "PROMISE_CLOSED"
    WRONG_STATE = "WRONG_STATE"
    NOT_IN_PACK = "NOT_IN_PACK"
    NOT_FOUND = "NOT_FOUND"
    IMPOSSIBLE_TIME = "IMPOSSIBLE_TIME"
    ONLY_EARLIER = "ONLY_EARLIER"
    REASON_REQUIRED = "REASON_REQUIRED"
    FOUR_EYES = "FOUR_EYES"


class PromiseRefused(Refused):
    """The event is not allowed as the promise stands, and nothing has changed; `field` names a wrong value of it."""


class Waiting(StrEnum):
    """Why nothing is due on a promise: it is closed, acknowledged, stopped, or its next instant is still ahead."""

    CLOSED = "CLOSED"
    HELD = "HELD"
    PAUSED = "PAUSED"
    NOT_YET = "NOT_YET"


class NothingDue(Exception):
    """An alarm rang and nothing is due; nothing has changed. `waiting` says why."""

    def __init__(self, waiting: Waiting) -> None:
        super().__init__(f"nothing is due: {waiting}")
        self.waiting = waiting
