"""Facts of others, each applied exactly once and in the order of its aggregate."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias

from opentelemetry.trace import SpanKind

from chassis import inbox, logs, outages
from chassis.database import Database
from chassis.envelope import Envelope
from chassis.errors import NotYetKnown
from chassis.identity import Actor, current_actor
from chassis.inbox import Place
from chassis.record import Poison, Record
from chassis.standing import Standing
from chassis.stream import ATTEMPTS, IsOutage, Stream, delay_after
from chassis.telemetry import continue_trace, link_of
from chassis.topics import dead_letter
from chassis.unit_of_work import UnitOfWork

Handler: TypeAlias = Callable[[Any, Envelope, UnitOfWork], Awaitable[None]]
"""`async (fact, envelope, uow) -> None`: has the fact's effect in the given transaction, and does no I/O of its own."""

StatelessHandler: TypeAlias = Callable[[Any, Envelope], Awaitable[None]]
"""`async (fact, envelope) -> None`: idempotent, since a fact may come more than once."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A handler that must first read elsewhere (by gRPC): `prepare` runs before the transaction, `handle` gets its
    answer.

    `prepare`: `async (fact) -> context`; `handle`: `async (fact, envelope, uow, context) -> None`.
    """

    prepare: Callable[[Any], Awaitable[Any]]
    handle: Callable[[Any, Envelope, UnitOfWork, Any], Awaitable[None]]


Subscriptions: TypeAlias = Mapping[str, Mapping[str, Handler | Prepared]]
"""From a topic to its handlers by full message name. Facts of a topic without a handler are passed over, in order."""

StatelessSubscriptions: TypeAlias = Mapping[str, Mapping[str, StatelessHandler]]

_NOT_YET = timedelta(seconds=1)
_LONGEST_NOT_YET = timedelta(minutes=1)
_SWEEP_EVERY = 0.5

_log = logs.logger("consumer")


