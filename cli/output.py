"""What commands print: tables for people, JSON for scripts, times in the reader's zone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import click
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Console
from rich.table import Table

from chassis.contract import instant


def as_json(value: Any) -> None:
    """Print a message, or anything made of dicts, lists and messages, as JSON."""
    click.echo(json.dumps(_plain(value), indent=2, ensure_ascii=False))


def line(value: Any) -> str:
    """The same as JSON on one line, for a stream of messages."""
    return json.dumps(_plain(value), ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, Message):
        return MessageToDict(value, preserving_proto_field_name=True)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under columns; says so when there are none."""
    made = Table(*columns, title=title, title_justify="left", box=None, pad_edge=False)
    for row in rows:
        made.add_row(*(str(cell) for cell in row))
    if not made.row_count:
        click.echo(f"{title}: none")
        return
    # As wide as its cells: an id that is cut cannot be typed, and a pipe has no width.
    console = Console()
    console.width = max(console.width, made.__rich_measure__(_UNBOUNDED, _UNBOUNDED.options).maximum)
    console.print(made, highlight=False)


_UNBOUNDED = Console(width=10_000)


def when(stamp: Timestamp) -> str:
    """A time of a message in the reader's own zone, to the second; empty if it is not set."""
    if stamp.ToNanoseconds() == 0:
        return ""
    return instant(stamp).astimezone().isoformat(sep=" ", timespec="seconds")


def countdown(stamp: Timestamp, now: datetime) -> str:
    """How long until a time, or how long past it: `in 1:04:30`, `2 days, 0:00:10 ago`."""
    left = instant(stamp) - now
    seconds = timedelta(seconds=round(abs(left).total_seconds()))
    return f"in {seconds}" if left >= timedelta(0) else f"{seconds} ago"
