"""`hotline facts lost`: what others have heard of a service that was restored to an earlier time, and it has not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import click
from aiokafka import AIOKafkaConsumer

from chassis.envelope import Envelope
from chassis.kafka import reached
from chassis.record import Poison, Record
from chassis.topics import TOPICS
from cli import output, session
from cli.times import Instant
from deploy.local.infrastructure import addresses
from deploy.local.settings import SERVICES, StackSettings
from hotline.operations.v1 import operations_service_pb2 as pb

KEPT = timedelta(days=30)
"""How long an outbox keeps what was sent: of older facts nobody can say whether they were lost or forgotten."""
_AT_A_TIME = 1000
_COLUMNS = ("service", "aggregate", "id", "sequence", "fact", "committed")


@click.command()
@click.option("--since", required=True, type=Instant(), help="Before the backup that was restored.")
@click.option("--json", "as_json", is_flag=True)
@session.asynchronous
async def lost(since: datetime, as_json: bool) -> None:
    """Facts that Kafka holds since a time, and the service that told them does not; exit code 1 if there are any.

    Ask after a service was restored, since its backup. What is listed happened and is not on record where it belongs:
    somebody has to enter it again, and others pass over as many new facts of the same id as are listed.
    """
    if session.elsewhere() and StackSettings().kafka_bootstrap is None:
        raise click.UsageError("HOTLINE_KAFKA_BOOTSTRAP is not set: whoever asks must be let read every topic there")
    if since < datetime.now(UTC) - KEPT:
        raise click.UsageError(f"outboxes keep {KEPT.days} days: give a later --since")
    found = [fact for service in SERVICES for fact in await _lost_by(service, since)]
    if as_json:
        output.as_json([dict(zip(_COLUMNS, row, strict=True)) for row in map(_row, found)])
    else:
        output.table("Lost facts", _COLUMNS, map(_row, found))
    if found:
        raise click.exceptions.Exit(1)


def _row(fact: Envelope) -> tuple[object, ...]:
    service, _, aggregate = fact.aggregate_type.partition(".")
    kind = fact.type.rpartition(".")[2]
    return (
        service,
        aggregate,
        fact.subject,
        fact.sequence,
        kind,
        fact.time.astimezone().isoformat(sep=" ", timespec="seconds"),
    )


async def _lost_by(service: str, since: datetime) -> Sequence[Envelope]:
    """The facts of a service that stand on its topics and not in its outbox, in the order in which they were told."""
    topics = [topic.name for topic in TOPICS if topic.name.split(".")[1] == service]
    told = {str(fact.id): fact for fact in [fact async for fact in _told(topics, since)]}
    unknown: set[str] = set()
    async with session.stub("operations", at=service) as operations:
        ids = list(told)
        for n in range(0, len(ids), _AT_A_TIME):
            request = pb.FindUnknownFactsRequest(fact_ids=ids[n : n + _AT_A_TIME])
            unknown |= set((await operations.FindUnknownFacts(request, timeout=session.TIMEOUT)).fact_ids)
    return sorted((told[fact_id] for fact_id in unknown), key=lambda fact: (fact.time, fact.sequence))


async def _told(topics: Sequence[str], since: datetime) -> AsyncIterator[Envelope]:
    """What stands on these topics now, from a time on."""
    async with _reading(topics) as reader:
        partitions = list(reader.assignment())
        begin = await reader.offsets_for_times(dict.fromkeys(partitions, int(since.timestamp() * 1000)))
        ends = await reader.end_offsets(partitions)
        unread = {p: ends[p] for p, at in begin.items() if at is not None and at.offset < ends[p]}
        for partition in partitions:
            reader.seek(partition, begin[partition].offset if partition in unread else ends[partition])
        while unread:
            for partition, records in (await reader.getmany(timeout_ms=1000)).items():
                for record in records:
                    try:
                        yield Record.from_kafka(record).envelope()
                    except Poison:
                        continue  # not a fact of anybody: consumers have set it aside
                if await reader.position(partition) >= ends[partition]:
                    unread.pop(partition, None)


@asynccontextmanager
async def _reading(topics: Sequence[str]) -> AsyncIterator[AIOKafkaConsumer]:
    # Without a group: it is given every partition, and disturbs nobody who reads in earnest.
    reader = AIOKafkaConsumer(
        *topics, **reached(addresses(StackSettings()).kafka_bootstrap), auto_offset_reset="earliest"
    )
    await reader.start()
    try:
        yield reader
    finally:
        await reader.stop()
