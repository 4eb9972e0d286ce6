"""A whole service in a process of its own: one trace through it, a drain that breaks no call, clear errors."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError
from grpc_health.v1 import health_pb2, health_pb2_grpc

from chassis import health, identity
from chassis.client import connect
from chassis.database import Database
from chassis.topics import dead_letter, topic_of
from deploy.local.infrastructure import Addresses
from tests import otlp
from tests.integration.chassis.contract import pb, rpc
from tests.integration.chassis.service_program import AGGREGATE_TYPE, NAME
from tests.services import free_port
from tests.stack import fresh_database
from tests.waiting import eventually

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Place:
    """What a service process is given, and where its spans go."""

    url: str
    environment: dict[str, str]
    address: str
    keys: Path
    spans: otlp.Receiver


@pytest.fixture
async def place(stack: Addresses, tmp_path: Path) -> AsyncIterator[Place]:
    """A fresh database, the topics, a free port, keys, and a receiver of spans."""
    await _ensure_topics(stack.kafka_bootstrap)
    identity.make_development_key(tmp_path)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    async with fresh_database(stack) as url:
        with otlp.receiver() as spans:
            environment = {
                "HOTLINE_DATABASE_URL": url,
                "HOTLINE_KAFKA_BOOTSTRAP": stack.kafka_bootstrap,
                "HOTLINE_PORT": str(port),
                "HOTLINE_IDENTITY_KEYS": str(tmp_path),
                "OTEL_EXPORTER_OTLP_ENDPOINT": spans.endpoint,
            }
            yield Place(url, environment, f"127.0.0.1:{port}", tmp_path, spans)


async def _ensure_topics(bootstrap: str) -> None:
    topic = topic_of(AGGREGATE_TYPE)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        for name in (topic, dead_letter(topic, NAME)):
            try:
                await admin.create_topics([NewTopic(name, num_partitions=6, replication_factor=1)])
            except TopicAlreadyExistsError:
                continue
    finally:
        await admin.close()


@asynccontextmanager
async def service(place: Place, mode: str = "all") -> AsyncIterator[asyncio.subprocess.Process]:
    """The service's process; killed at the end if the test has not ended it."""
    child = await _start(place.environment, mode)
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
            await child.communicate()


async def _start(environment: dict[str, str], mode: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.integration.chassis.service_program", mode),
        cwd=ROOT,
        env=os.environ | environment,
        stderr=asyncio.subprocess.PIPE,
    )


async def ready(place: Place) -> bool:
    """Whether the health service says so."""
    try:
        async with grpc.aio.insecure_channel(place.address) as channel:
            request = health_pb2.HealthCheckRequest(service="readiness")
            answer = await health_pb2_grpc.HealthStub(channel).Check(request, timeout=2)
    except grpc.aio.AioRpcError:
        return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


@asynccontextmanager
async def stub(place: Place) -> AsyncIterator[Any]:
    token = identity.issue(place.keys, "staff-7", ["SCREENER"])
    async with connect(place.address, lambda: token) as channel:
        yield rpc.NotebookServiceStub(channel)


async def trace_of_line(place: Place, book: UUID) -> str:
    """The trace id under which the reader read the notebook's line."""
    database = await Database.open(place.url, source="test")
    try:

        async def trace_id() -> Any:
            async with database.transaction() as uow:
                return await uow.fetchval("SELECT trace_id FROM line_read WHERE notebook_id = $1", book)

        return str(await eventually(trace_id))
    finally:
        await database.close()


