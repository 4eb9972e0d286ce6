"""Reading Kafka without losing a record: in order within a partition, the offset committed only after the effect.

Offsets are committed together, each second: what an end without warning leaves uncommitted comes again, and is known.

A record that fails is tried again in its place: its partition is paused while the others go on. An outage is waited out
for as long as it takes and never counted against a record; any other failure is counted, and after `ATTEMPTS` the
record is set aside.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from chassis import logs, outages
from chassis.crash_points import reached
from chassis.errors import NotYetKnown
from chassis.kafka import running_consumer, running_producer
from chassis.record import Poison, Record
from chassis.standing import Standing
from chassis.topics import dead_letter
from chassis.waiting import wait

ATTEMPTS = 5
_FIRST_DELAY = 0.1
_LONGEST_DELAY = 2.0
_OUTAGE_DELAY = 0.5
_HANDLER_TIMEOUT = 60.0
_BATCH = 100
_POLL_MS = 200
_COMMIT_EVERY = 1.0
_COMMIT_TIMEOUT = 5.0
_PAUSE = 1.0
_CHECK_EVERY = 15.0
_STALLED_AFTER = 90.0

_log = logs.logger("consumer")

IsOutage = Callable[[BaseException], bool]


class ConsumerStalled(Exception):
    """The consumer lives but no longer consumes; its process must be started anew."""


class HandlerTooSlow(Exception):
    """A handler did not end within its time; long work belongs in a workflow."""


class Applier(Protocol):
    """What a stream does with its records."""

    async def apply(self, record: Record) -> None:
        """Have the record's effect, exactly once or idempotently."""

    async def set_aside(self, record: Record, reason: str, attempts: int) -> None:
        """Note that the record, which stands in the dead letter topic, cannot be applied."""

    async def between(self) -> None:
        """Called again and again between batches."""


class Stream:
    """One consumer group's reading of some topics."""

    def __init__(
        self,
        group: str,
        topics: Sequence[str],
        bootstrap: str,
        applier: Applier,
        standing: Standing,
        is_outage: IsOutage = outages.is_outage,
    ) -> None:
        self._group = group
        self._topics = sorted(topics)
        self._bootstrap = bootstrap
        self._applier = applier
        self._is_outage = is_outage
        self._failures: dict[tuple[TopicPartition, int], int] = {}
        self._resume_at: dict[TopicPartition, float] = {}
        self._batch = asyncio.Lock()
        # How far each partition is dealt with and not yet committed.
        self._done: dict[TopicPartition, int] = {}
        self._commit_at = 0.0
        self._standing = standing

    async def run(self, stop: asyncio.Event) -> None:
        """Read until `stop` is set, through any outage of Kafka; `ConsumerStalled` if it only seems to read."""
        while not stop.is_set():
            try:
                needed = [*self._topics, *(dead_letter(topic, self._group) for topic in self._topics)]
                async with running_consumer(self._bootstrap, self._group, needed) as consumer:
                    self._done.clear()
                    consumer.subscribe(self._topics, listener=_DrainFirst(self._batch, partial(self._leave, consumer)))
                    async with self._standing.told_of(consumer):
                        await self._read(consumer, stop)
            except* (KafkaError, OSError) as problems:
                _log.warning(
                    "the consumer lost Kafka and begins anew",
                    group=self._group,
                    retry_in_s=_PAUSE,
                    exc_info=problems.exceptions[0],
                )
                await wait(stop, _PAUSE)

    async def _read(self, consumer: AIOKafkaConsumer, stop: asyncio.Event) -> None:
        progress = _Progress(consumer)
        while not stop.is_set():
            batch = await consumer.getmany(timeout_ms=_POLL_MS, max_records=_BATCH)
            async with self._batch, asyncio.TaskGroup() as working:
                for partition, messages in batch.items():
                    working.create_task(self._work(consumer, partition, messages, stop))
            if time.monotonic() >= self._commit_at:
                await self._commit(consumer)
            await self._between()
            self._resume_due(consumer)
            await progress.check()
        await self._commit(consumer)

    async def _work(
        self, consumer: AIOKafkaConsumer, partition: TopicPartition, messages: Sequence[Any], stop: asyncio.Event
    ) -> None:
        for message in messages:
            if stop.is_set():
                break
            self._standing.takes(partition, message.timestamp)
            delay = await self._attempt(partition, Record.from_kafka(message))
            if delay is not None:
                self._retry_in_place(consumer, partition, message.offset, delay)
                break
            self._done[partition] = message.offset + 1
        else:
            self._standing.leaves(partition)
        reached("consumer.applied")

    async def _attempt(self, partition: TopicPartition, record: Record) -> float | None:
        """None when the record is dealt with, else the seconds to wait before it is tried again."""
        place = (partition, record.offset)
        failures = self._failures.get(place, 0)
        try:
            try:
                await _within(_HANDLER_TIMEOUT, self._applier.apply(record))
            except Poison as problem:
                await self.set_aside(record, str(problem), failures + 1)
            except Exception as problem:
                if isinstance(problem, NotYetKnown) or self._is_outage(problem):
                    raise
                if failures + 1 < ATTEMPTS:
                    self._failures[place] = failures + 1
                    _log.warning("a fact failed and is tried again", attempts=failures + 1, **_where(record, problem))
                    return delay_after(failures)
                await self.set_aside(record, f"FAILED: {type(problem).__name__}", failures + 1)
        except (NotYetKnown, KafkaError) as problem:
            return self._wait_out(record, problem)
        except Exception as problem:
            if not self._is_outage(problem):
                raise
            return self._wait_out(record, problem)
        self._failures.pop(place, None)
        return None

    def _wait_out(self, record: Record, problem: Exception) -> float:
        _log.warning("waiting: something a fact needs is out of reach", **_where(record, problem))
        return _OUTAGE_DELAY

    async def set_aside(self, record: Record, reason: str, attempts: int) -> None:
        """Put a record into the dead letter topic, then have the applier note it."""
        # The topic first: it is what alarms watch. A crash between the two repeats the topic's record, never loses one.
        _log.error("a fact is set aside", reason=reason, attempts=attempts, **_where(record))
        async with running_producer(self._bootstrap) as producer:
            await producer.send_and_wait(
                dead_letter(record.topic, self._group),
                value=record.payload,
                key=record.key.encode(),
                headers=[*record.headers, *_dead_letter_headers(record, reason, attempts)],
            )
        await self._applier.set_aside(record, reason, attempts)

    def _retry_in_place(self, consumer: AIOKafkaConsumer, partition: TopicPartition, offset: int, delay: float) -> None:
        consumer.seek(partition, offset)
        consumer.pause(partition)
        self._resume_at[partition] = time.monotonic() + delay

    def _resume_due(self, consumer: AIOKafkaConsumer) -> None:
        now = time.monotonic()
        for partition in [partition for partition, at in self._resume_at.items() if at <= now]:
            del self._resume_at[partition]
            if partition in consumer.assignment():
                consumer.resume(partition)

    async def _commit(self, consumer: AIOKafkaConsumer) -> None:
        self._commit_at = time.monotonic() + _COMMIT_EVERY
        # One that was lost without a word belongs to another consumer, which has read it again from what was committed.
        done = {partition: offset for partition, offset in self._done.items() if partition in consumer.assignment()}
        try:
            if done:
                # Unbounded, it would wait for Kafka to come back, and a process that is to end with it.
                async with asyncio.timeout(_COMMIT_TIMEOUT):
                    await consumer.commit(done)
            self._done.clear()
        except (KafkaError, TimeoutError) as problem:
            # Kafka is away, or gives the partitions to others: said again in a moment, or read again by them and known.
            _log.warning("offsets were not committed", partitions=len(done), exc_info=problem)

    async def _between(self) -> None:
        try:
            await self._applier.between()
        except Exception as problem:
            if not self._is_outage(problem):
                raise

    async def _leave(self, consumer: AIOKafkaConsumer, revoked: set[TopicPartition]) -> None:
        await self._commit(consumer)
        for partition in revoked:
            self._done.pop(partition, None)
            self._resume_at.pop(partition, None)
            self._standing.leaves(partition)
        self._failures = {place: count for place, count in self._failures.items() if place[0] not in revoked}


