"""Load that waited for answers would show nothing of a platform that is slow: callers do not wait for each other."""

from __future__ import annotations

import asyncio

from tests.faults.copies import Load
from tests.waiting import eventually


async def test_calls_go_on_starting_while_nobody_answers() -> None:
    answer = asyncio.Event()
    load = Load({"one": answer.wait, "other": answer.wait}, rate=200.0, at_once=10_000)

    async def many_have_started() -> bool:
        return load.started >= 50

    async with load.going_on():
        await eventually(many_have_started)
        assert load.answered.total() == 0
        answer.set()
    assert load.answered.total() == load.started
    assert load.missed == 0


async def test_what_is_not_started_because_too_many_wait_is_missed_and_lowers_what_was_reached() -> None:
    answer = asyncio.Event()
    load = Load({"one": answer.wait}, rate=200.0, at_once=5)

    async def many_were_missed() -> bool:
        return load.missed >= 50

    async with load.going_on():
        await eventually(many_were_missed)
        started = load.started
        answer.set()
    assert started == 5
    assert load.reached < 0.95
