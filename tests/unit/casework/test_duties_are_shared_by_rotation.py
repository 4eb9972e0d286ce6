"""Who works when: turns, stretches given to others, the change of clocks, and the rules of rest."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from policy.packs import Packs
from policy.workforce import Rest
from services.casework.model.schedules import Duty, Override, Rotation, duties, has_all_of, on_duty, strain, uncovered

CALENDAR = Packs().get("seed-default").calendar("lake-east")
MONDAY = date(2026, 11, 23)
REST = Rest(timedelta(hours=10), timedelta(hours=13), timedelta(hours=60))
NIGHTS = Rotation("nights", "SCREENER", "lake-east", ("a", "b", "c"), MONDAY, time(20), time(8))
WEEKLY = Rotation("on-call", "DIRECTOR", "capital", ("x", "y"), MONDAY, time(8), time(8), turn_days=7, on_call=True)


def at(day: int, hour: int) -> datetime:
    """A clock time of November 2026 in Chicago."""
    return datetime(2026, 11, day, hour, tzinfo=UTC) + timedelta(hours=6)


def held(rotation: Rotation, *overrides: Override, days: int = 4) -> list[Duty]:
    return list(duties(rotation, overrides, CALENDAR, at(23, 12), at(23, 12) + timedelta(days=days)))


def shift(begins: datetime, hours: int, who: str = "a") -> Duty:
    return Duty(begins, begins + timedelta(hours=hours), who)


def test_members_take_turns_from_the_first_day_on() -> None:
    assert [(d.starts_at, d.staff_id) for d in held(NIGHTS)] == [
        (at(23, 20), "a"),
        (at(24, 20), "b"),
        (at(25, 20), "c"),
        (at(26, 20), "a"),
    ]


def test_a_night_ends_on_the_next_day_and_then_nobody_has_it() -> None:
    assert on_duty(NIGHTS, [], CALENDAR, at(24, 7)) == ("a",)
    assert on_duty(NIGHTS, [], CALENDAR, at(24, 8)) == ()


def test_a_week_on_call_is_one_duty() -> None:
    turn = Duty(at(23, 8), at(30, 8), "x")

    assert held(WEEKLY, days=6) == [turn]


def test_before_the_first_day_and_after_the_last_a_rotation_gives_no_duty() -> None:
    ended = Rotation("nights", "SCREENER", "lake-east", ("a",), MONDAY, time(20), time(8), last_day=date(2026, 11, 24))

    assert on_duty(ended, [], CALENDAR, at(22, 21)) == ()
    assert on_duty(ended, [], CALENDAR, at(25, 7)) == ("a",)
    assert on_duty(ended, [], CALENDAR, at(25, 21)) == ()


def test_a_stretch_given_to_somebody_cuts_the_turn_it_falls_into() -> None:
    given = Override("nights", at(23, 22), at(24, 2), "z")

    assert [(d.starts_at, d.ends_at, d.staff_id) for d in held(NIGHTS, given, days=1)] == [
        (at(23, 20), at(23, 22), "a"),
        (at(23, 22), at(24, 2), "z"),
        (at(24, 2), at(24, 8), "a"),
    ]


def test_of_two_stretches_given_at_one_time_the_later_recorded_holds() -> None:
    first, second = Override("nights", at(23, 20), at(24, 8), "y"), Override("nights", at(23, 20), at(24, 8), "z")

    assert on_duty(NIGHTS, [first, second], CALENDAR, at(23, 23)) == ("z",)


def test_a_night_in_which_clocks_go_back_is_an_hour_longer() -> None:
    """1 November 2026, two in the morning."""
    nights = Rotation("nights", "SCREENER", "lake-east", ("a",), date(2026, 10, 1), time(20), time(8))
    start = datetime(2026, 11, 1, 3, 0, tzinfo=UTC)

    (night,) = duties(nights, [], CALENDAR, start, start + timedelta(hours=1))

    assert night.ends_at - night.starts_at == timedelta(hours=13)


def test_somebody_has_a_duty_only_if_they_have_all_of_it() -> None:
    night = held(NIGHTS)

    assert has_all_of(night, "a", at(23, 20), at(24, 8))
    assert not has_all_of(night, "a", at(23, 19), at(24, 8))
    assert not has_all_of(night, "b", at(23, 20), at(24, 8))


@pytest.mark.parametrize(
    ("worked", "broken"),
    [
        ([shift(at(23, 8), 8), shift(at(24, 8), 8)], ""),
        ([shift(at(23, 8), 14)], "longer than 13 hours"),
        ([shift(at(23, 8), 8), shift(at(23, 16), 8)], "longer than 13 hours"),
        ([shift(at(23, 8), 12), shift(at(24, 5), 8)], "less than 10 hours of rest"),
        ([shift(at(day, 8), 11) for day in range(23, 29)], "more than 60 hours in the seven days"),
        ([shift(at(day, 8), 10) for day in range(23, 29)], ""),
    ],
)
def test_rest_between_shifts_the_length_of_a_shift_and_of_a_week_are_limited(worked: list[Duty], broken: str) -> None:
    """R123."""
    found = strain(worked, REST)

    assert broken in found
    assert bool(found) == bool(broken)


def test_a_duty_whose_person_will_be_away_is_uncovered_for_just_that_time() -> None:
    """Gaps on call are told ahead (GoAlert #2878)."""
    leave = (at(24, 0), at(26, 0), "a")

    assert uncovered(held(NIGHTS), [leave]) == (Duty(at(24, 0), at(24, 8), "a"),)
