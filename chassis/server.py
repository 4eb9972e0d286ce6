"""A gRPC server that tells the truth about its readiness, and ends without breaking a call."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from grpc_health.v1 import health, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from chassis import logs, tls
from chassis.health import LIVENESS, NOT_SERVING, READINESS, SERVING, PortTaken, new_servicer, on_its_own_port
from chassis.identity import Verifier
from chassis.interceptors import Access, interceptors
from chassis.settings import Settings

Ready = Callable[[], Awaitable[bool]]

_READINESS_EVERY = 1.0
_OPTIONS = [
    # With port reuse a second server would silently share the port and answer half of the calls.
    ("grpc.so_reuseport", 0),
    ("grpc.max_connection_age_ms", 300_000),
    ("grpc.max_connection_age_grace_ms", 30_000),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 20_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.max_receive_message_length", 4 * 1024 * 1024),
]

_log = logs.logger("server")


@dataclass(frozen=True, slots=True)
class Servicer:
    """One gRPC service of a process: its implementation, its descriptor, and who may call which method.

    `add` is the generated `add_<Name>Servicer_to_server`; `access` maps each method's short name to the roles that may
    call it. A method without a row is refused to everybody.
    """

    add: Callable[[Any, grpc.aio.Server], None]
    implementation: object
    descriptor: ServiceDescriptor
    access: Mapping[str, frozenset[str]]

    def access_rows(self) -> dict[str, frozenset[str]]:
        """The table by full method name; a row for a method that does not exist raises."""
        methods = {method.name for method in self.descriptor.methods}
        if unknown := set(self.access) - methods:
            raise ValueError(f"{self.descriptor.full_name} has no method {', '.join(sorted(unknown))}")
        return {f"/{self.descriptor.full_name}/{name}": roles for name, roles in self.access.items()}

    def undecided(self) -> list[str]:
        """The methods without a row, for the test that every service must pass: nobody may call them."""
        return sorted({method.name for method in self.descriptor.methods} - set(self.access))


async def serve(
    servicers: Sequence[Servicer],
    settings: Settings,
    *,
    ready: Ready,
    stop: asyncio.Event,
    started: Callable[[int], None] = lambda _port: None,
) -> None:
    """Serve until `stop` is set, then drain: say NOT_SERVING, go on for `drain_delay`, let running calls end.

    `ready` is asked every second and is what the health service answers; `started` is told the port once it is bound.
    """
    verifier = Verifier(Path(settings.need("identity_keys")), settings.issuer())
    access: Access = {method: roles for servicer in servicers for method, roles in servicer.access_rows().items()}
    server = grpc.aio.server(interceptors=interceptors(verifier, access), options=_OPTIONS)
    for servicer in servicers:
        servicer.add(servicer.implementation, server)
    names = [servicer.descriptor.full_name for servicer in servicers]
    health_servicer = new_servicer()
    health_pb2_grpc.add_HealthServicer_to_server(health_servicer, server)
    if settings.development:
        reflection.enable_server_reflection([*names, health.SERVICE_NAME, reflection.SERVICE_NAME], server)
    port = _bind(server, settings)
    told = ["", READINESS, *names]
    # Not ready until the database has answered once; the library would say SERVING from the start.
    await _tell(health_servicer, told, NOT_SERVING)
    await _tell(health_servicer, [LIVENESS], SERVING)
    async with on_its_own_port(health_servicer, settings):
        await server.start()
        started(port)
        _log.info("serving", port=port)
        watching = asyncio.create_task(_tell_readiness(health_servicer, told, ready))
        try:
            await stop.wait()
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            await _drain(server, health_servicer, settings)


async def _drain(server: grpc.aio.Server, health_servicer: Any, settings: Settings) -> None:
    await health_servicer.enter_graceful_shutdown()
    # Balancers learn only after a while that this server is going; until then it answers as ever.
    await asyncio.sleep(settings.drain_delay)
    await server.stop(settings.drain_grace)
    _log.info("stopped serving")


async def _tell(health_servicer: Any, names: Sequence[str], status: int) -> None:
    for name in names:
        await health_servicer.set(name, status)


async def _tell_readiness(health_servicer: Any, names: Sequence[str], ready: Ready) -> None:
    known: bool | None = None
    while True:
        now = await ready()
        if now != known:
            await _tell(health_servicer, names, SERVING if now else NOT_SERVING)
            _log.info("ready" if now else "not ready: the database does not answer")
            known = now
        await asyncio.sleep(_READINESS_EVERY)


def _bind(server: grpc.aio.Server, settings: Settings) -> int:
    address = f"{settings.bind}:{settings.need('port')}"
    try:
        if settings.tls is None:
            return server.add_insecure_port(address)
        return server.add_secure_port(address, tls.server_credentials(settings.tls))
    except RuntimeError as problem:
        raise PortTaken(
            f"cannot listen on {address}: something else has the port (HOTLINE_PORT sets another)"
        ) from problem
