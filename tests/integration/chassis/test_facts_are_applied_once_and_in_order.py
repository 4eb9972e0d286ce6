"""Duplicates are ignored, early facts wait for their turn, and a fact about something unknown is held."""

from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest

from chassis.consumer import Prepared
from chassis.envelope import Envelope
from chassis.errors import NotYetKnown
from chassis.unit_of_work import UnitOfWork
from tests.integration.chassis import notebook
from tests.integration.chassis.conftest import Desk, close, has_read, publish
from tests.waiting import eventually


async def held(desk: Desk, book: UUID, *sequences: int) -> bool:
    """Whether exactly these facts of the book are held."""
    query = "SELECT sequence FROM chassis.held WHERE aggregate_id = $1 ORDER BY sequence"
    async with desk.database.transaction() as uow:
        return [row["sequence"] for row in await uow.fetch(query, str(book))] == list(sequences)


async def applied_up_to(desk: Desk, book: UUID, sequence: int) -> bool:
    query = "SELECT sequence FROM chassis.applied WHERE aggregate_id = $1"
    async with desk.database.transaction() as uow:
        return bool(await uow.fetchval(query, str(book)) == sequence)


async def test_a_duplicate_is_ignored(desk: Desk) -> None:
    book = uuid4()
    await publish(desk, book, 1, 1, 2, 1, 2, 3)
    async with desk.reading():
        await eventually(lambda: has_read(desk, book, 1, 2, 3))


async def test_a_fact_that_comes_early_is_held_until_its_turn(desk: Desk) -> None:
    book = uuid4()
    await publish(desk, book, 2, 4, 1, 3)
    async with desk.reading():
        await eventually(lambda: has_read(desk, book, 1, 2, 3, 4))


async def test_early_facts_survive_a_restart_of_the_consumer(desk: Desk) -> None:
    book = uuid4()
    await publish(desk, book, 3, 2)

    async def both_held() -> bool:
        async with desk.database.transaction() as uow:
            return bool(await uow.fetchval("SELECT count(*) = 2 FROM chassis.held"))

    async with desk.reading():
        await eventually(both_held)
    await publish(desk, book, 1)
    async with desk.reading():
        await eventually(lambda: has_read(desk, book, 1, 2, 3))


async def test_a_fact_without_a_handler_still_has_its_place_in_the_order(desk: Desk) -> None:
    book = uuid4()
    await close(desk, book, 1)
    await publish(desk, book, 2)
    await close(desk, book, 3)
    await publish(desk, book, 4)
    async with desk.reading():
        await eventually(lambda: has_read(desk, book, 2, 4))


async def test_a_fact_without_a_handler_that_comes_early_is_passed_over_only_in_its_turn(desk: Desk) -> None:
    book, witness = uuid4(), uuid4()
    await close(desk, book, 2)
    await publish(desk, book, 3)
    await close(desk, witness, 1)
    async with desk.reading():
        await eventually(lambda: applied_up_to(desk, witness, 1))
        await eventually(lambda: held(desk, book, 2, 3))
        assert await has_read(desk, book)
        await publish(desk, book, 1)
        await eventually(lambda: has_read(desk, book, 1, 3))
    assert await held(desk, book)


async def test_a_fact_without_a_handler_that_comes_again_moves_nothing_back(desk: Desk) -> None:
    book = uuid4()
    await close(desk, book, 1)
    await publish(desk, book, 2)
    await close(desk, book, 1)
    await publish(desk, book, 3)
    async with desk.reading():
        await eventually(lambda: has_read(desk, book, 2, 3))
    assert await held(desk, book)
    assert await applied_up_to(desk, book, 3)


async def test_a_fact_about_something_not_yet_known_is_held_and_never_dead_lettered(desk: Desk) -> None:
    waiting, other = uuid4(), uuid4()
    known: set[str] = set()
    tries = 0

    async def read_known(fact: Any, envelope: Envelope, uow: UnitOfWork) -> None:
        nonlocal tries
        if fact.notebook_id == str(waiting):
            tries += 1
            if fact.notebook_id not in known:
                raise NotYetKnown("notebook", fact.notebook_id)
        await notebook.read_line(fact, envelope, uow)

    async def tried_twice() -> bool:
        return tries >= 2

    await publish(desk, waiting, 1, 2)
    await publish(desk, other, 1)
    async with desk.reading(read_known):
        await eventually(lambda: has_read(desk, other, 1))
        await eventually(tried_twice)
        assert await notebook.lines_read(desk.database, waiting) == []
        known.add(str(waiting))
        await eventually(lambda: has_read(desk, waiting, 1, 2))
    async with desk.database.transaction() as uow:
        assert await uow.fetchval("SELECT count(*) FROM chassis.dead_letter") == 0


async def test_a_handler_may_read_elsewhere_before_its_transaction_and_an_outage_there_is_waited_out(
    desk: Desk,
) -> None:
    book = uuid4()
    asked = 0

    async def prepare(_fact: Any) -> int:
        nonlocal asked
        asked += 1
        if asked <= 6:
            empty = grpc.aio.Metadata()
            raise grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, empty, empty)
        return 100

    async def handle(fact: Any, _envelope: Envelope, uow: UnitOfWork, shift: int) -> None:
        await uow.execute(notebook.sql.read_line, UUID(fact.notebook_id), fact.line + shift, None)

    await publish(desk, book, 1)
    async with desk.reading(Prepared(prepare, handle)):
        await eventually(lambda: has_read(desk, book, 101))
    assert asked == 7, "more failures than a fact is allowed, and yet no dead letter: it was an outage"


@pytest.mark.usefixtures("acting")
async def test_what_the_outbox_sends_is_what_the_consumer_applies(desk: Desk) -> None:
    book = uuid4()
    async with desk.relaying(), desk.reading():
        for _ in range(5):
            async with desk.database.transaction() as uow:
                await notebook.write_line(uow, desk.aggregate_type, book)
        await eventually(lambda: has_read(desk, book, 1, 2, 3, 4, 5))
