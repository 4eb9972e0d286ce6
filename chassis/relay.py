"""From the outbox to Kafka: what was committed is sent, in order for each aggregate, at least once.

Each virtual partition belongs to one relay at a time, by an advisory lock on the very connection that reads and marks
its rows. There is no cursor to run ahead of a transaction that commits late: whatever is unsent is read again. A relay
that dies between sending and marking makes a duplicate, which consumers ignore by its sequence.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from opentelemetry.trace import SpanKind

from chassis import logs
from chassis.clock import Clock, system_clock
from chassis.crash_points import reached
from chassis.kafka import running_producer
from chassis.outbox import PARTITIONS
from chassis.queries import chassis_queries as sql
from chassis.telemetry import continue_trace, current_traceparent
from chassis.topics import topic_of
from chassis.unit_of_work import Route, prepare_connection
from chassis.waiting import wait

BATCH = 500
POLL = 0.2
KEPT = timedelta(days=30)

_LOCKS = 7_105_002
_MEMBERS = 7_105_003
_SEND_TIMEOUT = 30.0
_SETTLE_EVERY = 2.0
_HOUSEKEEPING_EVERY = 600.0
_FORGET_AT_ONCE = 5_000
_STATEMENT_TIMEOUT = 15.0
_PAUSE = 1.0
# The server ends the session of a relay that died or cannot be reached within seconds, even amid a statement: its locks
# go to another relay, and what it was about to mark stays unsent.
_NOTICE_A_DEAD_RELAY = {
    "client_connection_check_interval": "1s",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
_log = logs.logger("relay")


async def relay(
    database_url: str,
    kafka_bootstrap: str,
    *,
    stop: asyncio.Event,
    route: Route = topic_of,
    clock: Clock = system_clock,
) -> None:
    """Send until `stop` is set, through any outage of the database or of Kafka. Several relays share the partitions."""
    while not stop.is_set():
        try:
            async with _session(database_url, kafka_bootstrap, route, clock) as session:
                await session.run(stop)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, KafkaError):
            # A producer that failed once may fail for ever (its sequence numbers are lost): both ends are made anew.
            _log.warning("the relay lost the database or Kafka and begins anew", retry_in_s=_PAUSE, exc_info=True)
            await wait(stop, _PAUSE)


@asynccontextmanager
async def _session(database_url: str, kafka_bootstrap: str, route: Route, clock: Clock) -> AsyncIterator[_Session]:
    connection = await asyncpg.connect(
        database_url, timeout=5.0, command_timeout=_STATEMENT_TIMEOUT, server_settings=_NOTICE_A_DEAD_RELAY
    )
    try:
        await prepare_connection(connection)
        async with running_producer(kafka_bootstrap) as producer:
            yield _Session(connection, producer, route, clock)
    finally:
        # Not closed politely: the locks must go now, even if the server no longer listens.
        connection.terminate()


class _Session:
    """One connection, one producer, and the partitions owned through them."""

    def __init__(self, connection: Any, producer: AIOKafkaProducer, route: Route, clock: Clock) -> None:
        self._connection = connection
        self._producer = producer
        self._route = route
        self._clock = clock
        self._owned: set[int] = set()
        self._hint = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Settle who owns what, send what there is, wait for more."""
        await self._connection.execute(sql.join_relays, _MEMBERS)
        await self._connection.add_listener("hotline_outbox", lambda *_: self._hint.set())
        settle_at = housekeeping_at = 0.0
        while not stop.is_set():
            now = time.monotonic()
            if now >= settle_at:
                await self._settle()
                settle_at = now + _SETTLE_EVERY
            if now >= housekeeping_at:
                await self._forget_old()
                housekeeping_at = now + _HOUSEKEEPING_EVERY
            self._hint.clear()
            if await self._send_batch() < BATCH:
                await wait(self._hint, POLL)

    async def _settle(self) -> None:
        members = await self._connection.fetchval(sql.count_relays, _MEMBERS)
        share = math.ceil(PARTITIONS / max(1, members))
        before = len(self._owned)
        while len(self._owned) > share:
            await self._connection.execute(sql.release_partition, _LOCKS, self._owned.pop())
        for partition in sorted(set(range(PARTITIONS)) - self._owned):
            if len(self._owned) >= share:
                break
            if await self._connection.fetchval(sql.own_partition, _LOCKS, partition):
                self._owned.add(partition)
        if len(self._owned) != before:
            _log.info("the relay's share changed", owned=len(self._owned), partitions=PARTITIONS)

    async def _send_batch(self) -> int:
        rows = await self._connection.fetch(sql.unsent, sorted(self._owned), BATCH) if self._owned else []
        if not rows:
            return 0
        reached("relay.read")
        async with asyncio.timeout(_SEND_TIMEOUT):
            # One after the other into the producer, which keeps their order; then all acknowledgements together.
            acknowledgements = [await self._send(row) for row in rows]
            await asyncio.gather(*acknowledgements)
        reached("relay.sent")
        await self._connection.execute(sql.mark_sent, [row["id"] for row in rows], self._clock())
        return len(rows)

    async def _send(self, row: Mapping[str, Any]) -> asyncio.Future[Any]:
        topic = self._route(row["aggregatetype"])
        headers = [(name, value.encode()) for name, value in row["headers"].items()]
        attributes = {
            "messaging.system": "kafka",
            "messaging.destination.name": topic,
            "messaging.message.id": str(row["id"]),
            "hotline.fact": row["type"],
        }
        with continue_trace(row["headers"].get("ce_traceparent"), f"send {topic}", SpanKind.PRODUCER, attributes):
            if traceparent := current_traceparent():
                headers.append(("traceparent", traceparent.encode()))
            acknowledgement: asyncio.Future[Any] = await self._producer.send(
                topic, value=row["payload"], key=row["aggregateid"].encode(), headers=headers
            )
        return acknowledgement

    async def _forget_old(self) -> None:
        before = self._clock() - KEPT
        await self._connection.execute(sql.forget_sent, before, _FORGET_AT_ONCE)
        await self._connection.execute(sql.forget_keys, before)
