"""Two copies of every service, restarted in turn, and calls that arrive at a rate, shared among the copies."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

import asyncpg
import grpc
import psutil

from chassis import identity
from chassis.client import connect
from deploy.local import checks
from deploy.local.infrastructure import Addresses
from deploy.local.settings import HOST, PROJECT, SERVICES
from tests.services import free_port
from tests.stack import clean_environment, fresh_database
from tests.waiting import eventually

COPIES = 2
START = 60.0
"""Seconds a copy may take until it serves."""
DRAIN = 30.0
"""Seconds a copy may take to end in order."""

Call = Callable[[], Awaitable[object]]
"""One call of a service, anew each time; raises when it is not answered as it should be."""


@dataclass
class Copy:
    """One process that answers calls of a service, on a port that stays its own."""

    service: str
    port: int
    environment: dict[str, str]
    log: Path
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Run it, until it says that it serves."""
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", f"services.{self.service}", "api"),
                cwd=PROJECT,
                env=self.environment,
                stdout=log,
                stderr=log,
            )
        await eventually(self._serves, within=START)

    async def stop(self) -> None:
        """Tell it to end, and wait until it has, in order."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        code = await asyncio.wait_for(self.process.wait(), DRAIN)
        assert code == 0, f"{self.service} ended with {code}: {self.log.read_text()[-2000:]}"

    async def connected(self) -> bool:
        """Whether a caller has a connection to it."""
        assert self.process is not None
        own = psutil.Process(self.process.pid).net_connections(kind="tcp")
        return any(c.laddr and c.laddr.port == self.port and c.status == psutil.CONN_ESTABLISHED for c in own)

    async def _serves(self) -> bool:
        assert self.process is not None
        if self.process.returncode is not None:
            raise RuntimeError(f"{self.service} ended with {self.process.returncode}: {self.log.read_text()[-2000:]}")
        try:
            await checks.serving(f"{HOST}:{self.port}")
        except (ConnectionError, grpc.aio.AioRpcError):
            return False
        return True


@dataclass
class Fleet:
    """The copies of every service, on a database of each service's own."""

    copies: dict[str, list[Copy]]
    databases: dict[str, str]
    issuer: Path

    @asynccontextmanager
    async def calling(self, service: str, *roles: str, subject: str) -> AsyncIterator[grpc.aio.Channel]:
        """A channel that shares its calls among the copies of a service, as a caller in the cluster has it."""
        token = identity.issue(self.issuer, subject, roles)
        address = "ipv4:" + ",".join(f"{HOST}:{copy.port}" for copy in self.copies[service])
        async with connect(address, lambda: token) as channel:
            yield channel

    async def roll(self) -> None:
        """Restart every copy: of each service one at a time, the next only when callers have the former again."""
        for turn in range(COPIES):
            await asyncio.gather(*(self._restart(copies[turn]) for copies in self.copies.values()))

    async def count(self, service: str, statement: str) -> int:
        """What a statement counts in a service's database."""
        connection = await asyncpg.connect(self.databases[service])
        try:
            return int(await connection.fetchval(statement))
        finally:
            await connection.close()

    async def _restart(self, copy: Copy) -> None:
        await copy.stop()
        await copy.start()
        # Where a deployment waits minReadySeconds: a copy that serves is of use once callers have found it.
        await eventually(copy.connected)


@asynccontextmanager
async def fleet(stack: Addresses, folder: Path) -> AsyncIterator[Fleet]:
    """Two copies of every service, serving; their logs and keys lie in `folder`."""
    issuer = folder / "identity"
    identity.make_development_key(issuer)
    async with AsyncExitStack() as standing:
        databases = {name: await standing.enter_async_context(fresh_database(stack)) for name in SERVICES}
        await asyncio.gather(*(_migrate(name, url, folder) for name, url in databases.items()))
        copies = {name: _copies(name, url, issuer, folder) for name, url in databases.items()}
        every = [copy for of_service in copies.values() for copy in of_service]
        standing.push_async_callback(_end, every)
        await asyncio.gather(*(copy.start() for copy in every))
        yield Fleet(copies, databases, issuer)


@dataclass
class Load:
    """Calls that start at a rate whether or not answers come, as people call; what came of them, by their names."""

    calls: dict[str, Call]
    rate: float
    """Calls a second in all, of each name in turn."""
    at_once: int
    """So many may wait for an answer; a call whose turn comes then is not made, and counts as missed."""
    started: int = 0
    missed: int = 0
    answered: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    seconds: float = 0.0
    """How long calls were started."""

    @property
    def reached(self) -> float:
        """The share of the rate that was started."""
        return self.started / (self.rate * self.seconds)

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[None]:
        """Calls start while the block runs; at its end all are answered."""
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as running:
            running.create_task(self._start_calls(running, stop))
            try:
                yield
            finally:
                stop.set()

    async def _start_calls(self, running: asyncio.TaskGroup, stop: asyncio.Event) -> None:
        began = due = time.monotonic()
        for name in cycle(self.calls):
            if stop.is_set():
                break
            if self.started - self.answered.total() - len(self.failed) < self.at_once:
                self.started += 1
                running.create_task(self._call(name))
            else:
                self.missed += 1
            due += 1 / self.rate
            # Whoever is late makes up for it: the rate is that of the callers, not of this loop.
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        self.seconds = time.monotonic() - began

    async def _call(self, name: str) -> None:
        try:
            await self.calls[name]()
            self.answered[name] += 1
        except grpc.aio.AioRpcError as problem:
            self.failed.append(f"{name}: {problem.code().name}: {problem.details()}")


def _copies(service: str, database_url: str, issuer: Path, folder: Path) -> list[Copy]:
    environment = clean_environment() | {
        "HOTLINE_DATABASE_URL": database_url,
        "HOTLINE_DATABASE_CONNECTIONS": "8",
        "HOTLINE_IDENTITY_KEYS": str(issuer),
        "HOTLINE_CERTIFICATE_KEY": str(issuer / "certificate.pem"),
        "HOTLINE_DRAIN_DELAY": "1",
    }
    ports = [free_port() for _ in range(COPIES)]
    return [
        Copy(service, port, environment | {"HOTLINE_PORT": str(port)}, folder / f"{service}-{port}.log")
        for port in ports
    ]


async def _migrate(service: str, database_url: str, folder: Path) -> None:
    log = folder / f"{service}-migrate.log"
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", f"services.{service}", "migrate"),
            cwd=PROJECT,
            env=clean_environment() | {"HOTLINE_DATABASE_URL": database_url},
            stdout=file,
            stderr=file,
        )
        code = await process.wait()
    assert code == 0, log.read_text()


async def _end(copies: Sequence[Copy]) -> None:
    running = [copy.process for copy in copies if copy.process and copy.process.returncode is None]
    for process in running:
        process.terminate()
    await asyncio.gather(*(asyncio.wait_for(process.wait(), DRAIN) for process in running))
