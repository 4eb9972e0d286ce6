"""Where somebody is, from what they recorded; and when silence means absence."""

from datetime import UTC, datetime, time, timedelta

import pytest

from policy.clocks import Presence
from policy.packs import Packs
from policy.workforce import workforce_rules
from services.casework.model.presence import Absence, AbsenceKind, Place, Sign, Watch, Whereabouts

PACK = Packs().get("seed-default")
WATCH = Watch(PACK.calendar("lake-east"), workforce_rules(PACK).absence_shows_at)
# Wednesday before Thanksgiving, nine in the morning in Chicago; Thursday is a holiday, Friday is not.
WEDNESDAY = datetime(2026, 11, 25, 15, 0, tzinfo=UTC)
TEN = timedelta(hours=1)


def signed(place: Place, at: datetime = WEDNESDAY) -> Whereabouts:
    return Whereabouts(sign=Sign(place, at))


def absent(length: timedelta) -> Whereabouts:
    return Whereabouts(Absence(WEDNESDAY, WEDNESDAY + length, AbsenceKind.LEAVE))


def test_the_pack_says_ten_in_the_morning() -> None:
    assert WATCH.shows_at == time(10, 0)


def test_no_sign_in_by_ten_on_the_second_business_day_is_an_absence() -> None:
    """Holiday and weekend do not count: the second business day after Wednesday is Monday."""
    monday_ten = datetime(2026, 11, 30, 16, 0, tzinfo=UTC)
    seen = signed(Place.OUT)

    assert WATCH.why_absent(seen, monday_ten - timedelta(seconds=1)) == ""
    assert WATCH.why_absent(seen, monday_ten).startswith("not seen since 2026-11-25")
    assert WATCH.presence(seen, monday_ten) is Presence.ABSENT


def test_signing_in_ends_the_silence() -> None:
    later = WEDNESDAY + timedelta(days=30)

    assert WATCH.why_absent(signed(Place.AWAY, later), later + TEN) == ""


def test_of_whom_nothing_was_ever_heard_the_strictest_clock_holds() -> None:
    assert WATCH.presence(Whereabouts(), WEDNESDAY) is Presence.IN
    assert WATCH.why_absent(Whereabouts(), WEDNESDAY) == ""


@pytest.mark.parametrize(
    ("place", "expected"),
    [(Place.OFFICE, Presence.IN), (Place.AWAY, Presence.AWAY), (Place.OUT, Presence.AWAY)],
)
def test_in_the_office_is_in_and_everything_else_is_away(place: Place, expected: Presence) -> None:
    """R082, R083."""
    assert WATCH.presence(signed(place), WEDNESDAY + TEN) is expected


def test_a_sign_in_holds_for_its_day() -> None:
    assert WATCH.presence(signed(Place.OFFICE), WEDNESDAY + timedelta(days=1)) is Presence.AWAY


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (timedelta(hours=3), Presence.AWAY),
        (timedelta(days=1), Presence.AWAY),
        (timedelta(days=1, seconds=1), Presence.ABSENT),
    ],
)
def test_absent_for_more_than_a_day_the_supervisor_takes_over(length: timedelta, expected: Presence) -> None:
    """R084."""
    assert WATCH.presence(absent(length), WEDNESDAY) is expected
    assert WATCH.why_absent(absent(length), WEDNESDAY).startswith("leave until")
