"""What a pack says about keeping one kind of promise: its ladder and its terms.

A ladder is written in a pack as delays and shares (`Rung`); when a promise is born each rung is put on an instant
(`ArmedRung`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Annotated

from pydantic import PlainSerializer

# A set has no order of its own; written down it needs one, or equal promises would differ byte for byte.
Codes = Annotated[frozenset[str], PlainSerializer(sorted, return_type=list[str])]


class Who(StrEnum):
    """Whom a rung tells; resolved to people through workforce and schedules at the moment the rung is climbed."""

    OWNER = "OWNER"
    SUPERVISOR = "SUPERVISOR"
    MANAGER = "MANAGER"
    DIRECTOR = "DIRECTOR"


class Channel(StrEnum):
    """How somebody is told. Everybody has a mail address, from registration; telephones once they were proven."""

    EMAIL = "EMAIL"
    SMS = "SMS"
    VOICE = "VOICE"


E164 = r"\+[1-9][0-9]{6,14}"
"""A telephone number as gateways are given it, as a pattern of all of it."""

BY_MAIL = (Channel.EMAIL,)
"""How a rung tells its people where the pack says nothing else."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung as the pack writes it: at `share` of the clock's own time from receipt to due, plus the elapsed `delay`.

    `share` counts office time for clocks in business days, elapsed time otherwise; 0 with a delay is "so long after
    receipt".
    A `warning` asks for no acknowledgement and is not sent when its time has passed before the promise was born.
    `acknowledge`: once the rung is climbed, so many different people must have acknowledged before the ladder holds.
    `how`: the channels by which each of its people is told, the first that takes the message being enough.
    """

    name: str
    who: Who
    share: Fraction = Fraction(0)
    delay: timedelta = timedelta(0)
    warning: bool = False
    acknowledge: int = 1
    how: tuple[Channel, ...] = BY_MAIL


@dataclass(frozen=True, slots=True)
class Ladder:
    """The rungs in climbing order; after the last one it repeats every `repeat` until the promise is closed."""

    name: str
    rungs: tuple[Rung, ...]
    repeat: timedelta
    acknowledgement: timedelta


@dataclass(frozen=True, slots=True)
class Extension:
    """How often, and by how much at most, a pack lets a person move a due time."""

    times: int
    days: int


@dataclass(frozen=True, slots=True)
class Terms:
    """What a pack says about one kind of promise beside its clock and ladder.

    `stops_on`: outcomes of an attempt that keep the promise. `outcomes`: those that leave it as it is; empty in what
    was written before packs listed them, then any does. `pause_reasons`: the only legal reasons to stop the clock.
    `late_entry`: how far occurred and recorded time may lie apart before another person must confirm.
    """

    stops_on: Codes
    late_entry: timedelta
    extension: Extension | None = None
    pause_reasons: Codes = frozenset()
    outcomes: Codes = frozenset()


@dataclass(frozen=True, slots=True)
class ArmedRung:
    """A rung of one promise, put on its instant (UTC).

    `climbed` is the cycle it was last climbed in, 0 while it is still ahead. Holds, pauses and repetitions move `at`;
    `first_at` is where the pack had put it, None in what was written before that was kept.
    """

    name: str
    who: Who
    at: datetime
    warning: bool = False
    climbed: int = 0
    acknowledge: int = 1
    how: tuple[Channel, ...] = BY_MAIL
    first_at: datetime | None = None
