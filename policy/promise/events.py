"""What can happen to a promise (events) and what the ledger must then do about it (effects)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

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
    """A person has seen it: the ladder holds for the pack's time, never beyond the due time. Seen is not kept."""

    by: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """A person tried. An outcome the pack stops on keeps the promise; any other leaves it exactly in its place.

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
    """Stop the clock for a legal reason the pack lists, until an instant known beforehand."""

    reason: str
    until: datetime
    by: str


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
    """Why an event was refused. The first four are also the answers to an alarm that comes too early or too late."""

    CLOSED = "CLOSED"
    HELD = "HELD"
    PAUSED = "PAUSED"
    NOT_YET = "NOT_YET"
    AFTER_DUE = "AFTER_DUE"
    AWAITS_CONFIRMATION = "AWAITS_CONFIRMATION"
    BEFORE_RECEIPT = "BEFORE_RECEIPT"
    EXTENSION_NOT_ALLOWED = "EXTENSION_NOT_ALLOWED"
    IN_THE_FUTURE = "IN_THE_FUTURE"
    LADDER_UNSOUND = "LADDER_UNSOUND"
    LATE_REASON_MISSING = "LATE_REASON_MISSING"
    NOT_CLIMBED = "NOT_CLIMBED"
    NOT_EARLIER = "NOT_EARLIER"
    NOT_PAUSED = "NOT_PAUSED"
    NOTHING_TO_CONFIRM = "NOTHING_TO_CONFIRM"
    NO_SUCH_RUNG = "NO_SUCH_RUNG"
    PAUSE_NOT_ALLOWED = "PAUSE_NOT_ALLOWED"
    REASON_MISSING = "REASON_MISSING"
    SAME_OWNER = "SAME_OWNER"
    SAME_PERSON = "SAME_PERSON"


class PromiseRefused(Exception):  # noqa: N818 - a refusal is an answer, not a fault of the program
    """The event is not allowed as the promise stands, and nothing has changed.

    `reason` is for programs, the text for people.
    """

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