async def test_one_trace_leads_from_the_call_through_outbox_and_kafka_to_the_effect(place: Place) -> None:
    book, topic = uuid4(), topic_of(AGGREGATE_TYPE)
    async with service(place) as child:
        await eventually(lambda: ready(place))
        async with stub(place) as calls:
            await calls.WriteLine(pb.WriteLineRequest(idempotency_key="k", notebook_id=str(book)), timeout=10)
        trace_id = await trace_of_line(place, book)
        child.terminate()
        await child.communicate()
    call = "hotline-notebook: /hotline.notebook.v1.NotebookService/WriteLine"
    create, send, process = (f"hotline-notebook: {does} {topic}" for does in ("create", "send", "process"))
    way = {(call, create), (create, send), (send, process), (process, "hotline-notebook: INSERT")}
    assert way <= place.spans.edges(trace_id)
    spans = {span.name: span for span in place.spans.spans(trace_id)}
    assert (spans[f"send {topic}"].kind, spans[f"process {topic}"].kind) == ("PRODUCER", "CONSUMER")
    assert spans[f"process {topic}"].links == ((trace_id, "committed"),)


async def test_what_is_done_later_in_another_trace_is_linked_with_the_commit_before(place: Place) -> None:
    """Days may lie between a promise and whoever keeps it."""
    book = str(uuid4())
    async with service(place) as child:
        await eventually(lambda: ready(place))
        for key in ("first", "second"):
            async with stub(place) as calls:
                await calls.WriteLine(pb.WriteLineRequest(idempotency_key=key, notebook_id=book), timeout=10)
        child.terminate()
        await child.communicate()
    created = [span for span in place.spans.spans() if span.name.startswith("create ")]
    first, second = sorted(created, key=lambda span: int(span.attributes["hotline.sequence"]))
    assert first.trace_id != second.trace_id
    assert (first.links, second.links) == ((), ((first.trace_id, "before"),))


async def test_each_call_is_counted_by_how_it_ended_and_leads_to_its_trace(place: Place) -> None:
    """What was counted last is sent before the process ends."""
    async with service(place) as child:
        await eventually(lambda: ready(place))
        async with stub(place) as calls:
            await calls.WriteLine(pb.WriteLineRequest(idempotency_key="k", notebook_id=str(uuid4())), timeout=10)
            with pytest.raises(grpc.aio.AioRpcError):
                await calls.WriteLine(pb.WriteLineRequest(), timeout=10)
        child.terminate()
        await child.communicate()
    counted = {
        point.attributes["rpc.response.status_code"]: point
        for point in place.spans.points("rpc.server.call.duration")
        if point.attributes["rpc.method"] == "WriteLine"
    }
    assert {ended: point.value for ended, point in counted.items()} == {"OK": 1, "INVALID_ARGUMENT": 1}
    (trace_id,) = counted["INVALID_ARGUMENT"].exemplars
    assert "INVALID_REQUEST" in {span.attributes.get("hotline.reason") for span in place.spans.spans(trace_id)}


async def test_a_refused_call_is_an_error_on_its_span_and_no_personal_data_is_told_anywhere(place: Place) -> None:
    """OpenTelemetry's own interceptor leaves the status of such a span unset, and its code OK."""
    async with service(place) as child:
        await eventually(lambda: ready(place))
        async with stub(place) as calls:
            for call in (
                calls.WriteLine(pb.WriteLineRequest(), timeout=10),
                calls.Break(pb.BreakRequest(how="x"), timeout=10),
            ):
                with pytest.raises(grpc.aio.AioRpcError):
                    await call
        child.terminate()
        _, errors = await child.communicate()
    method = "/hotline.notebook.v1.NotebookService/"
    found = {span.name: span for span in place.spans.spans() if span.name.startswith(method) and span.kind == "SERVER"}
    for name, code, reason in (("WriteLine", 3, "INVALID_REQUEST"), ("Break", 13, "INTERNAL")):
        span = found[method + name]
        assert (span.status, span.attributes["rpc.grpc.status_code"]) == ("ERROR", code)
        assert span.attributes["hotline.reason"] == reason
    told = errors.decode() + repr(place.spans.spans())
    assert "Testcase" not in told
    (failure,) = (line for line in map(json.loads, errors.decode().splitlines()) if line.get("level") == "error")
    assert (failure["exception"], failure["trace_id"]) == ("KeyError", found[method + "Break"].trace_id)
    assert any("notebook.py" in frame for frame in failure["where"])


