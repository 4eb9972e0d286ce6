"""Every call has an identity, a deadline and a valid body, and every refusal says why in a way programs can read."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from chassis import identity
from chassis.client import DeadlineMissing, connect, refusal_of
from chassis.database import Database
from chassis.errors import Code, Refusal
from chassis.health import PortTaken
from chassis.server import serve
from chassis.settings import Settings
from tests.integration.chassis import notebook
from tests.integration.chassis.conftest import Desk, running
from tests.integration.chassis.contract import pb, rpc
from tests.integration.chassis.proxy import Wire, wire
from tests.waiting import eventually

SCREENER = ("SCREENER",)


@dataclass(frozen=True)
class Api:
    """A running notebook service and what a caller needs."""

    address: str
    keys: Path
    notebook: notebook.Notebook
    wire: Wire

    @asynccontextmanager
    async def stub(self, roles: tuple[str, ...] = SCREENER, subject: str = "staff-7") -> AsyncIterator[Any]:
        """The service as somebody with these roles calls it."""
        token = identity.issue(self.keys, subject, roles)
        async with connect(self.address, lambda: token) as channel:
            yield rpc.NotebookServiceStub(channel)


@pytest.fixture
async def api(desk: Desk, tmp_path: Path) -> AsyncIterator[Api]:
    """The notebook's server in this process, its database at the end of a wire that can be cut."""
    identity.make_development_key(tmp_path)
    place = urlsplit(desk.url)
    assert place.hostname
    assert place.port
    async with wire(place.hostname, place.port) as to_database:
        url = urlunsplit(place._replace(netloc=f"{place.netloc.rpartition('@')[0]}@127.0.0.1:{to_database.port}"))
        database = await Database.open(url, source="notebook", route=notebook.route, acquire_timeout=3.0)
        service = notebook.Notebook(database, desk.aggregate_type)
        bound: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        settings = Settings(port=0, identity_keys=tmp_path)
        servicers = [notebook.servicer(service)]

        def work(stop: asyncio.Event) -> Awaitable[None]:
            return serve(servicers, settings, ready=database.ping, stop=stop, started=bound.set_result)

        async with running(work):
            yield Api(f"127.0.0.1:{await bound}", tmp_path, service, to_database)
        await database.close()


