"""Where somebody is at an instant, from what they and others have recorded; and from when silence means absence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from policy.calendars import Calendar
from policy.clocks import Presence

# R084: absent for more than a day, and the supervisor takes over; shorter, the owner checks from away.
_AWAY_AT_MOST = timedelta(days=1)
_DAY = timedelta(days=1)
# Nobody is looked for longer than this: a calendar that is never open is a mistake of its pack.
_DAYS = 60


class Place(StrEnum):
    """What people say when they sign: in the office, working away from it, or gone for the day."""

    OFFICE = "OFFICE"
    AWAY = "AWAY"
    OUT = "OUT"


class AbsenceKind(StrEnum):
    """Why somebody is not there, as far as ladders and plans need to know it."""

    LEAVE = "LEAVE"
    SICK = "SICK"
    TRAINING = "TRAINING"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True)
class Absence:
    """A recorded time somebody is not there, from `starts_at` until before `ends_at`."""

    starts_at: datetime
    ends_at: datetime
    kind: AbsenceKind = AbsenceKind.OTHER


@dataclass(frozen=True, slots=True)
class Sign:
    """The last that was heard of somebody: where they said they were, and when."""

    place: Place
    at: datetime


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """All that is known of where somebody is at an instant."""

    absence: Absence | None = None
    sign: Sign | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """How an office looks at presence: its calendar, and the pack's time at which absence shows by itself."""

    calendar: Calendar
    shows_at: time

    def why_absent(self, known: Whereabouts, at: datetime) -> str:
        """Why somebody counts as absent at `at`; empty if they do not.

        Who has never signed counts as there: nothing is known against it, and a ladder goes on to the next rung anyway.
        """
        if known.absence:
            return f"{known.absence.kind.lower()} until {known.absence.ends_at.isoformat(timespec='seconds')}"
        if known.sign and (since := self._shows_from(known.sign.at)) and at >= since:
            seen = known.sign.at.isoformat(timespec="seconds")
            return f"not seen since {seen}, so taken as absent from {since.isoformat()}"
        return ""

    def presence(self, known: Whereabouts, at: datetime) -> Presence:
        """Where the owner of a voicemail box is (R082-R085): in, away for a day at most, or absent for longer.

        Of whom nothing is known, the strictest is assumed: they are in.
        """
        if known.absence:
            length = known.absence.ends_at - known.absence.starts_at
            return Presence.AWAY if length <= _AWAY_AT_MOST else Presence.ABSENT
        if known.sign is None:
            return Presence.IN
        if self.why_absent(known, at):
            return Presence.ABSENT
        today = self._day(known.sign.at) == self._day(at)
        return Presence.IN if today and known.sign.place is Place.OFFICE else Presence.AWAY

    def _shows_from(self, last_seen: datetime) -> datetime | None:
        """The time on the second business day after the one on which they were seen last."""
        open_days = 0
        day = self._day(last_seen)
        for _ in range(_DAYS):
            day += _DAY
            open_days += self.calendar.is_open_on(day)
            if open_days == 2:
                return self.calendar.at(day, timedelta(hours=self.shows_at.hour, minutes=self.shows_at.minute))
        return None

    def _day(self, at: datetime) -> date:
        return self.calendar.local(at).date()
