"""The port that probes ask, and the probe that containers run."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import pytest

from chassis import health
from chassis.settings import Settings


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def answering(port: int, ready: asyncio.Event | None = None) -> AsyncIterator[None]:
    stop = asyncio.Event()
    running = asyncio.create_task(health.answer(Settings(health_port=port), stop, ready))
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        await channel.channel_ready()
    try:
        yield
    finally:
        stop.set()
        await running


async def probe(*arguments: str) -> subprocess.CompletedProcess[str]:
    """What the health check of a container does."""
    command = (sys.executable, "-m", "chassis.health", *arguments)
    return await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)


async def test_a_process_that_lives_is_found_well(port: int) -> None:
    async with answering(port):
        assert (await probe(f"127.0.0.1:{port}")).returncode == 0
        assert (await probe(f"127.0.0.1:{port}", "readiness")).returncode == 0


async def test_a_process_that_does_not_do_its_work_yet_is_alive_and_not_ready(port: int) -> None:
    ready, address = asyncio.Event(), f"127.0.0.1:{port}"
    async with answering(port, ready):
        assert await health.status(address, "liveness") == "SERVING"
        assert await health.status(address, "readiness") == "NOT_SERVING"
        ready.set()
        assert (await probe(address, "readiness")).returncode == 0


async def test_a_process_that_ends_before_it_does_its_work_ends_when_told(port: int) -> None:
    async with asyncio.timeout(5), answering(port, asyncio.Event()):
        pass


async def test_a_process_that_is_not_there_is_not_well_and_the_probe_says_why(port: int) -> None:
    asked = await probe(f"127.0.0.1:{port}")
    assert asked.returncode == 1
    assert "UNAVAILABLE" in asked.stderr


async def test_a_name_that_the_process_does_not_know_is_not_well(port: int) -> None:
    async with answering(port):
        asked = await probe(f"127.0.0.1:{port}", "no.such.Service")
    assert asked.returncode == 1
    assert "no.such.Service" in asked.stderr


async def test_a_port_that_is_taken_is_named(port: int) -> None:
    async with answering(port):
        with pytest.raises(health.PortTaken, match="HOTLINE_HEALTH_PORT"):
            await health.answer(Settings(health_port=port), asyncio.Event())


async def test_without_a_port_nothing_listens_and_the_process_ends_when_told() -> None:
    stop = asyncio.Event()
    stop.set()
    await asyncio.wait_for(health.answer(Settings(), stop), 5)
