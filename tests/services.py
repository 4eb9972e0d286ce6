"""Services as processes of their own, as in production, on the session's real outside parts."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from uuid import UUID, uuid4

import grpc
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from chassis import identity
from chassis.client import connect
from chassis.topics import TOPICS, dead_letter
from deploy.local import checks, kafka
from deploy.local.infrastructure import Addresses
from deploy.local.platform import DEAD_LETTER_PARTITIONS, GROUPS
from deploy.local.settings import PROJECT
from tests.stack import clean_environment, fresh_database
from tests.waiting import eventually

Fact: TypeAlias = "ConsumerRecord[bytes, bytes]"
TIMEOUT = 10.0
"""Seconds a call of a test may take."""


@dataclass(frozen=True)
class RunningService:
    """One service, its every part in one process; `log` is all it writes, `issuer` signs the tokens it trusts."""

    name: str
    address: str
    database_url: str
    log: Path
    issuer: Path

    @asynccontextmanager
    async def acting_as(self, *roles: str, subject: UUID | None = None) -> AsyncIterator[grpc.aio.Channel]:
        """A channel on which a person with these roles calls."""
        token = identity.issue(self.issuer, str(subject or uuid4()), roles)
        async with connect(self.address, lambda: token) as channel:
            yield channel


@asynccontextmanager
async def running_service(name: str, stack: Addresses, folder: Path) -> AsyncIterator[RunningService]:
    """The service `name` with an empty database, ready to be called; its log and keys lie in `folder`."""
    issuer = folder / "identity"
    identity.make_development_key(issuer)
    await create_topics(stack)
    async with fresh_database(stack) as database_url:
        port = free_port()
        environment = clean_environment() | {
            "HOTLINE_DATABASE_URL": database_url,
            "HOTLINE_KAFKA_BOOTSTRAP": stack.kafka_bootstrap,
            "HOTLINE_IDENTITY_KEYS": str(issuer),
            "HOTLINE_CERTIFICATE_KEY": str(issuer / "certificate.pem"),
            "HOTLINE_PORT": str(port),
        }
        service = RunningService(name, f"127.0.0.1:{port}", database_url, folder / f"{name}.log", issuer)
        async with _process(service, environment) as process:
            await eventually(lambda: _ready(service, process), within=60)
            yield service


async def create_topics(stack: Addresses) -> None:
    """Every topic of the table, and every group's dead letters of it."""
    topics = {topic.name: topic.partitions for topic in TOPICS}
    topics |= {dead_letter(topic.name, group): DEAD_LETTER_PARTITIONS for topic in TOPICS for group in GROUPS}
    await kafka.ensure_topics(stack.kafka_bootstrap, topics)


async def records(stack: Addresses, *topics: str) -> list[Fact]:
    """All that stands on these topics now, from their beginning."""
    found: list[Fact] = []
    async with _reading(stack, topics) as consumer:
        ends = await consumer.end_offsets(list(consumer.assignment()))
        while any([await consumer.position(partition) < end for partition, end in ends.items()]):
            for batch in (await consumer.getmany(timeout_ms=200)).values():
                found.extend(batch)
    return found


async def facts_about(stack: Addresses, topic: str, key: str, count: int) -> list[Fact]:
    """The first `count` facts of one aggregate, in order; fails if they do not come."""
    found: list[Fact] = []
    async with _reading(stack, [topic]) as consumer, asyncio.timeout(30):
        while len(found) < count:
            for batch in (await consumer.getmany(timeout_ms=200)).values():
                found.extend(record for record in batch if record.key == key.encode())
    return found


async def read_up_to(stack: Addresses, group: str, partition: TopicPartition, offset: int) -> None:
    """Wait until a consumer group is done with a record and all before it in its partition."""
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.kafka_bootstrap)
    await admin.start()

    async def done() -> bool:
        committed = await admin.list_consumer_group_offsets(group, partitions=[partition])
        return bool(committed[partition].offset > offset)

    try:
        await eventually(done)
    finally:
        await admin.close()


def free_port() -> int:
    """A TCP port nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


async def ended(process: asyncio.subprocess.Process, *, within: float = 60.0) -> int:
    """The exit code of a process that was told to end; killed if it has not in time (seconds), which is a failure."""
    try:
        return await asyncio.wait_for(process.wait(), within)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise


@asynccontextmanager
async def _reading(stack: Addresses, topics: Sequence[str]) -> AsyncIterator[AIOKafkaConsumer]:
    # Without a group: it reads every partition from its beginning, and disturbs nobody who reads in earnest.
    consumer = AIOKafkaConsumer(*topics, bootstrap_servers=stack.kafka_bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


async def _ready(service: RunningService, process: asyncio.subprocess.Process) -> bool:
    if process.returncode is not None:
        raise RuntimeError(f"{service.name} ended with {process.returncode}: {service.log.read_text()[-2000:]}")
    try:
        await checks.serving(service.address)
    except (ConnectionError, grpc.aio.AioRpcError):
        return False
    return True


@asynccontextmanager
async def _process(service: RunningService, environment: dict[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    with service.log.open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", f"services.{service.name}", "all"),
            cwd=PROJECT,
            env=environment | {"PATH": os.environ["PATH"]},
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            await ended(process)