class Consumer:
    """A service's consumer: effect, order and duplicates in one transaction of the service's own database."""

    def __init__(self, name: str, database: Database, subscriptions: Subscriptions, kafka_bootstrap: str) -> None:
        self._name = name
        self._database = database
        self._subscriptions = subscriptions
        self._standing = Standing(name, list(subscriptions))
        self._stream = Stream(name, list(subscriptions), kafka_bootstrap, self, self._standing)
        self._sweep_at = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until `stop` is set, through outages of Kafka and of the database."""
        current_actor.set(Actor.service(self._name))
        await self._stream.run(stop)

    async def apply(self, record: Record) -> None:
        """Apply a record if it is its turn, then whatever was held behind it."""
        envelope = record.envelope()
        handler = self._handler(record, envelope)
        if handler is None and await self._pass_over(envelope):
            return
        with _processing(record, envelope):
            try:
                followed = await self._take(record, envelope, handler)
            except NotYetKnown as problem:
                await self._hold_unknown(record, envelope, problem)
                return
        if followed:
            await self._follow(envelope.aggregate_type, envelope.subject, envelope.sequence + 1)

    async def set_aside(self, record: Record, reason: str, attempts: int) -> None:
        """Enter the dead letter and park its key."""
        try:
            envelope = record.envelope()
        except Poison:
            envelope = None
        async with self._database.transaction() as uow:
            await inbox.set_aside(uow, self._name, record, envelope, reason, attempts)

    async def between(self) -> None:
        """Try the held facts whose time has come."""
        if time.monotonic() < self._sweep_at:
            return
        self._sweep_at = time.monotonic() + _SWEEP_EVERY
        async with self._database.transaction() as uow:
            due = await inbox.due(uow, self._name)
            self._standing.holds(await inbox.held_since(uow, self._name))
        for row in due:
            await self._follow(row["aggregate_type"], row["aggregate_id"], row["sequence"])

    def _handler(self, record: Record, envelope: Envelope) -> Handler | Prepared | None:
        return self._subscriptions[record.topic].get(envelope.type)

    async def _pass_over(self, envelope: Envelope) -> bool:
        async with self._database.transaction() as uow:
            return await inbox.pass_over(uow, self._name, envelope)

    async def _take(self, record: Record, envelope: Envelope, handler: Handler | Prepared | None) -> bool:
        """Apply a record if it is its turn; answers whether it was, and the fact behind it is held."""
        if isinstance(handler, Prepared):
            return await self._take_prepared(record, envelope, handler)
        async with self._database.transaction() as uow:
            if not await self._is_next(uow, record, envelope):
                return False
            if handler is not None:
                await handler(record.fact(envelope.type), envelope, uow)
            return await inbox.mark_applied(uow, self._name, envelope)

    async def _take_prepared(self, record: Record, envelope: Envelope, handler: Prepared) -> bool:
        # Asked twice: preparing may take a while, and no transaction is kept open for it.
        async with self._database.transaction() as uow:
            if not await self._is_next(uow, record, envelope):
                return False
        fact = record.fact(envelope.type)
        context = await handler.prepare(fact)
        async with self._database.transaction() as uow:
            if not await self._is_next(uow, record, envelope):
                return False
            await handler.handle(fact, envelope, uow, context)
            return await inbox.mark_applied(uow, self._name, envelope)

    async def _is_next(self, uow: UnitOfWork, record: Record, envelope: Envelope) -> bool:
        place = await inbox.place(uow, self._name, envelope)
        if place is Place.EARLY:
            await inbox.hold(uow, self._name, record, envelope, inbox.EARLY, timedelta(0))
        elif place is Place.DONE:
            await inbox.release(uow, self._name, envelope)
        return place is Place.NEXT

    async def _hold_unknown(self, record: Record, envelope: Envelope, problem: NotYetKnown) -> None:
        _log.info("a fact is held: what it speaks of is not known yet", fact_type=envelope.type, kind=problem.what)
        async with self._database.transaction() as uow:
            await inbox.hold(uow, self._name, record, envelope, inbox.NOT_YET_KNOWN, _NOT_YET)

    async def _follow(self, aggregate_type: str, aggregate_id: str, sequence: int) -> None:
        """Apply held facts of one aggregate, from `sequence` on, as far as they go."""
        while True:
            async with self._database.transaction() as uow:
                row = await inbox.held(uow, self._name, aggregate_type, aggregate_id, sequence)
            if row is None or not await self._try_held(Record.from_row(row), row["reason"], row["attempts"]):
                return
            sequence += 1

    async def _try_held(self, record: Record, reason: str, attempts: int) -> bool:
        envelope = record.envelope()
        try:
            handler = None if reason == inbox.WAIVED else self._handler(record, envelope)
            with _processing(record, envelope):
                return await self._take(record, envelope, handler)
        except NotYetKnown:
            wait = min(_NOT_YET * 2 ** min(attempts, 6), _LONGEST_NOT_YET)
            await self._try_later(envelope, inbox.NOT_YET_KNOWN, attempts + 1, wait)
        except Poison as problem:
            await self._stream.set_aside(record, str(problem), attempts + 1)
        except Exception as problem:
            if outages.is_outage(problem):
                raise
            await self._failed(record, envelope, problem, attempts if reason == inbox.FAILED else 0)
        return False

    async def _failed(self, record: Record, envelope: Envelope, problem: Exception, attempts: int) -> None:
        if attempts + 1 >= ATTEMPTS:
            await self._stream.set_aside(record, f"FAILED: {type(problem).__name__}", attempts + 1)
        else:
            await self._try_later(envelope, inbox.FAILED, attempts + 1, timedelta(seconds=delay_after(attempts)))

    async def _try_later(self, envelope: Envelope, reason: str, attempts: int, wait: timedelta) -> None:
        async with self._database.transaction() as uow:
            await inbox.try_later(uow, self._name, envelope, reason, attempts, wait)


class StatelessConsumer:
    """A bridge without state: at least once, the offset committed after the effect, no memory of what was applied.

    Its handlers must be idempotent and put up with any order. `is_outage` tells which failures to wait out (by default
    those the chassis knows: give one that also knows the client library used by the handlers). A set-aside record is in
    the dead letter topic alone.
    """

    def __init__(
        self,
        name: str,
        subscriptions: StatelessSubscriptions,
        kafka_bootstrap: str,
        *,
        is_outage: IsOutage = outages.is_outage,
    ) -> None:
        self._name = name
        self._subscriptions = subscriptions
        # Of what it sets aside the topics are the only memory.
        standing = Standing(name, list(subscriptions), [dead_letter(topic, name) for topic in subscriptions])
        self._stream = Stream(name, list(subscriptions), kafka_bootstrap, self, standing, is_outage)

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until `stop` is set, through outages."""
        current_actor.set(Actor.service(self._name))
        await self._stream.run(stop)

    async def apply(self, record: Record) -> None:
        """Hand the record's fact to its handler."""
        envelope = record.envelope()
        handler = self._subscriptions[record.topic].get(envelope.type)
        if handler is not None:
            with _processing(record, envelope):
                await handler(record.fact(envelope.type), envelope)

    async def set_aside(self, record: Record, reason: str, attempts: int) -> None:
        """Nothing more: the dead letter topic holds the record."""

    async def between(self) -> None:
        """Nothing: no fact is held."""


def _processing(record: Record, envelope: Envelope) -> Any:
    attributes: dict[str, str | int] = {
        "messaging.system": "kafka",
        "messaging.destination.name": record.topic,
        "messaging.message.id": str(envelope.id),
        "hotline.fact": envelope.type,
        "hotline.sequence": envelope.sequence,
    }
    # Beside its parent, the sending: the commit that the fact tells of, of which a batch of sendings says nothing.
    links = link_of(envelope.traceparent, "committed")
    return continue_trace(record.traceparent(), f"process {record.topic}", SpanKind.CONSUMER, attributes, links)