async def test_sigterm_lets_running_calls_end_and_then_the_process_ends_well(place: Place) -> None:
    book = uuid4()
    async with service(place) as child:
        await eventually(lambda: ready(place))
        database = await Database.open(place.url, source="test")
        async with stub(place) as calls:
            await calls.WriteLine(pb.WriteLineRequest(idempotency_key="k1", notebook_id=str(book)), timeout=10)
            async with database.transaction() as holder:
                await holder.execute("SELECT FROM notebook WHERE id = $1 FOR UPDATE", book)
                request = pb.WriteLineRequest(idempotency_key="k2", notebook_id=str(book))
                running = asyncio.ensure_future(calls.WriteLine(request, timeout=30))

                async def waits_for_the_row() -> bool:
                    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                    return bool(await holder.fetchval(query + " AND datname = current_database()"))

                await eventually(waits_for_the_row)
                child.send_signal(signal.SIGTERM)

                async def refuses_new_calls() -> bool:
                    return not await ready(place)

                await eventually(refuses_new_calls)
                assert child.returncode is None
            assert (await running).line == 2
        await database.close()
        await asyncio.wait_for(child.communicate(), 20)
        assert child.returncode == 0


@pytest.mark.parametrize("part", ["relay", "consumer"])
async def test_a_process_that_waits_for_kafka_is_well_and_ends_when_it_is_told(place: Place, part: str) -> None:
    """To start it anew would bring Kafka back no sooner."""
    nowhere, probed = f"127.0.0.1:{free_port()}", free_port()
    told = {"HOTLINE_KAFKA_BOOTSTRAP": nowhere, "HOTLINE_HEALTH_PORT": str(probed)}
    async with service(replace(place, environment=place.environment | told), part) as child:
        assert child.stderr is not None
        async with asyncio.timeout(60):
            while b"begins anew" not in (line := await child.stderr.readline()):
                assert line, f"it ended with {await child.wait()}"
        assert await health.status(f"127.0.0.1:{probed}") == "SERVING"
        child.send_signal(signal.SIGTERM)
        await asyncio.wait_for(child.communicate(), 30)
        assert child.returncode == 0


async def test_a_missing_setting_is_named(place: Place) -> None:
    environment = place.environment | {"HOTLINE_DATABASE_URL": ""}
    del environment["HOTLINE_DATABASE_URL"]
    child = await _start(environment, "relay")
    _, errors = await child.communicate()
    assert child.returncode == 1
    assert "HOTLINE_DATABASE_URL is not set" in errors.decode()


async def test_production_does_not_start_on_the_issuer_of_development(place: Place) -> None:
    migrated = await _start(place.environment, "migrate")
    await migrated.communicate()
    child = await _start(place.environment | {"HOTLINE_ENVIRONMENT": "production"}, "api")
    _, errors = await asyncio.wait_for(child.communicate(), 30)
    assert child.returncode == 1
    assert "HOTLINE_IDENTITY_ISSUER must name the agency's issuer" in errors.decode()


async def test_an_unknown_mode_is_answered_with_the_known_ones(place: Place) -> None:
    child = await _start(place.environment, "everything")
    _, errors = await child.communicate()
    assert child.returncode == 2
    assert "[api|relay|consumer|migrate|all]" in errors.decode()


async def test_missing_topics_are_named_and_end_the_consumer(place: Place, stack: Addresses) -> None:
    environment = place.environment
    migrated = await _start(environment, "migrate")
    await migrated.communicate()
    assert migrated.returncode == 0
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.kafka_bootstrap)
    await admin.start()
    missing = dead_letter(topic_of(AGGREGATE_TYPE), NAME)
    await admin.delete_topics([missing])
    await admin.close()
    child = await _start(environment, "consumer")
    _, errors = await asyncio.wait_for(child.communicate(), 30)
    assert child.returncode == 1
    assert f"has not created {missing}" in errors.decode()
