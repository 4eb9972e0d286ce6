"""Between the contracts' messages and the domain's values: a code by its word, a time with its zone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol, TypeVar

from google.protobuf.timestamp_pb2 import Timestamp

Number = TypeVar("Number", bound=int)

_UNSPECIFIED = "UNSPECIFIED"


class Enumeration(Protocol[Number]):
    """A generated enumeration, whose names begin with its own: `CHANNEL_UNSPECIFIED`, `CHANNEL_VOICE`."""

    def Name(self, number: Number) -> str: ...  # noqa: N802
    def Value(self, name: str) -> Number: ...  # noqa: N802
    def keys(self) -> list[str]: ...


def word(enumeration: Enumeration[Number], number: Number) -> str:
    """The code of a number, without the enumeration's prefix: `VOICE`."""
    return enumeration.Name(number).removeprefix(_prefix(enumeration))


def number(enumeration: Enumeration[Number], code: str | None) -> Number:
    """The number of a code: `VOICE`. None is the unspecified one; `ValueError` if there is no such code."""
    return enumeration.Value(_prefix(enumeration) + (code or _UNSPECIFIED))


def instant(stamp: Timestamp) -> datetime:
    """A message's time, in UTC."""
    return stamp.ToDatetime(UTC)


def stamp(at: datetime | None) -> Timestamp | None:
    """A time as a message has it; None stays unset."""
    if at is None:
        return None
    made = Timestamp()
    made.FromDatetime(at)
    return made


def _prefix(enumeration: Enumeration[Number]) -> str:
    # The first value of every enumeration is its unspecified one: the contracts' linter holds it.
    return enumeration.keys()[0].removesuffix(_UNSPECIFIED)
