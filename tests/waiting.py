"""Waiting for what must come to hold, never for an amount of time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

_LOOKS = 600


async def eventually(condition: Callable[[], Awaitable[T | None]], *, within: float = 60.0) -> T:
    """The first answer of `condition` that is not None or False; fails if there is none in time (seconds).

    What may take long is looked at less often: looking is work too.
    """
    try:
        async with asyncio.timeout(within):
            while True:
                if answer := await condition():
                    return answer
                await asyncio.sleep(max(0.05, within / _LOOKS))
    except TimeoutError as problem:
        what = getattr(condition, "__qualname__", condition)
        raise AssertionError(f"{what} did not come to hold within {within} s") from problem
