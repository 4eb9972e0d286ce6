"""How far a consumer is behind: the facts it has still to read, and the oldest one that waits in its hands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from chassis import logs
from chassis.metrics import Age, Gauge, Key

_EVERY = 5.0

_log = logs.logger("consumer")

lag = Gauge("hotline.consumer.lag")
"""How many facts are still to be read, by group and topic."""
oldest = Age("hotline.consumer.oldest_unprocessed")
"""How long the oldest fact waits that was read and is not applied, by group and topic."""
set_aside = Gauge("hotline.dead_letters")
"""Told by a service's api from its table, and by a consumer without one from its topics, which have one partition."""


class Standing:
    """One consumer group's standing in this process."""

    def __init__(self, group: str, topics: Sequence[str], dead_letters: Sequence[str] = ()) -> None:
        """`dead_letters`: the topics of what is set aside, where no table of ours counts it."""
        self._group = group
        self._topics = topics
        self._dead_letters = [TopicPartition(topic, 0) for topic in dead_letters]
        self._in_hand: dict[TopicPartition, datetime] = {}
        self._held: Mapping[str, datetime] = {}
        self._show()

    def takes(self, partition: TopicPartition, timestamp_ms: int) -> None:
        """A record of this time is tried; it stays in hand until it, or one behind it, is dealt with."""
        self._in_hand[partition] = datetime.fromtimestamp(timestamp_ms / 1000, UTC)
        self._show()

    def leaves(self, partition: TopicPartition) -> None:
        """All that was read of a partition is dealt with, or belongs to another copy now."""
        self._in_hand.pop(partition, None)
        self._show()

    def holds(self, since: Mapping[str, datetime]) -> None:
        """The facts held for later: since when the oldest of each topic."""
        self._held = since
        self._show()

    @asynccontextmanager
    async def told_of(self, consumer: AIOKafkaConsumer) -> AsyncIterator[None]:
        """Tell how much this consumer has still to read, for as long as the block; its reading never waits for it."""
        watching = asyncio.create_task(self._watch(consumer))
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _watch(self, consumer: AIOKafkaConsumer) -> None:
        while True:
            try:
                await self._look(consumer)
            except KafkaError as problem:
                # Asked again in a moment; that Kafka is away, the reading itself says.
                _log.debug("Kafka does not say how much is still to be read", reason=type(problem).__name__)
            except Exception:
                # A figure that cannot be had must never bring down the consumer that it is about.
                _log.exception("it is not known how much is still to be read", group=self._group)
            await asyncio.sleep(_EVERY)

    async def _look(self, consumer: AIOKafkaConsumer) -> None:
        behind: dict[Key, float] = {(self._group, topic): 0.0 for topic in self._topics}
        assigned = list(consumer.assignment())
        ends = await consumer.end_offsets(assigned) if assigned else {}
        for partition, end in ends.items():
            behind[self._group, partition.topic] += max(0, end - await consumer.position(partition))
        lag.show(behind)
        if self._dead_letters:
            ends = await consumer.end_offsets(self._dead_letters)
            begins = await consumer.beginning_offsets(self._dead_letters)
            set_aside.show({(self._group,): sum(ends.values()) - sum(begins.values())})

    def _show(self) -> None:
        waiting = [(partition.topic, since) for partition, since in self._in_hand.items()] + list(self._held.items())
        oldest.show(
            {
                (self._group, topic): min((since for of, since in waiting if of == topic), default=None)
                for topic in self._topics
            }
        )
