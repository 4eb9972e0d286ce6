"""Who works when: rotations give each day to one of their members, overrides give a stretch of time to somebody else.

A swap is two overrides that two people have agreed on. Instants are UTC; the times of a rotation are its office's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from policy.calendars import Calendar
from policy.workforce import Rest

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Rotation:
    """Members take turns of `turn_days` days from `first_day` on; of each of its `weekdays`, the time from `begins`.

    A time that ends at or before it begins ends on the next day. `on_call`: people may be called but sleep at home, so
    that rules of rest do not count it. `last_day` None: it goes on.
    """

    id: str
    role: str
    office: str
    members: tuple[str, ...]
    first_day: date
    begins: time
    ends: time
    turn_days: int = 1
    weekdays: frozenset[int] = frozenset(range(7))
    on_call: bool = False
    last_day: date | None = None


@dataclass(frozen=True, slots=True)
class Override:
    """From `starts_at` until before `ends_at` the rotation's duty is this person's, whoever's turn it is."""

    rotation_id: str
    starts_at: datetime
    ends_at: datetime
    staff_id: str


@dataclass(frozen=True, slots=True)
class Duty:
    """A stretch of time that one person has."""

    starts_at: datetime
    ends_at: datetime
    staff_id: str


def duties(
    rotation: Rotation, overrides: Iterable[Override], calendar: Calendar, start: datetime, end: datetime
) -> tuple[Duty, ...]:
    """Who has the rotation's duty between two instants, in order; of two overrides of one time, the later one holds."""
    held = list(_turns(rotation, calendar, start, end))
    for override in overrides:
        if override.rotation_id == rotation.id and override.starts_at < end and override.ends_at > start:
            given = Duty(override.starts_at, override.ends_at, override.staff_id)
            held = [part for duty in held for part in _outside(duty, given)] + [given]
    return tuple(sorted(_joined(held), key=lambda duty: (duty.starts_at, duty.staff_id)))


def on_duty(rotation: Rotation, overrides: Iterable[Override], calendar: Calendar, at: datetime) -> tuple[str, ...]:
    """Who has the duty at an instant: nobody if the rotation does not run then."""
    held = duties(rotation, overrides, calendar, at, at + timedelta(microseconds=1))
    return tuple(sorted({duty.staff_id for duty in held if duty.starts_at <= at < duty.ends_at}))


def has_all_of(held: Iterable[Duty], staff_id: str, start: datetime, end: datetime) -> bool:
    """Whether somebody has the duty for the whole of a stretch of time."""
    return any(duty.staff_id == staff_id and duty.starts_at <= start and end <= duty.ends_at for duty in held)


def uncovered(held: Iterable[Duty], absences: Iterable[tuple[datetime, datetime, str]]) -> tuple[Duty, ...]:
    """The parts of duties whose person will not be there; `absences` are (from, until, person)."""
    away = tuple(absences)
    return tuple(
        Duty(max(duty.starts_at, starts_at), min(duty.ends_at, ends_at), duty.staff_id)
        for duty in held
        for starts_at, ends_at, person in away
        if person == duty.staff_id and starts_at < duty.ends_at and duty.starts_at < ends_at
    )


def strain(worked: Iterable[Duty], rest: Rest) -> str:
    """Which rule of rest one person's duties break first (R123); empty if none."""
    shifts = tuple(_joined(worked))
    for shift in shifts:
        if shift.ends_at - shift.starts_at > rest.longest_shift:
            return f"the shift of {shift.starts_at.isoformat()} is longer than {_hours(rest.longest_shift)}"
    for earlier, later in pairwise(shifts):
        if later.starts_at - earlier.ends_at < rest.between_shifts:
            return f"less than {_hours(rest.between_shifts)} of rest before {later.starts_at.isoformat()}"
    for shift in shifts:
        if _worked(shifts, shift.starts_at, shift.starts_at + _WEEK) > rest.in_seven_days:
            return f"more than {_hours(rest.in_seven_days)} in the seven days from {shift.starts_at.isoformat()}"
    return ""


def _turns(rotation: Rotation, calendar: Calendar, start: datetime, end: datetime) -> Iterator[Duty]:
    day = max(calendar.local(start).date() - _DAY, rotation.first_day)
    last = min(calendar.local(end).date(), rotation.last_day or date.max)
    while day <= last:
        if day.weekday() in rotation.weekdays:
            until = day + _DAY if rotation.ends <= rotation.begins else day
            duty = Duty(_at(calendar, day, rotation.begins), _at(calendar, until, rotation.ends), _whose(rotation, day))
            if duty.starts_at < end and duty.ends_at > start:
                yield duty
        day += _DAY


def _whose(rotation: Rotation, day: date) -> str:
    return rotation.members[(day - rotation.first_day).days // rotation.turn_days % len(rotation.members)]


def _outside(duty: Duty, given: Duty) -> Iterator[Duty]:
    """What is left of a duty beside the part that was given to somebody."""
    if given.ends_at <= duty.starts_at or duty.ends_at <= given.starts_at:
        yield duty
        return
    if duty.starts_at < given.starts_at:
        yield replace(duty, ends_at=given.starts_at)
    if given.ends_at < duty.ends_at:
        yield replace(duty, starts_at=given.ends_at)


def _joined(held: Iterable[Duty]) -> Iterator[Duty]:
    """Stretches of one person that touch or overlap are one."""
    current: dict[str, Duty] = {}
    for duty in sorted(held, key=lambda duty: duty.starts_at):
        before = current.get(duty.staff_id)
        if before and duty.starts_at <= before.ends_at:
            current[duty.staff_id] = replace(before, ends_at=max(before.ends_at, duty.ends_at))
            continue
        if before:
            yield before
        current[duty.staff_id] = duty
    yield from current.values()


def _worked(shifts: Sequence[Duty], start: datetime, end: datetime) -> timedelta:
    parts = (min(shift.ends_at, end) - max(shift.starts_at, start) for shift in shifts)
    return sum((part for part in parts if part > timedelta(0)), timedelta(0))


def _at(calendar: Calendar, day: date, clock: time) -> datetime:
    return calendar.at(day, timedelta(hours=clock.hour, minutes=clock.minute))


def _hours(length: timedelta) -> str:
    return f"{length / timedelta(hours=1):g} hours"
