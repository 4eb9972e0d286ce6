"""A fresh database, fresh topics and a running relay or consumer for each test, on the session's real stack."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from chassis.consumer import Consumer, Handler, Prepared
from chassis.database import Database
from chassis.identity import Actor, current_actor
from chassis.migrations import migrate
from chassis.relay import relay
from tests.integration.chassis import notebook
from tests.integration.chassis.contract import pb


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


async def eventually(condition: Callable[[], Awaitable[Any]], *, within: float = 30.0) -> Any:
    """The first true answer of `condition`; fails if there is none in time."""
    async with asyncio.timeout(within):
        while True:
            answer = await condition()
            if answer:
                return answer
            await asyncio.sleep(0.05)


@pytest.fixture
def acting() -> Any:
    """The test acts as a screener."""
    token = current_actor.set(Actor("staff-7", frozenset({"SCREENER"})))
    yield
    current_actor.reset(token)


@pytest.fixture
async def database_url(stack: Any) -> AsyncIterator[str]:
    """An empty database of this test's own."""
    name = f"chassis_{uuid4().hex[:12]}"
    admin = await asyncpg.connect(stack.postgres_url)
    await admin.execute(f"CREATE DATABASE {name}")
    yield urlunsplit(urlsplit(stack.postgres_url)._replace(path=f"/{name}"))
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture
async def desk(stack: Any, database_url: str) -> AsyncIterator[Desk]:
    """A migrated database and fresh topics."""
    migrate(database_url, [notebook.MIGRATIONS])
    aggregate_type = f"desk{uuid4().hex[:12]}.notebook"
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.kafka_bootstrap)
    await admin.start()
    names = notebook.topics(aggregate_type)
    await admin.create_topics([NewTopic(name, num_partitions=2, replication_factor=1) for name in names])
    database = await Database.open(database_url, source="notebook", route=notebook.route)
    yield Desk(database_url, stack.kafka_bootstrap, database, aggregate_type)
    await database.close()
    await admin.delete_topics(names)
    await admin.close()


Around = Callable[..., AbstractAsyncContextManager[None]]
