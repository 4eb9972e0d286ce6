"""Is this process well? Said and asked by the gRPC health protocol, on a plain port of its own.

`python -m chassis.health ADDRESS [SERVICE]` asks, for health checks of containers: the exit code is 0 for SERVING and 1
otherwise, with the reason on stderr.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

if TYPE_CHECKING:
    # The probe runs every few seconds, and must not load all that settings know of.
    from chassis.settings import Settings

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
READINESS = "readiness"
LIVENESS = "liveness"
_TIMEOUT = 3.0


class PortTaken(Exception):
    """The server's port belongs to something else."""


def new_servicer() -> Any:
    """The health service of a process, for any number of its servers."""
    return health.aio.HealthServicer()  # type: ignore[attr-defined]


@asynccontextmanager
async def on_its_own_port(servicer: Any, settings: Settings) -> AsyncIterator[None]:
    """Answer on HOTLINE_HEALTH_PORT while the block runs; without that setting there is no such port.

    The port knows neither TLS nor tokens, because probes know neither, and tells nothing but a status.
    """
    if settings.health_port is None:
        yield
        return
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    address = f"{settings.bind}:{settings.health_port}"
    try:
        server.add_insecure_port(address)
    except RuntimeError as problem:
        raise PortTaken(f"cannot listen on {address}: something else has it (HOTLINE_HEALTH_PORT)") from problem
    await server.start()
    try:
        yield
    finally:
        await server.stop(None)


async def answer(settings: Settings, stop: asyncio.Event, ready: asyncio.Event | None = None) -> None:
    """For a process without calls of its own: SERVING for as long as its event loop turns and it is not told to end.

    If it says itself when it does its work, by `ready`, it is alive before, and not ready.
    """
    servicer = new_servicer()
    for name in ("", LIVENESS):
        await servicer.set(name, SERVING)
    await servicer.set(READINESS, SERVING if ready is None else NOT_SERVING)
    async with on_its_own_port(servicer, settings), asyncio.TaskGroup() as saying:
        becoming = saying.create_task(_say_ready(servicer, ready)) if ready else None
        await stop.wait()
        if becoming:
            becoming.cancel()


async def _say_ready(servicer: Any, ready: asyncio.Event) -> None:
    await ready.wait()
    await servicer.set(READINESS, SERVING)


async def status(address: str, service: str = "") -> str:
    """What `address` answers about `service`, by its name in the protocol; raises `grpc.aio.AioRpcError`."""
    async with grpc.aio.insecure_channel(address) as channel:
        request = health_pb2.HealthCheckRequest(service=service)
        answered = await health_pb2_grpc.HealthStub(channel).Check(request, timeout=_TIMEOUT)
    return str(health_pb2.HealthCheckResponse.ServingStatus.Name(answered.status))


def main(arguments: Sequence[str]) -> int:
    """Ask once; answers the exit code."""
    if len(arguments) not in (1, 2):
        sys.stderr.write("usage: python -m chassis.health ADDRESS [SERVICE]\n")
        return 2
    address, service = arguments[0], (*arguments, "")[1]
    try:
        said = asyncio.run(status(address, service))
    except grpc.aio.AioRpcError as problem:
        said = f"{problem.code().name}: {problem.details()}"
    if said == "SERVING":
        return 0
    sys.stderr.write(f"{address} says of {service or 'the whole process'}: {said}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
