"""What fits into a message."""

from __future__ import annotations

from collections.abc import Sequence

ROOM = 100
"""Characters that one value of a message may have (`NotifyRequest.values`)."""


def shortly(things: Sequence[str]) -> str:
    """A list as a message has room for it: as many as fit, and how many more there are."""
    for shown in range(min(len(things), ROOM), 0, -1):
        more = len(things) - shown
        written = ", ".join(things[:shown]) + (f", and {more} more" if more else "")
        if len(written) <= ROOM:
            return written
    return f"{len(things)} of them"
