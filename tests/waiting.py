"""Waiting for what must come to hold, never for an amount of time."""

from __future__ import annotations

import asyncio
import time
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
        raise AssertionError(_too_late(condition, within)) from (unanswered or problem)


def waited_for(look: Callable[[], T | None], *, within: float = 60.0) -> T:
    """`eventually`, where nothing is asynchronous: the first answer of `look` that is not None or False."""
    until = time.monotonic() + within
    while not (answer := look()):
        if time.monotonic() > until:
            raise AssertionError(_too_late(look, within))
        time.sleep(max(0.05, within / _LOOKS))
    return answer


def _too_late(condition: Callable[[], object], within: float) -> str:
    return f"{getattr(condition, '__qualname__', condition)} did not come to hold within {within} s"
