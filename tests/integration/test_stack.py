"""The embedded stack keeps its parts running and their data safe, and says plainly what is wrong."""

import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import asyncpg
import grpc
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from temporalio.client import Client

from deploy.local import background, infrastructure, kafka, status, temporal
from deploy.local.infrastructure import Addresses
from deploy.local.ports import free_offset
from deploy.local.processes import StackError
from deploy.local.settings import PROJECT
from deploy.local.status import StackStatus, State
from hotline.phone.v1.phone_service_pb2 import PHONE_CHANNEL_VOICE, DeliverRequest, DeliverResponse
from hotline.phone.v1.phone_service_pb2_grpc import PhoneGatewayServiceStub
from tests.stack import clean_environment, launch, reachable_folder, settings_of, supervisor

# Whole stacks start here, several times.
pytestmark = pytest.mark.timeout(900)

Environment = Mapping[str, str]
Kept = Callable[[], Awaitable[None]]
"""Fails unless what was stored before is there now."""


@pytest.fixture(scope="module")
def environment() -> Iterator[Environment]:
    with reachable_folder() as folder, free_offset() as offset:
        yield {"HOTLINE_HOME": str(folder / "home"), "HOTLINE_PORT_OFFSET": str(offset)}


@pytest.fixture(scope="module")
def own(environment: Environment) -> Iterator[Addresses]:
    """A stack that these tests may hurt."""
    with supervisor(environment):
        yield infrastructure.addresses(settings_of(environment))


@pytest.fixture
def elsewhere(stack: Addresses) -> Iterator[Environment]:
    """The settings of a stack all of whose parts are given: those of this session."""
    with reachable_folder() as folder, free_offset() as offset:
        yield {
            "HOTLINE_HOME": str(folder / "home"),
            "HOTLINE_PORT_OFFSET": str(offset),
            "HOTLINE_POSTGRES_URL": stack.postgres_url,
            "HOTLINE_KAFKA_BOOTSTRAP": stack.kafka_bootstrap,
            "HOTLINE_TEMPORAL_ADDRESS": stack.temporal_address,
            "HOTLINE_SMTP_ADDRESS": stack.smtp_address,
            "HOTLINE_PHONE_GATEWAY": stack.phone_gateway,
        }


async def store_in_postgres(at: Addresses) -> Kept:
    table = f"kept_{uuid.uuid4().hex}"
    connection = await asyncpg.connect(at.postgres_url)
    await connection.execute(f"CREATE TABLE {table} AS SELECT 42 AS answer")
    await connection.close()

    async def kept() -> None:
        again = await asyncpg.connect(at.postgres_url)
        assert await again.fetchval(f"SELECT answer FROM {table}") == 42
        await again.close()

    return kept


async def store_in_kafka(at: Addresses) -> Kept:
    topic = f"kept.{uuid.uuid4().hex}"
    await kafka.ensure_topics(at.kafka_bootstrap, {topic: 1})
    async with AIOKafkaProducer(bootstrap_servers=at.kafka_bootstrap, acks="all") as producer:
        await producer.send_and_wait(topic, b"acknowledged")

    async def kept() -> None:
        async with AIOKafkaConsumer(topic, bootstrap_servers=at.kafka_bootstrap, auto_offset_reset="earliest") as again:
            assert (await again.getone()).value == b"acknowledged"

    return kept


async def store_in_temporal(at: Addresses) -> Kept:
    client = await Client.connect(at.temporal_address)
    handle = await client.start_workflow("waits", id=f"kept/{uuid.uuid4()}", task_queue="nobody")

    async def kept() -> None:
        again = await Client.connect(at.temporal_address)
        assert (await again.get_workflow_handle(handle.id).describe()).run_id == handle.first_execution_run_id

    return kept


async def store_in_mail(at: Addresses) -> Kept:
    subject = f"kept {uuid.uuid4()}"
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "hotline@example.org", "oncall@example.org", subject
    host, _, port = at.smtp_address.partition(":")
    await aiosmtplib.send(mail, hostname=host, port=int(port), start_tls=False)

    async def kept() -> None:
        assert at.mail is not None
        assert any(subject in file.read_text() for file in (at.mail / "new").iterdir())

    return kept


async def store_in_phone(at: Addresses) -> Kept:
    call = DeliverRequest(message_id=str(uuid.uuid4()), channel=PHONE_CHANNEL_VOICE, number="+13125550142", text="Due.")

    async def deliver() -> DeliverResponse:
        async with grpc.aio.insecure_channel(at.phone_gateway) as channel:
            return await PhoneGatewayServiceStub(channel).Deliver(call, timeout=5)

    def made() -> list[Path]:
        assert at.phone is not None
        return [file for file in (at.phone / "messages").glob("*.json") if call.message_id in file.read_text()]

    first = await deliver()
    calls = made()

    async def kept() -> None:
        assert len(calls) == 1
        assert await deliver() == first
        assert made() == calls

    return kept


STORES = {
    "postgres": store_in_postgres,
    "kafka": store_in_kafka,
    "temporal": store_in_temporal,
    "mail": store_in_mail,
    "phone": store_in_phone,
}


@pytest.mark.parametrize("part", STORES)
async def test_a_killed_part_comes_back_with_what_it_had_acknowledged(own: Addresses, part: str) -> None:
    kept = await STORES[part](own)
    before = current(own.home).part(part)
    assert before.pid is not None
    os.kill(before.pid, signal.SIGKILL)
    eventually(lambda: current(own.home).part(part).restarts == before.restarts + 1)
    # A broker that was killed reads all of its log again.
    eventually(lambda: current(own.home).part(part).state is State.HEALTHY, within=180)
    assert current(own.home).part(part).pid != before.pid
    await kept()


