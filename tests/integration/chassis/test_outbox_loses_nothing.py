"""What is committed is sent, in order for each aggregate; what is not committed never is."""

from datetime import datetime, timedelta
from uuid import uuid4

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer

from chassis.clock import system_clock
from chassis.relay import KEPT, relay
from chassis.unit_of_work import UnitOfWork
from tests.integration.chassis import notebook
from tests.integration.chassis.conftest import Desk, running
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("acting")


async def sent(desk: Desk, count: int) -> list[tuple[str, int]]:
    """The first so many records of the topic, as (notebook, line): in order for one notebook, in any for two."""
    consumer = AIOKafkaConsumer(desk.topic, bootstrap_servers=desk.kafka, auto_offset_reset="earliest", group_id=None)
    await consumer.start()
    try:
        records = [await consumer.getone() for _ in range(count)]
    finally:
        await consumer.stop()
    return [(record.key.decode(), notebook.pb.LineWritten.FromString(record.value).line) for record in records]


async def unsent(desk: Desk) -> int:
    async with desk.database.transaction() as uow:
        return int(await uow.fetchval("SELECT count(*) FROM chassis.outbox WHERE sent_at IS NULL"))


async def all_sent(desk: Desk) -> bool:
    return await unsent(desk) == 0


async def test_a_lower_sequence_that_commits_later_is_not_lost(desk: Desk) -> None:
    """The outbox row with the lower seq commits after a higher one was already sent."""
    slow, fast = uuid4(), uuid4()
    async with desk.relaying():
        async with desk.database.transaction() as open_for_long:
            await notebook.write_line(open_for_long, desk.aggregate_type, slow)
            async with desk.database.transaction() as quick:
                await notebook.write_line(quick, desk.aggregate_type, fast)
            await eventually(lambda: fast_was_sent(desk))
        await eventually(lambda: all_sent(desk))
    assert sorted(await sent(desk, 2)) == sorted([(str(slow), 1), (str(fast), 1)])


async def fast_was_sent(desk: Desk) -> bool:
    async with desk.database.transaction() as uow:
        return bool(await uow.fetchval("SELECT count(*) FROM chassis.outbox WHERE sent_at IS NOT NULL AND seq = 2"))


async def test_facts_of_one_aggregate_are_sent_in_the_order_of_their_commits(desk: Desk) -> None:
    book = uuid4()
    async with desk.relaying():
        for _ in range(40):
            async with desk.database.transaction() as uow:
                await notebook.write_line(uow, desk.aggregate_type, book)
        await eventually(lambda: all_sent(desk))
    assert await sent(desk, 40) == [(str(book), line) for line in range(1, 41)]


async def test_a_rolled_back_command_sends_nothing(desk: Desk) -> None:
    given_up, kept = uuid4(), uuid4()

    async def give_up() -> None:
        async with desk.database.transaction() as uow:
            await notebook.write_line(uow, desk.aggregate_type, given_up)
            raise RuntimeError("given up")

    with pytest.raises(RuntimeError, match="given up"):
        await give_up()
    async with desk.relaying():
        async with desk.database.transaction() as uow:
            await notebook.write_line(uow, desk.aggregate_type, kept)
        await eventually(lambda: all_sent(desk))
    assert await sent(desk, 1) == [(str(kept), 1)]


async def test_two_relays_share_the_partitions_and_the_survivor_takes_them_all(desk: Desk) -> None:
    async def owned() -> list[int]:
        async with desk.database.transaction() as uow:
            rows = await uow.fetch(
                "SELECT count(*) AS owned FROM pg_locks WHERE locktype = 'advisory' AND classid = 7105002"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) GROUP BY pid"
            )
        return sorted(row["owned"] for row in rows)

    async def shared() -> bool:
        return await owned() == [4, 4]

    async def taken_over() -> bool:
        return await owned() == [8]

    async with desk.relaying():
        await eventually(taken_over)
        async with desk.relaying():
            await eventually(shared)
        await eventually(taken_over)


async def test_a_second_fact_for_the_same_version_is_refused_by_the_database(desk: Desk) -> None:
    book = uuid4()

    async def claim_version_one(uow: UnitOfWork) -> None:
        fact = notebook.pb.LineWritten(notebook_id=str(book), line=1)
        await uow.emit(fact, aggregate_type=desk.aggregate_type, aggregate_id=book, sequence=1)

    async with desk.database.transaction() as uow:
        await claim_version_one(uow)
    with pytest.raises(asyncpg.UniqueViolationError):
        async with desk.database.transaction() as uow:
            await claim_version_one(uow)


async def test_what_was_sent_long_ago_is_forgotten_with_its_keys_and_what_was_never_sent_is_not(desk: Desk) -> None:
    old, waiting = uuid4(), uuid4()
    request = notebook.pb.WriteLineRequest(idempotency_key="old", notebook_id=str(old))
    async with desk.relaying():
        async with desk.database.transaction() as uow:
            assert await uow.idempotent("old", request) is None
            line = await notebook.write_line(uow, desk.aggregate_type, old)
            await uow.remember("old", request, notebook.pb.WriteLineResponse(line=line))
        await eventually(lambda: all_sent(desk))
    async with desk.database.transaction() as uow:
        await notebook.write_line(uow, desk.aggregate_type, waiting)

    async def kept() -> list[str]:
        async with desk.database.transaction() as uow:
            rows = await uow.fetch("SELECT aggregateid FROM chassis.outbox WHERE sent_at IS NOT NULL")
        return [row["aggregateid"] for row in rows]

    async def only_the_later_is_kept() -> bool:
        return await kept() == [str(waiting)]

    def later() -> datetime:
        return system_clock() + KEPT + timedelta(days=1)

    async with running(lambda stop: relay(desk.url, desk.kafka, stop=stop, route=notebook.route, clock=later)):
        await eventually(only_the_later_is_kept)
    assert sorted(await sent(desk, 2)) == sorted([(str(old), 1), (str(waiting), 1)])
    async with desk.database.transaction() as uow:
        assert await uow.idempotent("old", request) is None, "the key is remembered for ever"
