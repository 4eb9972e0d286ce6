"""Calls and servers with certificates: who is vouched for is answered, everybody else is not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from chassis import tls
from chassis.client import connect
from chassis.health import SERVING, new_servicer
from chassis.kafka import reached
from tests.authority import Authority


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[int]:
    """A server with the folder's certificate; its port."""
    server = grpc.aio.server()
    servicer = new_servicer()
    await servicer.set("", SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    port = server.add_secure_port("127.0.0.1:0", tls.server_credentials(folder))
    await server.start()
    try:
        yield port
    finally:
        await server.stop(None)


async def ask(address: str) -> int:
    """What the server answers to a caller who reaches it by `address`."""
    async with connect(address, lambda: "a token") as channel:
        answer = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=5)
        return int(answer.status)


async def test_a_caller_whom_the_authority_vouches_for_is_answered(tmp_path: Path) -> None:
    authority = Authority("agency")
    ours, theirs = authority.fill(tmp_path / "server"), authority.fill(tmp_path / "caller")
    async with served(ours) as port:
        assert await ask(f"localhost:{port}?tls={theirs}") == SERVING


async def test_a_caller_of_another_authority_is_not_answered(tmp_path: Path) -> None:
    ours, theirs = Authority("agency").fill(tmp_path / "server"), Authority("stranger").fill(tmp_path / "caller")
    async with served(ours) as port:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await ask(f"localhost:{port}?tls={theirs}")
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_a_caller_without_a_certificate_is_not_answered(tmp_path: Path) -> None:
    async with served(Authority("agency").fill(tmp_path / "server")) as port:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await ask(f"localhost:{port}")
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_a_server_under_another_name_is_not_believed(tmp_path: Path) -> None:
    authority = Authority("agency")
    ours, theirs = authority.fill(tmp_path / "server", name="casework-api"), authority.fill(tmp_path / "caller")
    async with served(ours) as port:
        with pytest.raises(grpc.aio.AioRpcError):
            await ask(f"localhost:{port}?tls={theirs}")


async def test_a_renewed_certificate_is_used_without_a_restart(tmp_path: Path) -> None:
    """An authority that is replaced must not need every server to be restarted at the same instant."""
    old, new = Authority("agency"), Authority("agency, renewed")
    ours = old.fill(tmp_path / "server")
    async with served(ours) as port:
        new.fill(ours)
        assert await ask(f"localhost:{port}?tls={new.fill(tmp_path / 'caller')}") == SERVING


def test_a_folder_that_lacks_a_file_is_refused_by_its_name(tmp_path: Path) -> None:
    folder = Authority("agency").fill(tmp_path / "server")
    (folder / "tls.key").unlink()
    with pytest.raises(tls.TlsFilesUnusable, match=r"tls\.key cannot be read"):
        tls.server_credentials(folder)


def test_brokers_are_reached_with_tls_only_where_the_address_asks_for_it(tmp_path: Path) -> None:
    folder = Authority("agency").fill(tmp_path / "kafka")
    assert reached("one:9092,two:9092") == {"bootstrap_servers": "one:9092,two:9092"}
    asked = reached(f"one:9093,two:9093?tls={folder}")
    assert (asked["bootstrap_servers"], asked["security_protocol"]) == ("one:9093,two:9093", "SSL")
    assert asked["ssl_context"].check_hostname
