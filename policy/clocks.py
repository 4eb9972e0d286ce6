"""What a clock of a pack says: how long, in which unit, by whose calendar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from enum import StrEnum
from typing import Any

from policy.calendars import Calendar

NO_TIER = "none"


class Unit(StrEnum):
    """How a clock counts.

    SECONDS, MINUTES and HOURS are elapsed time; DAYS are calendar days at the same local clock time; BUSINESS_DAYS are
    counted in office time; NEXT is the next of some clock times on a business day.
    """

    SECONDS = "seconds"
    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"
    BUSINESS_DAYS = "business_days"
    NEXT = "next"


ELAPSED = frozenset({Unit.SECONDS, Unit.MINUTES, Unit.HOURS})


class Presence(StrEnum):
    """Where the owner of a voicemail box is; some clocks depend on it (R082-R085)."""

    IN = "in"
    AWAY = "away"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock, chosen for a tier, an office and a presence: `amount` of `unit`, or the next of `times`.

    `elapsed` is the whole time of a clock in an elapsed unit.
    """

    kind: str
    unit: Unit
    calendar: Calendar
    counted_from: str
    amount: int = 0
    times: tuple[time, ...] = ()
    recurring: bool = False
    elapsed: timedelta | None = None


def clock_from(kind: str, document: Mapping[str, Any], due: Mapping[str, Any], calendar: Calendar) -> Clock:
    """The clock for one entry of the pack's `due` list for this kind."""
    unit = next(unit for unit in Unit if unit in due)
    timed = unit is Unit.NEXT
    return Clock(
        kind=kind,
        unit=unit,
        calendar=calendar,
        counted_from=document["counted_from"],
        amount=0 if timed else due[unit],
        times=tuple(map(time.fromisoformat, due[unit])) if timed else (),
        recurring=document.get("recurring", False),
        elapsed=timedelta(**{unit.value: due[unit]}) if unit in ELAPSED else None,
    )


def duration_from(document: Mapping[str, int]) -> timedelta:
    """An elapsed time as a pack writes it, such as `{minutes: 15}`."""
    return timedelta(**document)
