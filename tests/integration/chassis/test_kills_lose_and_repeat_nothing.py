"""Processes killed at the two worst moments: after sending and before marking, after effect and before offset."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from tests.integration.chassis import notebook
from tests.integration.chassis.conftest import Desk
from tests.integration.chassis.program import GATE
from tests.waiting import eventually

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.usefixtures("acting")


@asynccontextmanager
async def process(mode: str, desk: Desk) -> AsyncIterator[asyncio.subprocess.Process]:
    """The program in a process of its own; killed at the end if it still lives."""
    arguments = ("-m", "tests.integration.chassis.program", mode, desk.url, desk.kafka, desk.aggregate_type)
    child = await asyncio.create_subprocess_exec(sys.executable, *arguments, cwd=ROOT)
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


async def kill(child: asyncio.subprocess.Process) -> None:
    child.send_signal(signal.SIGKILL)
    assert await child.wait() == -signal.SIGKILL, "it had ended by itself"


async def records(desk: Desk) -> int:
    """How many records stand in the topic."""
    consumer = AIOKafkaConsumer(bootstrap_servers=desk.kafka)
    await consumer.start()
    try:
        ends = await consumer.end_offsets([TopicPartition(desk.topic, number) for number in range(2)])
    finally:
        await consumer.stop()
    return sum(ends.values())


async def committed(desk: Desk) -> int:
    """How many records the reader has committed as done."""
    admin = AIOKafkaAdminClient(bootstrap_servers=desk.kafka)
    await admin.start()
    try:
        offsets = await admin.list_consumer_group_offsets(notebook.CONSUMER)
    finally:
        await admin.close()
    return sum(at.offset for partition, at in offsets.items() if partition.topic == desk.topic and at.offset > 0)


async def test_a_relay_killed_between_send_and_mark_repeats_the_fact_and_the_consumer_ignores_it(desk: Desk) -> None:
    book = uuid4()
    async with desk.database.transaction() as uow:
        await notebook.write_line(uow, desk.aggregate_type, book)
    # The row is locked, so the relay can read and send it, and then hangs in marking it.
    async with desk.database.transaction() as uow:
        await uow.execute("SELECT FROM chassis.outbox FOR UPDATE")
        async with process("relay", desk) as first:
            await eventually(lambda: is_marking(desk))
            assert await records(desk) == 1
            await kill(first)
            await eventually(lambda: marking_was_given_up(desk))
    async with desk.relaying(), desk.reading():
        await eventually(lambda: stands_at(desk, 2))
        async with desk.database.transaction() as uow:
            await notebook.write_line(uow, desk.aggregate_type, book)
        await eventually(lambda: has_read(desk, book, 2))
    assert await records(desk) == 3
    assert await notebook.lines_read(desk.database, book) == [1, 2]


async def is_marking(desk: Desk) -> bool:
    """Whether a relay's session waits for the locked row, or is only just ending."""
    async with desk.database.transaction() as uow:
        return bool(
            await uow.fetchval(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND state = 'active' AND query LIKE 'UPDATE chassis.outbox%'"
            )
        )


async def marking_was_given_up(desk: Desk) -> bool:
    return not await is_marking(desk)


async def stands_at(desk: Desk, count: int) -> bool:
    return await records(desk) == count


async def has_read(desk: Desk, book: object, line: int) -> bool:
    async with desk.database.transaction() as uow:
        return bool(
            await uow.fetchval("SELECT count(*) FROM line_read WHERE notebook_id = $1 AND line = $2", book, line)
        )


async def test_a_consumer_killed_between_effect_and_offset_does_not_repeat_the_effect(desk: Desk) -> None:
    book = uuid4()
    async with desk.relaying():
        for _ in range(2):
            async with desk.database.transaction() as uow:
                await notebook.write_line(uow, desk.aggregate_type, book)
        await eventually(lambda: stands_at(desk, 2))
    # Both facts come in one batch; the second waits at the gate, so the batch's offset is not committed.
    async with desk.database.transaction() as uow:
        await uow.execute(notebook.sql.wait_until_free, GATE)
        async with process("consumer", desk) as first:
            await eventually(lambda: has_read(desk, book, 1))
            assert await committed(desk) == 0
            await kill(first)
    async with desk.reading():
        await eventually(lambda: has_read(desk, book, 2))
    assert await notebook.lines_read(desk.database, book) == [1, 2]
    assert await committed(desk) == 2
