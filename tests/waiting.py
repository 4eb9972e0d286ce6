"""Waiting for what must come to hold, never for an amount of time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import grpc

T = TypeVar("T")

_LOOKS = 600
_SLOW = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)


async def eventually(condition: Callable[[], Awaitable[T | None]], *, within: float = 60.0) -> T:
    """The first answer of `condition` that is not None or False; fails if there is none in time (seconds).

    What may take long is looked at less often: looking is work too. A look that was not answered in time saw nothing.
    """
    unanswered: Exception | None = None
    time_left = asyncio.timeout(within)
    try:
        async with time_left:
            while True:
                try:
                    if answer := await condition():
                        return answer
                except grpc.aio.AioRpcError as problem:
                    if problem.code() not in _SLOW:
                        raise
                    unanswered = problem
                await asyncio.sleep(max(0.05, within / _LOOKS))
    except TimeoutError as problem:
        if not time_left.expired():
            raise
        what = getattr(condition, "__qualname__", condition)
        raise AssertionError(f"{what} did not come to hold within {within} s") from (unanswered or problem)
