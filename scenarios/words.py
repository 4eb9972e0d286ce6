"""The small words of a scenario file, each one scalar: durations, ages, moments, and who is told at which rung."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, StringConstraints, WithJsonSchema

SLUG = r"[a-z][a-z0-9-]{0,39}"
KIND = r"[A-Z][A-Z_]{2,39}"
RUNG = r"[A-Za-z][A-Za-z0-9_-]{0,39}"

_DURATION = r"(?=\d)(?:(\d+)m)?(?:(\d+)s)?"
_AGE = r"(\d{1,3}) (years?|months?)"
_TOLD = rf"({SLUG})@({RUNG})(\+?)"
_MOMENT = (
    r"(opened|submitted|recommended|decided|assigned|accepted)"
    rf"|(told) of ({KIND})(?: at ({RUNG}))?"
    rf"|(made|overdue|closed) ({KIND})"
    rf"|at ({_DURATION})"
)

Slug = Annotated[str, StringConstraints(pattern=f"^{SLUG}$")]
Kind = Annotated[str, StringConstraints(pattern=f"^{KIND}$")]
RungName = Annotated[str, StringConstraints(pattern=f"^{RUNG}$")]


@dataclass(frozen=True, slots=True)
class Moment:
    """Something a person can know: `what` has happened to the contact, to its promise of `kind`, or the clock."""

    what: str
    kind: str = ""
    rung: str = ""
    offset: timedelta = timedelta(0)

    def __str__(self) -> str:
        match self.what:
            case "told":
                return f"told of {self.kind}" + (f" at {self.rung}" if self.rung else "")
            case "at":
                return f"at {written(self.offset)}"
            case _:
                return f"{self.what} {self.kind}".strip()


@dataclass(frozen=True, slots=True)
class ToldOf:
    """A person of the staff, told at a rung; `repeats` where the rung may come round any number of times more."""

    who: str
    rung: str
    repeats: bool = False

    def __str__(self) -> str:
        return f"{self.who}@{self.rung}{'+' if self.repeats else ''}"


def written(duration: timedelta) -> str:
    """A duration as a scenario writes it: `90s` is `1m30s`."""
    minutes, seconds = divmod(round(duration.total_seconds()), 60)
    return (f"{minutes}m" if minutes else "") + (f"{seconds}s" if seconds or not minutes else "")


def _duration(value: Any) -> timedelta:
    found = re.fullmatch(_DURATION, value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("a duration is written as in 12s, 2m or 1m30s")
    return timedelta(minutes=int(found[1] or 0), seconds=int(found[2] or 0))


def _age(value: Any) -> int:
    found = re.fullmatch(_AGE, value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("an age is written as in 9 years or 5 months")
    return int(found[1]) * (12 if found[2].startswith("year") else 1)


def _moment(value: Any) -> Moment:
    found = re.fullmatch(_MOMENT, value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(
            "a moment is one of opened, submitted, recommended, decided, assigned, accepted, made KIND, overdue KIND, "
            "closed KIND, told of KIND, told of KIND at RUNG, or a time of the shift as in at 1m30s"
        )
    if found[1]:
        return Moment(found[1])
    if found[2]:
        return Moment("told", kind=found[3], rung=found[4] or "")
    if found[5]:
        return Moment(found[5], kind=found[6])
    return Moment("at", offset=_duration(found[7]))


def _told(value: Any) -> ToldOf:
    found = re.fullmatch(_TOLD, value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("who is told is written person@rung, with a + where the rung may repeat")
    return ToldOf(found[1], found[2], bool(found[3]))


def _text(pattern: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^(?:{pattern})$"})


Duration = Annotated[timedelta, BeforeValidator(_duration), _text(_DURATION)]
Months = Annotated[int, BeforeValidator(_age), _text(_AGE)]
When = Annotated[Moment, BeforeValidator(_moment), _text(_MOMENT)]
Told = Annotated[ToldOf, BeforeValidator(_told), _text(_TOLD)]
