"""A fresh database, fresh topics and a running relay or consumer for each test, on the session's real stack."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from chassis.consumer import Consumer, Handler, Prepared
from chassis.database import Database
from chassis.envelope import Envelope
from chassis.identity import Actor, current_actor
from chassis.kafka import running_producer
from chassis.migrations import migrate
from chassis.relay import relay
from deploy.local.infrastructure import Addresses
from tests.integration.chassis import notebook
from tests.integration.chassis.contract import pb
from tests.stack import fresh_database


@dataclass(frozen=True)
class Desk:
    """One test's own world: a database with the notebook's tables, and topics nobody else uses."""

    url: str
    kafka: str
    database: Database
    aggregate_type: str

    @property
    def topic(self) -> str:
        return notebook.route(self.aggregate_type)

    @asynccontextmanager
    async def relaying(self) -> AsyncIterator[None]:
        """A relay that runs as long as the block."""
        async with running(lambda stop: relay(self.url, self.kafka, stop=stop, route=notebook.route)):
            yield

    @asynccontextmanager
    async def reading(self, handler: Handler | Prepared = notebook.read_line) -> AsyncIterator[None]:
        """A consumer that runs as long as the block."""
        handlers = {self.topic: {pb.LineWritten.DESCRIPTOR.full_name: handler}}
        consumer = Consumer(notebook.CONSUMER, self.database, handlers, self.kafka)
        async with running(consumer.run):
            yield


@asynccontextmanager
async def running(work: Callable[[asyncio.Event], Awaitable[None]]) -> AsyncIterator[None]:
    """Runs something that ends when it is told to; its failure is the test's failure."""
    stop = asyncio.Event()
    task = asyncio.ensure_future(work(stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 30)


@pytest.fixture
def acting() -> Any:
    """The test acts as a screener."""
    token = current_actor.set(Actor("staff-7", frozenset({"SCREENER"})))
    yield
    current_actor.reset(token)


@pytest.fixture
async def desk(stack: Addresses) -> AsyncIterator[Desk]:
    """A migrated database and fresh topics."""
    async with desk_on(stack) as made:
        yield made


@asynccontextmanager
async def desk_on(stack: Addresses) -> AsyncIterator[Desk]:
    """A desk on outside parts that need not be the session's own."""
    async with fresh_database(stack) as url, fresh_topics(stack.kafka_bootstrap) as aggregate_type:
        migrate(url, [notebook.MIGRATIONS])
        database = await Database.open(url, source="notebook", route=notebook.route)
        yield Desk(url, stack.kafka_bootstrap, database, aggregate_type)
        await database.close()


@asynccontextmanager
async def fresh_topics(bootstrap: str) -> AsyncIterator[str]:
    """The aggregate type of a notebook whose topics exist as long as the block."""
    aggregate_type = f"desk{uuid4().hex[:12]}.notebook"
    names = notebook.topics(aggregate_type)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, num_partitions=2, replication_factor=1) for name in names])
        yield aggregate_type
        await admin.delete_topics(names)
    finally:
        await admin.close()


def envelope(desk: Desk, book: UUID, line: int, fact_type: str = "LineWritten") -> Envelope:
    """The envelope of one fact of a notebook."""
    return Envelope(
        id=uuid4(),
        type=f"hotline.notebook.v1.{fact_type}",
        source="/hotline/notebook",
        time=datetime(2026, 3, 1, 12, tzinfo=UTC),
        aggregate_type=desk.aggregate_type,
        subject=str(book),
        sequence=line,
    )


async def has_read(desk: Desk, book: UUID, *lines: int) -> bool:
    """Whether the reader has read just these lines of the notebook, in this order."""
    return await notebook.lines_read(desk.database, book) == list(lines)


async def send(desk: Desk, *records: tuple[Envelope, bytes]) -> None:
    """Records straight onto the topic, in the order given, as a paused or repeated relay might send them."""
    async with running_producer(desk.kafka) as producer:
        for of, value in records:
            await producer.send_and_wait(desk.topic, key=of.subject.encode(), value=value, headers=of.to_headers())


async def publish(desk: Desk, book: UUID, *lines: int) -> None:
    """Facts of a notebook."""
    facts = ((line, pb.LineWritten(notebook_id=str(book), line=line)) for line in lines)
    await send(desk, *((envelope(desk, book, line), fact.SerializeToString()) for line, fact in facts))


async def close(desk: Desk, book: UUID, sequence: int) -> None:
    """A fact for which nobody here has a handler."""
    fact = pb.NotebookClosed(notebook_id=str(book))
    await send(desk, (envelope(desk, book, sequence, "NotebookClosed"), fact.SerializeToString()))
