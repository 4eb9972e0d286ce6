"""A consumer that lives and no longer reads is found out by asking Kafka, and its process begins anew."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer

from chassis import stream
from chassis.kafka import running_consumer
from chassis.stream import ConsumerStalled, _Progress
from tests.integration.chassis import notebook
from tests.integration.chassis.conftest import Desk, publish
from tests.waiting import eventually


@pytest.fixture(autouse=True)
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever stands where it stood at the last look has stood too long."""
    monkeypatch.setattr(stream, "_CHECK_EVERY", 10.0)
    monkeypatch.setattr(stream, "_STALLED_AFTER", 0.0)


@asynccontextmanager
async def subscribed(desk: Desk) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer that has its partitions, with one record waiting."""
    await publish(desk, uuid4(), 1)
    async with running_consumer(desk.kafka, notebook.CONSUMER, [desk.topic]) as consumer:
        consumer.subscribe([desk.topic])

        async def assigned() -> bool:
            return bool(consumer.assignment())

        await eventually(assigned)
        yield consumer


async def look(progress: _Progress) -> None:
    """Check now, whenever the next check would have been."""
    progress._next_check = 0.0
    await progress.check()


async def test_one_that_stands_still_while_records_wait_ends_its_process_and_says_where_it_stands(desk: Desk) -> None:
    async with subscribed(desk) as consumer:
        progress = _Progress(consumer)
        await look(progress)
        with pytest.raises(ConsumerStalled, match=r"\[[01]\] stands at 0 of 1"):
            await look(progress)


async def test_one_that_has_read_everything_may_stand(desk: Desk) -> None:
    async with subscribed(desk) as consumer:
        progress = _Progress(consumer)
        await look(progress)
        await consumer.getone()
        await look(progress)
        await look(progress)


async def test_one_that_waits_on_purpose_may_stand(desk: Desk) -> None:
    async with subscribed(desk) as consumer:
        progress = _Progress(consumer)
        await look(progress)
        consumer.pause(*consumer.assignment())
        await look(progress)
        await look(progress)
