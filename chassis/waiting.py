"""Waiting for a condition with an upper bound, so that no loop sleeps through its own end."""

import asyncio
from contextlib import suppress


async def wait(event: asyncio.Event, at_most: float) -> bool:
    """Wait until `event` is set, at most so many seconds; answers whether it is."""
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), at_most)
    return event.is_set()
