"""Due times: the instant by which a promise must be kept, and the steps by which anyone can compute it again.

A clock counts from the time a person rang, wrote or acted, never from when the system heard of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from policy.clocks import ELAPSED, Clock, Presence, Unit
from policy.ladders import ArmedRung, Ladder, Rung, Terms
from policy.packs import Pack

_SINGULAR = {Unit.BUSINESS_DAYS: "business day", **{unit: unit.value[:-1] for unit in (*ELAPSED, Unit.DAYS)}}


@dataclass(frozen=True, slots=True)
class Due:
    """When something is due, with the offset of the office's clocks, and how that was computed, one sentence a step."""

    at: datetime
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Armed:
    """All that a promise needs from its pack at birth: due time, rungs on their instants (UTC), ladder and terms."""

    due: Due
    rungs: tuple[ArmedRung, ...]
    ladder: Ladder
    terms: Terms


def due(
    pack: Pack,
    kind: str,
    received_at: datetime,
    *,
    tier: str | None = None,
    office: str | None = None,
    presence: Presence | None = None,
) -> Due:
    """The due time of a promise of this kind counted from `received_at` (zone-aware).

    `tier`, `office` and the owner's `presence` choose among the pack's clocks; `ClockUndefined` if none applies.
    """
    clock = pack.clock(kind, tier, office, presence)
    at = due_at(clock, received_at)
    return Due(at, _steps(pack, clock, received_at, at, tier, office))


def due_at(clock: Clock, received_at: datetime) -> datetime:
    """The due time alone, with the offset of the calendar's zone."""
    calendar = clock.calendar
    if clock.elapsed is not None:
        return calendar.local(received_at.astimezone(UTC) + clock.elapsed)
    if clock.unit is Unit.DAYS:
        return calendar.local(calendar.plus_days(received_at, clock.amount))
    if clock.unit is Unit.BUSINESS_DAYS:
        return calendar.local(calendar.after(received_at, clock.amount * calendar.office_day))
    return calendar.local(calendar.next_of(received_at, clock.times))


def arm(
    pack: Pack,
    kind: str,
    received_at: datetime,
    *,
    tier: str | None = None,
    office: str | None = None,
    presence: Presence | None = None,
) -> Armed:
    """The due time of a promise and its ladder put on instants; shares of business days count office time."""
    clock = pack.clock(kind, tier, office, presence)
    ladder = pack.ladder(kind, tier, office)
    when = due(pack, kind, received_at, tier=tier, office=office, presence=presence)
    rungs = (_armed(rung, clock, received_at, when.at) for rung in ladder.rungs)
    in_order = tuple(sorted(rungs, key=lambda rung: rung.at))
    return Armed(when, in_order, ladder, pack.terms(kind))


def extended(pack: Pack, due_at: datetime, days: int, office: str | None = None) -> datetime:
    """A due time moved by calendar days, at the same local clock time; how many are allowed is a term of the pack."""
    calendar = pack.calendar(office)
    return calendar.local(calendar.plus_days(due_at, days))


def _armed(rung: Rung, clock: Clock, received_at: datetime, due_at: datetime) -> ArmedRung:
    at = _share(clock, rung.share, received_at.astimezone(UTC), due_at.astimezone(UTC)) + rung.delay
    return ArmedRung(
        name=rung.name, who=rung.who, at=at, warning=rung.warning, acknowledge=rung.acknowledge, how=rung.how
    )


def _share(clock: Clock, share: Fraction, received_at: datetime, due_at: datetime) -> datetime:
    """The instant at which this share of the clock's own time has run."""
    if clock.unit is Unit.BUSINESS_DAYS:
        return clock.calendar.after(received_at, _part(clock.amount * clock.calendar.office_day, share))
    return received_at + _part(due_at - received_at, share)


def _part(whole: timedelta, share: Fraction) -> timedelta:
    # Exact to the microsecond: a float would make two machines disagree about an instant.
    microsecond = timedelta(microseconds=1)
    return whole // microsecond * share.numerator // share.denominator * microsecond


def _steps(
    pack: Pack, clock: Clock, received_at: datetime, at: datetime, tier: str | None, office: str | None
) -> tuple[str, ...]:
    local = clock.calendar.local(received_at)
    asked = ", ".join([clock.kind, *([f"tier {tier}"] if tier else []), *([f"office {office}"] if office else [])])
    return (
        f"{asked}: {rule(clock)} from {clock.counted_from} (pack {pack.id} {pack.version})",
        *_followed(pack, office),
        f"counted from {local.isoformat()} ({clock.calendar.zone.key})",
        *_counting(clock, local, at),
        f"due {at.isoformat()}",
    )


def _followed(pack: Pack, office: str | None) -> tuple[str, ...]:
    if office is None or pack.has_office(office):
        return ()
    return (f"the pack says nothing of its own for office {office}: the jurisdiction's clocks and calendar hold",)


def rule(clock: Clock) -> str:
    """What a clock allows, in words: `24 hours`, `1 business day`."""
    if clock.unit is Unit.NEXT:
        return "the next of " + " and ".join(f"{time:%H:%M}" for time in clock.times) + " on a business day"
    return f"{clock.amount} {_SINGULAR[clock.unit]}{'' if clock.amount == 1 else 's'}"


def _counting(clock: Clock, start: datetime, at: datetime) -> tuple[str, ...]:
    """The steps between receipt and due time that a reader could not guess."""
    calendar = clock.calendar
    if clock.unit is Unit.BUSINESS_DAYS and not calendar.always_open:
        return tuple(_office_time(clock, start, at))
    changed = start.utcoffset() != at.utcoffset()
    if clock.unit is Unit.DAYS:
        wanted = (start.replace(tzinfo=None) + timedelta(days=clock.amount)).isoformat()
        if at.replace(tzinfo=None).isoformat() != wanted:
            return (f"{wanted} is skipped by the change of clocks: the first instant after it counts",)
        return ("calendar days at the same local clock time",)
    if clock.unit is Unit.NEXT:
        return tuple(_closed_days(clock, start, at))
    return ("elapsed time: the clocks change in between, and real hours count",) if changed else ()


def _office_time(clock: Clock, start: datetime, at: datetime) -> list[str]:
    calendar = clock.calendar
    opening, _ = next(calendar.office_hours(start))
    hours = calendar.office_day / timedelta(hours=1)
    steps = [f"only office hours count; one business day is {hours:g} hours of them"]
    if opening > start:
        steps.append(f"received outside office hours: the clock starts at {calendar.local(opening).isoformat()}")
    return steps + _closed_days(clock, start, at)


def _closed_days(clock: Clock, start: datetime, at: datetime) -> list[str]:
    days = (start.date() + timedelta(days=n) for n in range((at.date() - start.date()).days + 1))
    return [f"{day.isoformat()} is closed: {why}" for day in days if (why := clock.calendar.closed_because(day))]
