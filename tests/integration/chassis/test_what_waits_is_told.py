"""What waits between services is counted, and the age of the oldest grows until it is dealt with."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis import readings, standing
from chassis.clock import system_clock
from chassis.envelope import Envelope
from chassis.unit_of_work import UnitOfWork
from tests.integration.chassis import notebook
from tests.integration.chassis.conftest import Desk, publish
from tests.integration.chassis.contract import pb
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("acting")


async def count(desk: Desk) -> None:
    """The database is counted, as an api does it now and then."""
    async with desk.database.transaction() as uow:
        await readings.read(uow, notebook.CONSUMER, system_clock)


async def write(desk: Desk, book: UUID, line: int) -> None:
    """Commit a fact to the outbox."""
    fact = pb.LineWritten(notebook_id=str(book), line=line)
    async with desk.database.transaction() as uow:
        await uow.emit(fact, aggregate_type=desk.aggregate_type, aggregate_id=book, sequence=line)


async def test_what_no_relay_sends_is_counted_and_grows_old(desk: Desk) -> None:
    book = uuid4()
    await write(desk, book, 1)
    await write(desk, book, 2)

    await count(desk)
    assert readings.depth.readings() == {(): 2}
    first, second = readings.oldest.readings()[()], readings.oldest.readings()[()]
    assert 0 < first < second

    async def is_sent() -> bool:
        await count(desk)
        return readings.depth.readings()[()] == 0 and readings.oldest.readings()[()] == 0

    async with desk.relaying():
        await eventually(is_sent)


async def test_the_clock_is_compared_with_the_databases(desk: Desk) -> None:
    """Both are this machine's."""
    await count(desk)

    assert abs(readings.skew.readings()[()]) < 1


async def test_a_fact_that_cannot_be_applied_yet_grows_old_in_hand(desk: Desk) -> None:
    """An outage is waited out: nothing else would tell of it."""
    away, key = asyncio.Event(), (notebook.CONSUMER, desk.topic)
    away.set()

    async def handle(fact: Any, envelope: Envelope, uow: UnitOfWork) -> None:
        if away.is_set():
            raise OSError("what it needs is away")
        await notebook.read_line(fact, envelope, uow)

    async def is_old() -> bool:
        return standing.oldest.readings()[key] > 1 and standing.lag.readings().get(key, 0) >= 1

    async def is_done() -> bool:
        return standing.oldest.readings()[key] == 0 and standing.lag.readings()[key] == 0

    await publish(desk, uuid4(), 1)
    async with desk.reading(handle):
        await eventually(is_old)
        away.clear()
        await eventually(is_done)


async def test_a_fact_that_came_before_its_turn_grows_old_in_the_table_that_holds_it(desk: Desk) -> None:
    book, key = uuid4(), (notebook.CONSUMER, desk.topic)

    async def is_old() -> bool:
        return standing.oldest.readings()[key] > 1

    async def is_done() -> bool:
        return standing.oldest.readings()[key] == 0

    await publish(desk, book, 2)
    async with desk.reading():
        await eventually(is_old)
        await publish(desk, book, 1)
        await eventually(is_done)
    assert await notebook.lines_read(desk.database, book) == [1, 2]