async def refused(call: Awaitable[Any]) -> Refusal:
    """What the other side said no with."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return refusal_of(caught.value)


def line(key: str = "k-1", notebook_id: str | None = None, **more: Any) -> Any:
    return pb.WriteLineRequest(idempotency_key=key, notebook_id=notebook_id or str(uuid4()), **more)


async def test_whoever_balances_calls_can_watch_the_health(api: Api) -> None:
    async with grpc.aio.insecure_channel(api.address) as channel:
        watching = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service=""), timeout=10)
        async for answer in watching:
            if answer.status == health_pb2.HealthCheckResponse.SERVING:
                return
    pytest.fail("the watch ended before the service said that it serves")


async def test_a_call_without_a_token_is_unauthenticated(api: Api) -> None:
    async with grpc.aio.insecure_channel(api.address) as channel:
        refusal = await refused(rpc.NotebookServiceStub(channel).WriteLine(line(), timeout=5))
    assert (refusal.code, refusal.reason) == (Code.UNAUTHENTICATED, "UNAUTHENTICATED")


async def test_an_expired_token_and_one_of_another_issuer_are_unauthenticated(api: Api, tmp_path: Path) -> None:
    other = tmp_path / "other"
    identity.make_development_key(other)
    expired = identity.issue(api.keys, "staff-7", SCREENER, lifetime=timedelta(minutes=-1))
    foreign = identity.issue(other, "staff-7", SCREENER)
    for token, problem in ((expired, "expired"), (foreign, "does not publish"), ("no token", "not valid")):
        async with connect(api.address, lambda token=token: token) as channel:  # type: ignore[misc]
            refusal = await refused(rpc.NotebookServiceStub(channel).WriteLine(line(), timeout=5))
        assert refusal.code is Code.UNAUTHENTICATED
        assert problem in refusal.message


async def test_tokens_of_the_old_and_of_the_new_key_are_good_after_a_rotation(api: Api) -> None:
    async with api.stub() as before:
        identity.rotate_development_key(api.keys)
        async with api.stub() as after:
            await before.WriteLine(line("before"), timeout=5)
            await after.WriteLine(line("after"), timeout=5)


async def test_a_role_that_is_not_in_the_table_is_refused(api: Api) -> None:
    async with api.stub(roles=("DIRECTOR",)) as stub:
        refusal = await refused(stub.WriteLine(line(), timeout=5))
    assert (refusal.code, refusal.reason) == (Code.PERMISSION_DENIED, "ROLE_NOT_ALLOWED")


async def test_a_method_without_a_row_is_refused_to_everybody(api: Api) -> None:
    async with api.stub(roles=tuple(identity.Role)) as stub:
        refusal = await refused(stub.NobodyMay(pb.BreakRequest(), timeout=5))
    assert refusal.reason == "ROLE_NOT_ALLOWED"
    assert notebook.servicer(api.notebook).undecided() == ["NobodyMay"]


async def test_bad_input_is_an_invalid_argument_with_the_path_of_every_field(api: Api) -> None:
    request = pb.WriteLineRequest(notebook_id="not an id", marks=[pb.Mark(code="A"), pb.Mark()])
    async with api.stub() as stub:
        refusal = await refused(stub.WriteLine(request, timeout=5))
    assert (refusal.code, refusal.reason) == (Code.INVALID_ARGUMENT, "INVALID_REQUEST")
    assert set(refusal.fields) == {"idempotency_key", "notebook_id", "marks[1].code"}
    assert "not an id" not in refusal.message


async def test_a_call_without_a_deadline_is_refused_by_the_server(api: Api) -> None:
    token = identity.issue(api.keys, "staff-7", SCREENER)
    async with grpc.aio.insecure_channel(api.address) as channel:
        call = rpc.NotebookServiceStub(channel).WriteLine(line(), metadata=[("authorization", f"Bearer {token}")])
        refusal = await refused(call)
    assert (refusal.code, refusal.reason) == (Code.INVALID_ARGUMENT, "DEADLINE_REQUIRED")


async def test_a_call_without_a_timeout_is_a_mistake_in_our_own_code(api: Api) -> None:
    async with api.stub() as stub:
        with pytest.raises(DeadlineMissing, match="WriteLine"):
            await stub.WriteLine(line())


async def test_an_unforeseen_failure_tells_the_caller_nothing_but_where_to_look(
    api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    async with api.stub() as stub:
        refusal = await refused(stub.Break(pb.BreakRequest(how="badly"), timeout=5))
    assert (refusal.code, refusal.reason) == (Code.INTERNAL, "INTERNAL")
    assert "trace_id" in refusal.metadata
    assert "Testcase" not in str(refusal)


async def test_a_stream_that_is_refused_keeps_what_it_had_sent(api: Api) -> None:
    received = []

    async def watch(stub: Any) -> None:
        async for response in stub.WatchLines(pb.WatchLinesRequest(count=5), timeout=5):
            received.append(response.line)  # noqa: PERF401

    async with api.stub() as stub:
        refusal = await refused(watch(stub))
    assert received == [1, 2, 3]
    assert (refusal.code, refusal.reason) == (Code.FAILED_PRECONDITION, "WRONG_STATE")


async def written(desk: Desk, book: str) -> dict[str, int]:
    """How many rows of each kind stand for a notebook."""
    tables = {"facts": "chassis.outbox", "audits": "chassis.audit", "keys": "chassis.idempotency", "books": "notebook"}
    async with desk.database.transaction() as uow:
        return {name: await uow.fetchval(f"SELECT count(*) FROM {table}") for name, table in tables.items()}


async def test_the_same_key_twice_is_one_effect_and_one_answer(api: Api, desk: Desk) -> None:
    book = str(uuid4())
    async with api.stub() as stub:
        first = await stub.WriteLine(line("again", book), timeout=5)
        second = await stub.WriteLine(line("again", book), timeout=5)
    assert first == second
    assert await written(desk, book) == {"facts": 1, "audits": 1, "keys": 1, "books": 1}


async def test_the_same_key_many_times_at_once_is_one_effect(api: Api, desk: Desk) -> None:
    book = str(uuid4())
    async with api.stub() as stub:
        answers = await asyncio.gather(*(stub.WriteLine(line("at once", book), timeout=10) for _ in range(12)))
    assert {answer.line for answer in answers} == {1}
    assert await written(desk, book) == {"facts": 1, "audits": 1, "keys": 1, "books": 1}


async def test_the_same_key_with_another_body_is_refused(api: Api, desk: Desk) -> None:
    async with api.stub() as stub:
        await stub.WriteLine(line("mine"), timeout=5)
        refusal = await refused(stub.WriteLine(line("mine"), timeout=5))
    assert (refusal.code, refusal.reason) == (Code.ALREADY_EXISTS, "IDEMPOTENCY_KEY_REUSED")
    assert (await written(desk, "any"))["facts"] == 1


async def test_keys_belong_to_the_actor(api: Api, desk: Desk) -> None:
    """Nobody is given another's answer by guessing the key."""
    async with api.stub(subject="staff-1") as one, api.stub(subject="staff-2") as two:
        await one.WriteLine(line("shared"), timeout=5)
        await two.WriteLine(line("shared"), timeout=5)
    assert (await written(desk, "any"))["facts"] == 2


