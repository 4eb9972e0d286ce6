"""How this platform talks to Kafka: nothing acknowledged before it is on all in-sync replicas."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.structs import OffsetAndMetadata

from chassis import logs, tls

_STOP_TIMEOUT = 10.0

_log = logs.logger("kafka")


def reached(bootstrap: str) -> dict[str, Any]:
    """How a client reaches the brokers at `host:port,...[?tls=FOLDER]`: what each of aiokafka's clients is given."""
    servers, folder = tls.parted(bootstrap)
    if folder is None:
        return {"bootstrap_servers": servers}
    return {"bootstrap_servers": servers, "security_protocol": "SSL", "ssl_context": tls.context(folder)}


@asynccontextmanager
async def running_producer(bootstrap: str) -> AsyncIterator[AIOKafkaProducer]:
    """An idempotent producer that waits for all in-sync replicas; stopped in ten seconds even if Kafka is away."""
    producer = AIOKafkaProducer(
        **reached(bootstrap),
        enable_idempotence=True,
        acks="all",
        linger_ms=5,
        max_batch_size=128 * 1024,
        compression_type="lz4",
        request_timeout_ms=10_000,
    )
    try:
        await producer.start()
        yield producer
    finally:
        await _stopped("producer", producer.stop())


class TopicsMissing(Exception):
    """Topics this process needs do not exist; the deployment creates them, no program does on the fly."""


@asynccontextmanager
async def running_consumer(bootstrap: str, group: str, needed: Sequence[str]) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer that commits only when told, subscribed to nothing yet; `TopicsMissing` names the topics that lack."""
    consumer = AIOKafkaConsumer(
        **reached(bootstrap),
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        max_poll_interval_ms=300_000,
        session_timeout_ms=10_000,
        heartbeat_interval_ms=3_000,
        request_timeout_ms=15_000,
    )
    try:
        await consumer.start()
        missing = set(needed) - await consumer.topics()
        if missing:
            raise TopicsMissing(f"the deployment has not created {', '.join(sorted(missing))} on {bootstrap}")
        yield consumer
    finally:
        await _stopped("consumer", consumer.stop())


async def _stopped(kind: str, stopping: Coroutine[Any, Any, None]) -> None:
    # A client whose broker is away may wait for it for ever, or pass on that a task of its own was cancelled, which
    # must not be taken for our own end. It has nothing left to say either way.
    ending = asyncio.create_task(stopping)
    try:
        await asyncio.wait({ending}, timeout=_STOP_TIMEOUT)
    finally:
        if not ending.done():
            _log.warning("a Kafka client did not stop in time and is left", kind=kind)
            ending.cancel()
        elif not ending.cancelled() and (problem := ending.exception()):
            _log.warning("a Kafka client did not stop in order", kind=kind, exc_info=problem)


async def lag(bootstrap: str) -> dict[str, int]:
    """How many records each consumer group has still to read, over all its topics.

    A group that has committed nothing on a partition yet counts as not subscribed to it.
    """
    admin = AIOKafkaAdminClient(**reached(bootstrap), request_timeout_ms=10_000)
    reader = AIOKafkaConsumer(**reached(bootstrap))
    try:
        await admin.start()
        await reader.start()
        groups = [name for name, _ in await admin.list_consumer_groups()]
        return {group: await _behind(await admin.list_consumer_group_offsets(group), reader) for group in groups}
    finally:
        await reader.stop()
        await admin.close()


async def _behind(committed: Mapping[TopicPartition, OffsetAndMetadata], reader: AIOKafkaConsumer) -> int:
    ends = await reader.end_offsets(list(committed))
    return sum(ends[partition] - at.offset for partition, at in committed.items() if at.offset >= 0)
