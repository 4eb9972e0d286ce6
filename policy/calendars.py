"""Office calendars: when an office is open, which days it is closed, and how its time is counted.

A calendar is data of a pack. Holidays are rules, not lists, so that a calendar holds for any year; all instants in and
out are zone-aware, all arithmetic on elapsed time is done in UTC.
"""

from __future__ import annotations

from calendar import isleap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from policy.errors import PackInvalid

WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_DAY = timedelta(days=1)
_HALF_A_YEAR = 183
_LEAP_YEAR = 2000


@cache
def pinned_zone(name: str) -> ZoneInfo:
    """The zone as the pinned `tzdata` package has it: by a machine's own zone files due times would differ by machine.

    KeyError if there is no such zone.
    """
    file = files("tzdata").joinpath("zoneinfo", *name.split("/"))
    if not file.is_file():
        raise KeyError(f"the pinned time-zone data knows no zone {name}")
    with file.open("rb") as rules:
        return ZoneInfo.from_file(rules, key=name)


@dataclass(frozen=True, slots=True)
class Holiday:
    """One holiday of a pack: a fixed `day` of a month, or the `nth` `weekday` of it (-1 is the last).

    A fixed holiday on a Saturday is observed on the Friday before, on a Sunday on the Monday after (5 U.S.C. 6103(b)).
    `since` is the first year in which it was kept.
    """

    name: str
    month: int
    day: int | None = None
    weekday: int | None = None
    nth: int = 1
    since: int = 1

    def observed(self, year: int) -> date | None:
        """The day on which this year's holiday is kept; it may lie in the year before or after."""
        if year < self.since:
            return None
        if self.day is not None:
            leap_day = (self.month, self.day) == (2, 29)
            return None if leap_day and not isleap(year) else _observed(date(year, self.month, self.day))
        assert self.weekday is not None, "the schema of packs asks for a day or a weekday"
        if self.nth > 0:
            first = date(year, self.month, 1)
            return first + timedelta(days=(self.weekday - first.weekday()) % 7 + 7 * (self.nth - 1))
        last = date(year + self.month // 12, self.month % 12 + 1, 1) - _DAY
        return last - timedelta(days=(last.weekday() - self.weekday) % 7)


def _never_opens(day: date) -> PackInvalid:
    return PackInvalid(["calendars"], f"an office is closed for the whole half year before {day.isoformat()}")


def _observed(day: date) -> date:
    return day + {5: -_DAY, 6: _DAY}.get(day.weekday(), timedelta(0))


@dataclass(frozen=True, slots=True)
class Calendar:
    """An office's time: its zone, its hours on open weekdays, its holidays and other closed days.

    `opens` and `closes` are local clock times since midnight. `always_open` offices have no closed time; their business
    day is 24 elapsed hours.
    """

    zone: ZoneInfo
    opens: timedelta = timedelta(0)
    closes: timedelta = _DAY
    weekdays: frozenset[int] = frozenset(range(5))
    holidays: tuple[Holiday, ...] = ()
    closed: frozenset[date] = field(default_factory=frozenset)
    always_open: bool = False

    @property
    def office_day(self) -> timedelta:
        """The length of one business day in office time."""
        return self.closes - self.opens

    def is_open_on(self, day: date) -> bool:
        """Whether the office opens at all on this local day."""
        if self.always_open:
            return True
        return day.weekday() in self.weekdays and day not in self.closed and day not in self._holidays(day.year)

    def closed_because(self, day: date) -> str | None:
        """Why the office stays closed on a weekday on which it would open; None if it opens or is never open then."""
        if self.is_open_on(day) or day.weekday() not in self.weekdays:
            return None
        return self._holidays(day.year).get(day, "closed by the pack")

    def office_hours(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Each opening and closing (UTC) from the one that contains `start`, or the next one, onward."""
        day, closed = self.local(start).date(), 0
        while closed < _HALF_A_YEAR:
            closed += 1
            if self.is_open_on(day):
                opening, closing = self.at(day, self.opens), self.at(day, self.closes)
                if closing > start:
                    yield opening, closing
                    closed = 0
            day += _DAY
        raise _never_opens(day)

    def after(self, start: datetime, office_time: timedelta) -> datetime:
        """The instant (UTC) at which `office_time` has run since `start`, counted only while the office is open.

        Time that ends exactly at closing ends at that closing, not at the next opening; none at all ends at `start`.
        """
        start = start.astimezone(UTC)
        if self.always_open or not office_time:
            return start + office_time
        for opening, closing in self.office_hours(start):
            begin = max(opening, start)
            if begin + office_time <= closing:
                return begin + office_time
            office_time -= closing - begin
        raise AssertionError("office_hours ends only by raising")

    def next_of(self, start: datetime, times: tuple[time, ...]) -> datetime:
        """The first of these local `times` on an open day that lies after `start` (UTC)."""
        day = self.local(start).date()
        for _ in range(_HALF_A_YEAR):
            if self.is_open_on(day):
                for moment in sorted(times):
                    instant = self.at(day, timedelta(hours=moment.hour, minutes=moment.minute))
                    if instant > start:
                        return instant
            day += _DAY
        raise _never_opens(day)

    def plus_days(self, start: datetime, days: int) -> datetime:
        """The same local clock time `days` calendar days later (UTC).

        A clock time that is skipped that day becomes the first instant after; one that happens twice, the earlier.
        """
        return self._instant(start.astimezone(self.zone) + timedelta(days=days))

    def at(self, day: date, clock: timedelta) -> datetime:
        """The instant (UTC) of a local clock time, given as time since midnight (24 hours is the next midnight)."""
        return self._instant(datetime.combine(day, time(), self.zone) + clock)

    def local(self, instant: datetime) -> datetime:
        """`instant` with the offset this office's clocks have then.

        The offset is fixed, because times that share a zone compare by their clock faces, which lie twice a year.
        """
        offset = instant.astimezone(self.zone).utcoffset()
        assert offset is not None, "a zone always has an offset"
        return instant.astimezone(timezone(offset))

    def _instant(self, local: datetime) -> datetime:
        """The instant (UTC) of a clock time in this zone, as adding to one gives it: of two, the earlier (fold 0)."""
        instant = local.astimezone(UTC)
        if instant.astimezone(self.zone).utcoffset() == local.utcoffset():
            return instant
        # In a gap the offsets before and after it, fold 0 and 1, give instants on either side of the change.
        return _change_between(self.zone, local.replace(fold=1).astimezone(UTC), instant)

    def _holidays(self, year: int) -> Mapping[date, str]:
        return _observed_holidays(self.holidays, year)


@cache
def _observed_holidays(holidays: tuple[Holiday, ...], year: int) -> Mapping[date, str]:
    """The closed days of a year by date; a neighbouring year's holiday may be observed in it."""
    return {
        day: f"{holiday.name} (observed)" if holiday.day not in (None, day.day) else holiday.name
        for holiday in holidays
        for neighbour in (year - 1, year, year + 1)
        if (day := holiday.observed(neighbour)) is not None and day.year == year
    }


def _change_between(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first instant (UTC, to the second) in (before, after] at which the zone has its later offset."""
    offset = after.astimezone(zone).utcoffset()
    low, high = int(before.timestamp()), int(after.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == offset:
            high = middle
        else:
            low = middle
    return datetime.fromtimestamp(high, UTC)


def calendar_from(document: Mapping[str, Any]) -> Calendar:
    """The calendar a pack writes as data (its form: `packs/schema.json`); ValueError or KeyError if it is none."""
    zone = pinned_zone(document["zone"])
    if document.get("always_open"):
        return Calendar(zone=zone, always_open=True)
    opens, closes = _clock_time(document["opens"]), _clock_time(document["closes"])
    if closes <= opens:
        raise ValueError(f"the office closes at {document['closes']}, before it opens")
    return Calendar(
        zone=zone,
        opens=opens,
        closes=closes,
        weekdays=frozenset(map(WEEKDAYS.index, document["weekdays"])),
        holidays=tuple(_holiday_from(holiday) for holiday in document.get("holidays", ())),
        closed=frozenset(map(date.fromisoformat, document.get("closed", ()))),
    )


def _holiday_from(document: Mapping[str, Any]) -> Holiday:
    weekday = document.get("weekday")
    if "day" in document:
        date(_LEAP_YEAR, document["month"], document["day"])  # a day that no year has is a mistake of the pack
    return Holiday(
        name=document["name"],
        month=document["month"],
        day=document.get("day"),
        weekday=None if weekday is None else WEEKDAYS.index(weekday),
        nth=document.get("nth", 1),
        since=document.get("since", 1),
    )


def _clock_time(text: str) -> timedelta:
    hours, minutes = text.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))