async def test_a_workflow_can_be_found_by_its_next_instant(own: Addresses) -> None:
    client = await Client.connect(own.temporal_address)
    assert (await client.count_workflows('NextInstant > "2026-01-01T00:00:00Z"')).count == 0
    assert set(temporal.SEARCH_ATTRIBUTES) == {"NextInstant"}


def test_a_second_supervisor_of_the_same_folder_is_refused(own: Addresses, environment: Environment) -> None:
    said = refused(environment)
    assert "is already running" in said
    assert f"(pid {current(own.home).pid})" in said


def test_status_tells_every_part_and_whether_all_are_healthy(own: Addresses, environment: Environment) -> None:
    shown = hotline(environment, "stack", "status")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    for part in STORES:
        assert f"{part} " in shown.stdout
    assert "healthy" in shown.stdout


def test_reset_is_refused_while_the_stack_runs(own: Addresses, environment: Environment) -> None:
    shown = hotline(environment, "stack", "reset", "--yes")
    assert shown.returncode == 1
    assert "is already running" in shown.stderr
    assert own.home.exists()


async def test_a_stack_goes_on_where_the_last_one_stopped_and_reset_forgets_it() -> None:
    with reachable_folder() as folder, free_offset() as offset:
        environment = {"HOTLINE_HOME": str(folder / "home"), "HOTLINE_PORT_OFFSET": str(offset)}
        at = infrastructure.addresses(settings_of(environment))
        with supervisor(environment) as first:
            kept = [await store(at) for store in STORES.values()]
            pids = pids_of(current(at.home))
            first.send_signal(signal.SIGINT)
            assert first.wait(60) == 0
        assert not [pid for pid in pids if psutil.pid_exists(pid)]
        assert hotline(environment, "stack", "status").returncode == 1

        with supervisor(environment) as second:
            for still in kept:
                await still()
            left = pids_of(current(at.home))
            second.kill()
            second.wait(10)
        assert all(psutil.pid_exists(pid) for pid in left)

        # The third finds what the killed supervisor left behind, ends it, and takes its place.
        with supervisor(environment):
            assert not [pid for pid in left if psutil.pid_exists(pid)]
            for still in kept:
                await still()
        assert hotline(environment, "stack", "reset", "--yes").returncode == 0
        assert not at.home.exists()


def test_the_stack_goes_on_in_the_background_until_it_is_told_to_stop(elsewhere: Environment) -> None:
    started = hotline(elsewhere, "stack", "up", "--detach", "--only", "infrastructure")
    try:
        assert started.returncode == 0, started.stderr
        assert hotline(elsewhere, "stack", "status").returncode == 0
    finally:
        stopped = hotline(elsewhere, "stack", "down")
    assert stopped.stdout.strip() == "stopped"
    assert hotline(elsewhere, "stack", "status").returncode == 1
    assert hotline(elsewhere, "stack", "down").stdout.strip() == "nothing was running"


def test_a_taken_port_is_told_with_the_process_that_has_it(environment: Environment, elsewhere: Environment) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        offset = server.getsockname()[1] - 7025
        taken = dict(elsewhere) | {"HOTLINE_PORT_OFFSET": str(offset)}
        del taken["HOTLINE_SMTP_ADDRESS"]
        said = refused(taken)
    assert f"port {offset + 7025}, needed by mail, is taken by" in said
    assert f"{psutil.Process().name()} (pid {os.getpid()})" in said
    assert "HOTLINE_PORT_OFFSET" in said


def test_given_addresses_replace_the_embedded_parts(elsewhere: Environment) -> None:
    with supervisor(elsewhere):
        now = current(settings_of(elsewhere).folder)
        assert [now.part(name).kind for name in STORES] == ["given"] * len(STORES)
        assert pids_of(now) == []
        assert now.healthy


def test_a_given_address_where_nothing_answers_is_told_with_its_variable(elsewhere: Environment) -> None:
    nowhere = f"127.0.0.1:{settings_of(elsewhere).port('mail')}"
    said = refused(dict(elsewhere) | {"HOTLINE_SMTP_ADDRESS": nowhere})
    assert f"nothing that answers is at {nowhere}, given by HOTLINE_SMTP_ADDRESS" in said


def test_an_error_never_shows_the_password_of_a_given_database(elsewhere: Environment) -> None:
    wrong = "postgresql://postgres:canary-password@127.0.0.1:9/postgres"
    said = refused(dict(elsewhere) | {"HOTLINE_POSTGRES_URL": wrong})
    assert "127.0.0.1:9/postgres, given by HOTLINE_POSTGRES_URL" in said
    for file in settings_of(elsewhere).folder.rglob("*"):
        assert not file.is_file() or b"canary-password" not in file.read_bytes()


def current(home: Path) -> StackStatus:
    """The status as anybody on this machine reads it."""
    found = status.read(home)
    assert found is not None
    return found


def pids_of(stack: StackStatus) -> list[int]:
    return [part.pid for part in stack.parts if part.pid is not None]


def eventually(holds: Callable[[], bool], within: float = 60) -> None:
    """Wait until it holds; fail if it does not in time."""
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, f"did not come to hold within {within} s"
        time.sleep(0.05)


def refused(environment: Environment) -> str:
    """Start a stack that cannot come up; return what it said."""
    settings = settings_of(environment)
    child = launch(environment)
    with pytest.raises(StackError) as told:
        background.follow(child, settings.folder, settings.log("supervisor"), lambda _: None)
    assert child.wait(30) == 1
    assert child.stdin is not None
    child.stdin.close()
    return str(told.value)


def hotline(environment: Environment, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Call the command as a person would."""
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments],
        cwd=PROJECT,
        env=clean_environment() | dict(environment),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
