"""While Kafka is away, relay and consumer wait: nothing is lost, left out or dead-lettered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import uuid4

import pytest

from chassis import dead_letters
from deploy.local import infrastructure, status
from deploy.local.infrastructure import Addresses
from deploy.local.ports import free_offset
from deploy.local.status import State
from tests.integration.chassis import notebook
from tests.integration.chassis.conftest import Desk, desk_on, has_read, publish
from tests.services import records
from tests.stack import reachable_folder, settings_of, supervisor
from tests.waiting import eventually

pytestmark = [pytest.mark.usefixtures("acting"), pytest.mark.timeout(600)]
BACK = 200.0
"""Seconds until Kafka is back and everybody has found it again, on a machine that does other things too."""


@pytest.fixture(scope="module")
def own() -> Iterator[Addresses]:
    """Outside parts that these tests may hurt."""
    with reachable_folder() as folder, free_offset() as offset:
        environment = {"HOTLINE_HOME": str(folder / "home"), "HOTLINE_PORT_OFFSET": str(offset)}
        with supervisor(environment):
            yield infrastructure.addresses(settings_of(environment))


@pytest.fixture
async def hurt(own: Addresses) -> AsyncIterator[Desk]:
    """A desk on these parts."""
    async with desk_on(own) as made:
        yield made


@asynccontextmanager
async def kafka_away(own: Addresses) -> AsyncIterator[None]:
    """Kafka answers nobody during the block; then it dies, and its keeper starts it again."""
    before = _kafka(own)
    process = status.process_of(before)
    assert process is not None
    process.suspend()
    try:
        yield
    finally:
        process.kill()

    async def back() -> bool:
        now = _kafka(own)
        return now.pid != before.pid and now.state is State.HEALTHY

    await eventually(back, within=BACK)


def _kafka(own: Addresses) -> status.PartStatus:
    current = status.read(own.home)
    assert current is not None
    return current.part("kafka")


async def unsent(desk: Desk) -> int:
    async with desk.database.transaction() as uow:
        return int(await uow.fetchval("SELECT count(*) FROM chassis.outbox WHERE sent_at IS NULL"))


async def test_what_is_committed_while_kafka_is_away_is_sent_in_order_when_it_is_back(
    own: Addresses, hurt: Desk
) -> None:
    book = uuid4()

    async def write(count: int) -> None:
        for _ in range(count):
            async with hurt.database.transaction() as uow:
                await notebook.write_line(uow, hurt.aggregate_type, book)

    async def all_sent() -> bool:
        return await unsent(hurt) == 0

    async with hurt.relaying():
        await write(1)
        await eventually(all_sent)
        async with kafka_away(own):
            await write(20)
            assert await unsent(hurt) == 20
        await eventually(all_sent, within=BACK)
        await write(1)
        await eventually(all_sent)
    arrived = [notebook.pb.LineWritten.FromString(record.value).line for record in await records(own, hurt.topic)]
    assert list(dict.fromkeys(arrived)) == list(range(1, 23))


async def test_a_consumer_goes_on_where_it_was_when_kafka_is_back(own: Addresses, hurt: Desk) -> None:
    book = uuid4()

    async def read(count: int) -> bool:
        return len(await notebook.lines_read(hurt.database, book)) == count

    async with hurt.reading():
        await publish(hurt, book, 1)
        await eventually(lambda: read(1))
        async with kafka_away(own):
            assert await read(1)
        await publish(hurt, book, 2, 3)
        await eventually(lambda: read(3), within=BACK)
    assert await notebook.lines_read(hurt.database, book) == [1, 2, 3]
    async with hurt.database.transaction() as uow:
        assert await dead_letters.open_dead_letters(uow, notebook.CONSUMER) == []


async def test_a_consumer_that_is_told_to_end_while_kafka_is_away_ends(own: Addresses, hurt: Desk) -> None:
    book = uuid4()
    async with AsyncExitStack() as away, hurt.reading():
        # Offsets are committed once a second: at the second line's, Kafka is away already.
        for line in (1, 2):
            await publish(hurt, book, line)
            await eventually(lambda line=line: has_read(hurt, book, *range(1, line + 1)))
        await away.enter_async_context(kafka_away(own))
