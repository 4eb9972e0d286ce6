"""Every copy of a service is replaced at a new address, as in a cluster, and callers who know its name fail no call.

Real servers on addresses of the loopback, and a name server of the test's own. R139.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from chassis import identity
from chassis.client import RESOLVED_AGAIN, connect
from chassis.server import serve
from chassis.settings import Settings
from tests.services import free_port

NAME = "copies.test"
KEPT = 1.0
"""Seconds for which the name server repeats an answer; a cluster's does for 30."""
ENOUGH = KEPT + RESOLVED_AGAIN + 1
"""Seconds in which every caller can come to know a new copy."""
WAYS = {"release": (ENOUGH, 0.5), "drained nodes": (0.0, ENOUGH)}
"""How long a new copy is ready before an old one goes (minReadySeconds), and how long that one still answers.

A release waits; an eviction does not, as soon as another copy is ready.
"""


class Names(asyncio.DatagramProtocol):
    """A name server that knows one name, and says again for a while what it has said once (RFC 1035)."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self._said: tuple[float, list[str]] = (0.0, [])

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, caller: tuple[str, int]) -> None:
        end = data.index(b"\0", 12) + 5
        (kind,) = struct.unpack("!H", data[end - 4 : end - 2])
        addresses = self._known() if kind == 1 else []  # type A; the name has no address of IPv6
        header = data[:2] + struct.pack("!HHHHH", 0x8580, 1, len(addresses), 0, 0)
        record = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, int(KEPT), 4)
        answers = (record + socket.inet_aton(address) for address in addresses)
        self._transport.sendto(header + data[12:end] + b"".join(answers), caller)

    def _known(self) -> list[str]:
        since, said = self._said
        if time.monotonic() - since > KEPT:
            self._said = (time.monotonic(), said := list(self.addresses))
        return said


class Copies:
    """The copies of one service, all on one port, each at an address of its own."""

    def __init__(self, names: Names, folder: Path, drain_delay: float) -> None:
        self.port, self._drain_delay = free_port(), drain_delay
        self._names, self._keys = names, folder / "identity"
        self._running: dict[str, tuple[asyncio.Event, asyncio.Task[None]]] = {}
        identity.make_development_key(self._keys)

    async def start(self, address: str) -> None:
        """A copy that answers, and is named from then on."""
        serving, stop = asyncio.Event(), asyncio.Event()
        settings = Settings(bind=address, port=self.port, identity_keys=self._keys, drain_delay=self._drain_delay)
        running = serve([], settings, ready=_ready, stop=stop, started=lambda _port: serving.set())
        self._running[address] = stop, asyncio.create_task(running)
        await serving.wait()
        self._names.addresses.append(address)

    def stop(self, address: str) -> None:
        """A copy goes: it is not named any more, and begins to end in order."""
        self._names.addresses.remove(address)
        self._running[address][0].set()

    async def stop_all(self) -> None:
        for stop, _ in self._running.values():
            stop.set()
        await asyncio.gather(*(running for _, running in self._running.values()))


async def _ready() -> bool:
    return True


@asynccontextmanager
async def called(copies: Copies, name_server: int) -> AsyncIterator[list[str]]:
    """Somebody calls by the name all the while; yields the errors of the calls that failed."""
    failed: list[str] = []
    calls: set[asyncio.Task[None]] = set()
    address = f"dns://127.0.0.1:{name_server}/{NAME}:{copies.port}"

    async def call(asks: health_pb2_grpc.HealthAsyncStub) -> None:
        try:
            await asks.Check(health_pb2.HealthCheckRequest(service="liveness"), timeout=20)
        except grpc.aio.AioRpcError as problem:
            failed.append(f"{problem.code().name}: {problem.details()}")

    async def call_on(asks: health_pb2_grpc.HealthAsyncStub) -> None:
        while True:
            calls.add(asyncio.create_task(call(asks)))
            await asyncio.sleep(0.02)

    async with connect(address, lambda: "none") as channel:
        asks = health_pb2_grpc.HealthStub(channel)
        await call(asks)  # from here on it knows the copies that are there now
        calling = asyncio.create_task(call_on(asks))
        yield failed
        calling.cancel()
        await asyncio.gather(*calls)
        assert len(calls) > 100


@pytest.mark.parametrize(("ready", "drain_delay"), WAYS.values(), ids=WAYS)
async def test_no_call_fails_while_every_copy_is_replaced_at_a_new_address(
    tmp_path: Path, ready: float, drain_delay: float
) -> None:
    loop = asyncio.get_running_loop()
    transport, names = await loop.create_datagram_endpoint(Names, local_addr=("127.0.0.1", 0))
    copies = Copies(names, tmp_path, drain_delay)
    async with AsyncExitStack() as standing:
        standing.callback(transport.close)
        standing.push_async_callback(copies.stop_all)
        await copies.start("127.0.0.2")
        await copies.start("127.0.0.3")
        async with called(copies, transport.get_extra_info("sockname")[1]) as failed:
            for old, new in (("127.0.0.2", "127.0.0.4"), ("127.0.0.3", "127.0.0.5")):
                await copies.start(new)
                await asyncio.sleep(ready)
                copies.stop(old)
            await asyncio.sleep(drain_delay + ENOUGH)
        assert not failed, f"{len(failed)} calls failed: {failed[:3]}"
