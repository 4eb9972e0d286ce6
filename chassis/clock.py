"""Time and identifiers as values that are passed in, so that a command, a test and a replay all see the same ones."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

from uuid_utils.compat import uuid7

Clock = Callable[[], datetime]
"""Answers the present instant, zone-aware."""


class Ids(Protocol):
    """Where new identifiers come from."""

    def new(self) -> UUID:
        """A fresh identifier, never given before."""
        ...


class TimeOrderedIds:
    """UUIDv7: new rows land at the end of their index, and an id tells roughly when it was made."""

    def new(self) -> UUID:
        """A fresh UUIDv7."""
        return uuid7()


def system_clock() -> datetime:
    """The machine's clock, in UTC."""
    return datetime.now(UTC)
