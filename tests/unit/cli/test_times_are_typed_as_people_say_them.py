"""Times and durations on the command line, and the days of a rotation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click
import pytest

from cli.times import Duration, Instant
from cli.workforce import days


@pytest.mark.parametrize(
    ("typed", "length"),
    [("90s", timedelta(seconds=90)), ("15m", timedelta(minutes=15)), ("1h", timedelta(hours=1)), ("2d", timedelta(2))],
)
def test_a_duration(typed: str, length: timedelta) -> None:
    assert Duration().convert(typed, None, None) == length


def test_a_time_with_its_offset_is_that_instant_and_without_one_the_readers_own() -> None:
    assert Instant().convert("2026-11-23T09:00-06:00", None, None) == datetime(2026, 11, 23, 15, tzinfo=UTC)
    assert Instant().convert("2026-11-23", None, None) == datetime(2026, 11, 23).astimezone()


@pytest.mark.parametrize(("kind", "typed"), [(Duration(), "soon"), (Instant(), "tomorrow")])
def test_what_is_neither_is_refused_with_an_example(kind: Duration | Instant, typed: str) -> None:
    with pytest.raises(click.BadParameter, match="like"):
        kind.convert(typed, None, None)


@pytest.mark.parametrize(
    ("weekdays", "written"),
    [([], "every day"), ([0, 1, 2, 3, 4], "Mon-Fri"), ([5, 6], "Sat-Sun"), ([0, 2, 3, 6], "Mon, Wed-Thu, Sun")],
)
def test_the_days_of_a_rotation(weekdays: list[int], written: str) -> None:
    assert days(weekdays) == written
