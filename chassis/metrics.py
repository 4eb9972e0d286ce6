"""Figures about a running process. Each instrument is made from its row in the telemetry schema, and only from it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import TypeAlias

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Observation

from chassis.schema import SCHEMA, Metric
from chassis.waiting import wait

Key: TypeAlias = tuple[str, ...]
"""The values of a metric's attributes, in the order in which the schema names them."""

Readings: TypeAlias = Mapping[Key, float]

_meter = metrics.get_meter("hotline")
_LOOP_EVERY = 0.5


class Undeclared(Exception):
    """The code makes an instrument that the schema does not have, or has as another kind: declare it there."""


def _declared(name: str, kind: str) -> Metric:
    declared = SCHEMA.metrics.get(name)
    if declared is None or declared.kind != kind:
        raise Undeclared(f"telemetry.yaml declares no {kind} {name}")
    return declared


class Histogram:
    """How values are spread; recorded within a span, a value can be followed to its trace (an exemplar)."""

    def __init__(self, name: str) -> None:
        declared = _declared(name, "histogram")
        self._attributes = declared.attributes
        self._instrument = _meter.create_histogram(
            name, declared.unit, declared.tells, explicit_bucket_boundaries_advisory=declared.buckets
        )

    def record(self, value: float, *key: str) -> None:
        """One value, in the unit of the schema."""
        self._instrument.record(value, dict(zip(self._attributes, key, strict=True)))


class Counter:
    """Something that only rises."""

    def __init__(self, name: str) -> None:
        declared = _declared(name, "counter")
        self._attributes = declared.attributes
        self._instrument = _meter.create_counter(name, declared.unit, declared.tells)

    def add(self, number: int, *key: str) -> None:
        """It has risen by `number`."""
        self._instrument.add(number, dict(zip(self._attributes, key, strict=True)))


class Gauge:
    """The last reading of something."""

    def __init__(self, name: str) -> None:
        self._readings: Readings = {}
        observe(name, self.readings)

    def show(self, readings: Readings) -> None:
        """A new reading of these; what else was read stays as it was."""
        self._readings = {**self._readings, **readings}

    def show_all(self, readings: Readings) -> None:
        """All that there is: what is no longer named has become 0, and is told as 0."""
        self.show({**dict.fromkeys(self._readings, 0.0), **readings})

    def readings(self) -> Readings:
        """What is told now."""
        return self._readings


class Age:
    """How long something has lasted, told anew whenever it is asked: it goes on growing though nobody looks again."""

    def __init__(self, name: str) -> None:
        self._since: Mapping[Key, datetime | None] = {}
        observe(name, self.readings)

    def show(self, since: Mapping[Key, datetime | None]) -> None:
        """Since when these last; None: not now, the age is 0. What else was shown stays as it was."""
        self._since = {**self._since, **since}

    def readings(self) -> Readings:
        """What is told now: seconds, 0 for what does not last."""
        now = datetime.now(UTC)
        return {key: max(0.0, (now - at).total_seconds()) if at else 0.0 for key, at in self._since.items()}


def observe(name: str, read: Callable[[], Readings]) -> None:
    """A gauge that is read, in a thread of its own, whenever metrics are sent: `read` must not wait for anything."""
    declared = _declared(name, "gauge")

    def callback(_: CallbackOptions) -> Iterable[Observation]:
        return [Observation(value, dict(zip(declared.attributes, key, strict=True))) for key, value in read().items()]

    _meter.create_observable_gauge(name, [callback], declared.unit, declared.tells)


_loop_lag = Histogram("hotline.event_loop.lag")


async def watch_loop(stop: asyncio.Event) -> None:
    """Tell how late this process wakes up, until `stop` is set."""
    while not stop.is_set():
        asleep = time.monotonic()
        if not await wait(stop, _LOOP_EVERY):
            _loop_lag.record(max(0.0, time.monotonic() - asleep - _LOOP_EVERY))
