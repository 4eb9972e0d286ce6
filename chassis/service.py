"""The wiring that every service's `__main__.py` shares: read the command, start in order, stop in order."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import grpc

from chassis import crash_points, health, logs, telemetry
from chassis.client import connect
from chassis.clock import Clock, Ids, TimeOrderedIds, system_clock
from chassis.consumer import Consumer, Subscriptions
from chassis.database import Database
from chassis.expected import Expectations
from chassis.health import PortTaken
from chassis.identity import token_from_file
from chassis.kafka import TopicsMissing
from chassis.metrics import watch_loop
from chassis.migrations import migrate
from chassis.operations import operations
from chassis.readings import Reading, read_now_and_then
from chassis.relay import relay
from chassis.rollout import take_in_packs
from chassis.server import Servicer, serve
from chassis.settings import MissingSetting, Settings
from chassis.tls import TlsFilesUnusable
from policy.errors import PolicyError

_log = logs.logger("service")


@dataclass(frozen=True)
class Runtime:
    """What a running service hands to its api and its consumers."""

    settings: Settings
    database: Database
    clock: Clock = system_clock
    ids: Ids = field(default_factory=TimeOrderedIds)
    # Set when the service begins to end: a call that streams for long watches it, so that draining need not cut it off.
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    closing: AsyncExitStack = field(default_factory=AsyncExitStack)

    def connect(self, service: str) -> grpc.aio.Channel:
        """A channel to another service by its name, e.g. `intake` (its address: HOTLINE_INTAKE_ADDRESS)."""
        return self.connect_to(self.settings.need(f"{service}_address"))

    def connect_to(self, address: str) -> grpc.aio.Channel:
        """A channel to whoever answers at this address, to whom we show who we are."""
        channel = connect(address, token_from_file(Path(self.settings.need("token_file"))))
        self.closing.push_async_callback(channel.close, None)
        return channel


OwnPart: TypeAlias = Callable[[Runtime, asyncio.Event], Awaitable[None]]


@dataclass(frozen=True)
class Service:
    """A service as its `__main__.py` declares it."""

    name: str
    migrations: Sequence[Path]
    servicers: Callable[[Runtime], Sequence[Servicer]]
    subscriptions: Callable[[Runtime], Subscriptions] = lambda _runtime: {}
    # Which promises its facts bring about, for the reconciler.
    expectations: Expectations = field(default_factory=dict)
    # What this service runs besides, by the mode's name: `async (runtime, stop) -> None`, until `stop` is set.
    own_parts: Mapping[str, OwnPart] = field(default_factory=dict)
    # What its api counts in its database, now and then, to tell of it.
    reading: Reading | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        """What runs for as long as the service does."""
        return ("api", "relay", "consumer", *self.own_parts)


def main(service: Service, arguments: Sequence[str] | None = None) -> int:
    """Run a service in one mode: `[api|relay|consumer|migrate|all]`, `all` by default; answers the exit code.

    SIGTERM and SIGINT end it in order: calls that run are answered, the batch in hand is finished, telemetry is sent.
    """
    given = list(sys.argv[1:] if arguments is None else arguments) or ["all"]
    modes = (*service.parts, "migrate", "all")
    if len(given) != 1 or given[0] not in modes:
        sys.stderr.write(f"usage: python -m services.{service.name} [{'|'.join(modes)}]\n")
        return 2
    settings = Settings()
    shutdown = telemetry.setup(f"hotline-{service.name}", given[0], settings)
    crash_points.arm(settings)
    code = 0
    try:
        _run(service, given[0], settings)
    except* (MissingSetting, PortTaken, TlsFilesUnusable, TopicsMissing, PolicyError) as problems:
        # What whoever starts the service can mend is said in one line each, not in a traceback.
        sys.stderr.writelines(f"{service.name} {given[0]}: {problem}\n" for problem in _single(problems))
        code = 1
    except* Exception as problems:
        # Logged rather than thrown: a traceback on stderr would quote whatever the exception quotes.
        for problem in _single(problems):
            _log.error("the service ended unexpectedly", exc_info=problem)
        code = 1
    finally:
        shutdown()
    return code


def _single(problems: BaseExceptionGroup[Any]) -> Iterator[BaseException]:
    for problem in problems.exceptions:
        if isinstance(problem, BaseExceptionGroup):
            yield from _single(problem)
        else:
            yield problem


def _run(service: Service, mode: str, settings: Settings) -> None:
    if mode in ("migrate", "all"):
        url = settings.need("database_url")
        applied = migrate(url, service.migrations)
        asyncio.run(take_in_packs(url, settings.held_packs(), settings.pack, system_clock()))
        _log.info("the database is up to date", migrations=applied)
    if mode != "migrate":
        asyncio.run(_until_told(service, service.parts if mode == "all" else (mode,), settings))


async def _until_told(service: Service, parts: Sequence[str], settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    runs = {"api": _api, "relay": _relay, "consumer": _consumer}
    async with asyncio.TaskGroup() as running:
        running.create_task(watch_loop(stop))
        if "api" not in parts:
            running.create_task(_ending_all(health.answer(settings, stop), stop))
        for part in parts:
            run = runs.get(part, partial(_own_part, part))
            running.create_task(_ending_all(run(service, settings, stop), stop))


async def _ending_all(part: Awaitable[None], stop: asyncio.Event) -> None:
    # A part that fails brings the others down in their own orderly way, and then the process, to be started anew.
    try:
        await part
    finally:
        stop.set()


async def _api(service: Service, settings: Settings, stop: asyncio.Event) -> None:
    async with _runtime(service, settings, stop) as runtime:
        servicers = [*service.servicers(runtime), operations(service.name, runtime.database, service.expectations)]
        async with asyncio.TaskGroup() as running:
            reading = read_now_and_then(runtime.database, service.name, service.reading, runtime.clock, stop)
            running.create_task(reading)
            await serve(servicers, settings, ready=runtime.database.ping, stop=stop)


async def _consumer(service: Service, settings: Settings, stop: asyncio.Event) -> None:
    async with _runtime(service, settings, stop) as runtime:
        subscriptions = service.subscriptions(runtime)
        consumer = Consumer(service.name, runtime.database, subscriptions, settings.need("kafka_bootstrap"))
        if subscriptions:
            await consumer.run(stop)
        else:
            await stop.wait()


async def _own_part(part: str, service: Service, settings: Settings, stop: asyncio.Event) -> None:
    async with _runtime(service, settings, stop) as runtime:
        await service.own_parts[part](runtime, stop)


async def _relay(_service: Service, settings: Settings, stop: asyncio.Event) -> None:
    await relay(settings.need("database_url"), settings.need("kafka_bootstrap"), stop=stop)


@asynccontextmanager
async def _runtime(service: Service, settings: Settings, stop: asyncio.Event) -> AsyncIterator[Runtime]:
    url, connections = settings.need("database_url"), settings.database_connections
    database = await Database.open(url, source=service.name, connections=connections)
    async with AsyncExitStack() as closing:
        closing.push_async_callback(database.close)
        yield Runtime(settings, database, stop=stop, closing=closing)
