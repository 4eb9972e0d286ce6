"""Times and durations as people type them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import click

_DURATION = re.compile(r"^(\d+)(s|m|h|d)$")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Duration(click.ParamType[timedelta]):
    """`90s`, `15m`, `1h`, `2d`."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        match = _DURATION.match(value)
        if match is None:
            self.fail(f"{value!r} is not a duration like 90s, 15m, 1h or 2d", param, ctx)
        return timedelta(**{_UNITS[match[2]]: int(match[1])})


class Instant(click.ParamType[datetime]):
    """`2026-11-23`, `2026-11-23T09:00`, `2026-11-23T09:00-06:00`; without an offset, by the reader's own clock."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return datetime.fromisoformat(value).astimezone()
        except ValueError:
            self.fail(f"{value!r} is not a time like 2026-11-23T09:00 or 2026-11-23T09:00-06:00", param, ctx)