class _DrainFirst(ConsumerRebalanceListener):  # type: ignore[misc]
    """Lets the running batch end and commit before its partitions go to another consumer."""

    def __init__(self, batch: asyncio.Lock, leave: Callable[[set[TopicPartition]], Awaitable[None]]) -> None:
        self._batch = batch
        self._leave = leave

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        async with self._batch:
            reached("consumer.revoked")
            await self._leave(revoked)

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Nothing to do: the committed offsets say where to go on."""


class _Progress:
    """A watchdog: records wait, none is paused, and yet the position does not move."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._next_check = time.monotonic() + _CHECK_EVERY
        self._moved: dict[TopicPartition, tuple[int, float]] = {}

    async def check(self) -> None:
        """Raise `ConsumerStalled` if a partition has stood still for too long with records waiting."""
        now = time.monotonic()
        if now < self._next_check:
            return
        self._next_check = now + _CHECK_EVERY
        reading = self._consumer.assignment() - self._consumer.paused()
        if not reading:
            return
        # Asked of the broker: the consumer's own idea of the end stands still when its fetcher does.
        ends = await self._consumer.end_offsets(list(reading))
        for partition, end in ends.items():
            position = await asyncio.wait_for(self._consumer.position(partition), _CHECK_EVERY)
            seen, since = self._moved.get(partition, (-1, now))
            if position != seen or position >= end:
                self._moved[partition] = (position, now)
            elif now - since > _STALLED_AFTER:
                raise ConsumerStalled(f"{partition.topic}[{partition.partition}] stands at {position} of {end}")


def delay_after(failures: int) -> float:
    """Seconds before the next try: doubling, with a bound."""
    return float(min(_FIRST_DELAY * 2**failures, _LONGEST_DELAY))


async def _within(seconds: float, work: Awaitable[None]) -> None:
    deadline = asyncio.timeout(seconds)
    try:
        async with deadline:
            await work
    except TimeoutError:
        if deadline.expired():
            raise HandlerTooSlow(f"a handler took longer than {seconds:g} s") from None
        raise


def _dead_letter_headers(record: Record, reason: str, attempts: int) -> list[tuple[str, bytes]]:
    origin = {
        "dlq-reason": reason,
        "dlq-attempts": str(attempts),
        "origin-topic": record.topic,
        "origin-partition": str(record.partition),
        "origin-offset": str(record.offset),
    }
    return [(name, value.encode()) for name, value in origin.items()]


def _where(record: Record, problem: BaseException | None = None) -> dict[str, Any]:
    where: dict[str, Any] = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
    return where | ({"exc_info": problem} if problem else {})
