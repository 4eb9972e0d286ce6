"""What workflows are started with, signalled and told: ids, codes and times only, as plain JSON.

Histories outlive releases: a field is only ever added, with a default.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class PromiseClock:
    """The whole clock of a promise, as each of its facts carries it; `next_instant` is None once it is closed.

    Version 0 stands for a promise whose clock is not known yet.
    """

    promise_id: str
    version: int = 0
    next_instant: datetime | None = None


@dataclass
class Alarm:
    """All that an alarm knows, carried whole when it continues as new."""

    clock: PromiseClock
    # Seconds without an answer of the ledger after which the last resort is told.
    patience: float = 60.0
    # Since when it gives none; the last resort is told once each time.
    silent_since: datetime | None = None
    # Started by the fact that made the promise: the clock is the ledger's, and nobody is to be told before its instant.
    just_made: bool = False


@dataclass(frozen=True)
class Climb:
    """Ask the ledger: what of this promise fell due by `as_of`?"""

    promise_id: str
    as_of: datetime


@dataclass(frozen=True)
class Notice:
    """One person who must be told of one promise; `key` is the notification's."""

    key: str
    staff_id: str
    promise_id: str
    kind: str
    reference: str
    rung: str
    due_at: datetime
    warning: bool = False
    overdue: bool = False
    # When it is safe to call, as the caller said.
    safe_from: datetime | None = None
    safe_until: datetime | None = None
    # In whose clocks times are told.
    office: str = ""
    # The channels by which to tell them, in order; none: by mail.
    how: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Climbed:
    """The ledger's answer: its clock after the climb, and everyone not known to have been told."""

    outcome: str
    clock: PromiseClock
    notices: list[Notice] = field(default_factory=list)
    nobody_left: bool = False
    # The version by which this cycle's ladder came to its end without anybody; 0: it has not, or an old ledger answers.
    nobody_left_version: int = 0


@dataclass(frozen=True)
class CallForHelp:
    """Tell the last resort what has been so `since`: the template says what."""

    key: str
    promise_id: str
    template: str
    since: datetime


@dataclass(frozen=True)
class Assignment:
    """A worker was given the investigation; `sequence` is the investigation's version that this made."""

    sequence: int
    worker_id: str
    assigned_at: datetime


@dataclass(frozen=True)
class Progress:
    """What a fact says about how far an investigation has come; what has happened once stays so."""

    every_child_seen: bool = False
    closed: bool = False


@dataclass
class Story:
    """All that the story of an investigation knows, carried whole when it continues as new."""

    investigation_id: str
    assignment: Assignment | None = None
    # The assignment that was dispatched last, by its sequence.
    dispatched: int = 0
    # How often casework was asked for a worker.
    asked: int = 0
    has_worker: bool = False
    every_child_seen: bool = False
    closed: bool = False


@dataclass(frozen=True)
class Standing:
    """How an investigation stands in casework's own record; `tier` by its number in the contract."""

    reference: str
    office: str
    tier: int
    has_worker: bool = False
    every_child_seen: bool = False
    closed: bool = False
    # How its worker got it, where casework has recorded that.
    assignment: Assignment | None = None


@dataclass(frozen=True)
class WorkerWanted:
    """Ask casework to give the investigation to whoever can take it; each `attempt` is a call of its own."""

    investigation_id: str
    attempt: int


@dataclass(frozen=True)
class Dispatch:
    """Ask casework for the promise that the worker accepts this assignment."""

    investigation_id: str
    assignment: Assignment


@dataclass(frozen=True)
class Sweep:
    """Look ahead or around as of an instant; None: the one its schedule started it for."""

    kind: str
    every_minutes: int
    as_of: datetime | None = None


@dataclass(frozen=True)
class SweepNotice:
    """One message of a sweep; nobody named: the last resort. The values are codes and times."""

    key: str
    staff_id: str
    template: str
    values: dict[str, str] = field(default_factory=dict)
    # The channels by which to tell them, in order; none: by mail.
    how: list[str] = field(default_factory=list)
    # From then on it would mislead.
    not_after: datetime | None = None


@dataclass(frozen=True)
class Swept:
    """How much a sweep found, and whom to tell."""

    findings: int
    notices: list[SweepNotice] = field(default_factory=list)
