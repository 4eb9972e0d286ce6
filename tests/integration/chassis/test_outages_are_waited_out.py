"""While the database is out of reach, relay and consumer wait; nothing is lost, repeated or dead-lettered."""

from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest

from chassis import dead_letters
from chassis.consumer import Consumer
from chassis.database import Database
from chassis.errors import Code, Refusal
from chassis.relay import relay
from tests.integration.chassis import notebook
from tests.integration.chassis.conftest import Desk, publish, running
from tests.integration.chassis.contract import pb
from tests.integration.chassis.proxy import Wire, wire
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("acting")


def through(to_database: Wire, desk: Desk) -> str:
    """The desk's database at the other end of the wire."""
    place = urlsplit(desk.url)
    return urlunsplit(place._replace(netloc=f"{place.netloc.rpartition('@')[0]}@127.0.0.1:{to_database.port}"))


def address(desk: Desk) -> tuple[str, int]:
    place = urlsplit(desk.url)
    return place.hostname or "", place.port or 0


async def test_a_consumer_waits_for_its_database_and_goes_on(desk: Desk) -> None:
    book, failures = uuid4(), []
    async with wire(*address(desk)) as to_database:
        database = await Database.open(
            through(to_database, desk), source="notebook", route=notebook.route, acquire_timeout=0.5
        )
        handlers = {desk.topic: {pb.LineWritten.DESCRIPTOR.full_name: notebook.read_line}}
        consumer = Consumer(notebook.CONSUMER, database, handlers, desk.kafka)

        async def read(count: int) -> bool:
            return len(await notebook.lines_read(desk.database, book)) == count

        async def still_out_of_reach() -> bool:
            """More failures than a fact is allowed."""
            with pytest.raises(Refusal) as caught:
                async with database.transaction():
                    pass
            assert caught.value.code is Code.UNAVAILABLE
            failures.append(caught.value)
            return len(failures) > 50

        async with running(consumer.run):
            await publish(desk, book, 1)
            await eventually(lambda: read(1))
            await to_database.cut()
            await publish(desk, book, 2, 3)
            await eventually(still_out_of_reach, within=180)
            await to_database.mend()
            await eventually(lambda: read(3))
        await database.close()
    assert await notebook.lines_read(desk.database, book) == [1, 2, 3]
    async with desk.database.transaction() as uow:
        assert await dead_letters.open_dead_letters(uow, notebook.CONSUMER) == []


async def test_a_relay_waits_for_its_database_and_goes_on(desk: Desk) -> None:
    book = uuid4()

    async def unsent(count: int) -> bool:
        async with desk.database.transaction() as uow:
            query = "SELECT count(*) = $1 FROM chassis.outbox WHERE sent_at IS NULL"
            return bool(await uow.fetchval(query, count))

    async def write() -> None:
        async with desk.database.transaction() as uow:
            await notebook.write_line(uow, desk.aggregate_type, book)

    async with wire(*address(desk)) as to_database:
        url = through(to_database, desk)
        async with running(lambda stop: relay(url, desk.kafka, stop=stop, route=notebook.route)):
            await write()
            await eventually(lambda: unsent(0))
            await to_database.cut()
            await write()
            assert await unsent(1)
            await to_database.mend()
            await eventually(lambda: unsent(0))


async def test_a_database_that_is_not_there_yet_does_not_keep_a_service_from_starting(desk: Desk) -> None:
    async with wire(*address(desk)) as to_database:
        url = through(to_database, desk)
        await to_database.cut()
        database = await Database.open(url, source="notebook", acquire_timeout=0.5)
        assert not await database.ping()
        await to_database.mend()
        assert await database.ping()
        await database.close()
