"""How long the caller of the running call still waits: what we call in turn may not take longer."""

import time
from contextvars import ContextVar

_ends_at: ContextVar[float | None] = ContextVar("deadline", default=None)

# Left over for our own answer to travel back when a call we make in turn uses all of its time.
MARGIN = 0.05


def begin(seconds: float | None) -> None:
    """Note that the running call must be answered in so many seconds; None if its caller set no deadline."""
    _ends_at.set(None if seconds is None else time.monotonic() + seconds)


def at_most(seconds: float) -> float:
    """A timeout in seconds for a call of ours: what we asked for, or what our own caller leaves us, if that is less."""
    ends_at = _ends_at.get()
    if ends_at is None:
        return seconds
    return max(0.0, min(seconds, ends_at - time.monotonic() - MARGIN))