async def health(api: Api, service: str) -> int:
    async with grpc.aio.insecure_channel(api.address) as channel:
        request = health_pb2.HealthCheckRequest(service=service)
        return int((await health_pb2_grpc.HealthStub(channel).Check(request, timeout=5)).status)


def becomes(api: Api, status: int) -> Callable[[], Awaitable[bool]]:
    async def is_so() -> bool:
        return await health(api, "readiness") == status

    return is_so


async def test_a_database_out_of_reach_is_unavailable_and_nothing_is_half_written(api: Api, desk: Desk) -> None:
    serving, not_serving = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
    book = str(uuid4())
    await eventually(becomes(api, serving))
    async with api.stub() as stub:
        await stub.WriteLine(line("before", book), timeout=5)
        await api.wire.cut()
        refusal = await refused(stub.WriteLine(line("during", book), timeout=20))
        assert (refusal.code, refusal.reason) == (Code.UNAVAILABLE, "DATABASE_UNAVAILABLE")
        await eventually(becomes(api, not_serving))
        assert await health(api, "liveness") == serving
        assert await written(desk, book) == {"facts": 1, "audits": 1, "keys": 1, "books": 1}
        await api.wire.mend()
        await eventually(becomes(api, serving))
        assert (await stub.WriteLine(line("during", book), timeout=5)).line == 2


async def test_a_database_that_goes_in_the_middle_of_a_command_leaves_nothing_behind(api: Api, desk: Desk) -> None:
    """The connection is ended by the server while the command waits for a row that another holds."""
    book = uuid4()
    async with api.stub() as stub:
        await stub.WriteLine(line("first", str(book)), timeout=5)
        async with desk.database.transaction() as holder:
            await holder.execute("SELECT FROM notebook WHERE id = $1 FOR UPDATE", book)
            call = asyncio.ensure_future(stub.WriteLine(line("second", str(book)), timeout=20))

            async def ended_while_waiting() -> bool:
                return bool(
                    await holder.fetchval(
                        "SELECT bool_or(pg_terminate_backend(pid)) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
                    )
                )

            await eventually(ended_while_waiting)
        # The client's own retry does it once, after all: UNAVAILABLE means that nothing was done.
        assert (await call).line == 2
    assert await written(desk, str(book)) == {"facts": 2, "audits": 2, "keys": 2, "books": 1}


async def test_a_port_that_something_else_has_is_a_clear_error(api: Api) -> None:
    settings = Settings(port=int(api.address.rpartition(":")[2]), identity_keys=api.keys)

    async def ready() -> bool:
        return True

    with pytest.raises(PortTaken, match="something else has the port"):
        await serve([notebook.servicer(api.notebook)], settings, ready=ready, stop=asyncio.Event())


async def test_the_contract_can_be_read_by_reflection_in_development(api: Api) -> None:
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    async with grpc.aio.insecure_channel(api.address) as channel:
        call = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(iter([request]), timeout=5)
        names = {service.name async for answer in call for service in answer.list_services_response.service}
    assert "hotline.notebook.v1.NotebookService" in names
