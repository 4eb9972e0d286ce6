"""The images of services, built and run: confined as in the cluster, well by their own check, orderly to the end."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import docker
import grpc
import pytest
import pytest_asyncio
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network

from chassis import identity
from chassis.client import connect
from chassis.contract import stamp
from deploy.local import checks, postgres
from deploy.local.platform import WORKFLOWS
from deploy.local.settings import HOST, SERVICES
from hotline.intake.v1 import intake_service_pb2 as pb
from hotline.intake.v1.intake_service_pb2_grpc import IntakeServiceStub
from hotline.type.v1 import type_pb2
from tests.containers import images
from tests.containers.conftest import Images
from tests.containers.provider import published, without_a_reaper_that_cannot_be_had
from tests.services import free_port
from tests.stack import reachable_folder
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(900)  # whoever comes first builds

CONFINED: dict[str, Any] = {
    "read_only": True,
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
}
"""As the compose file and the pods confine them, but for their room in `/tmp`."""
SMALL = 260 * 2**20
"""Bytes that an image may have beyond the one it stands on."""
GRACE = 40
"""Seconds until a container that was told to end is killed."""
DATABASE = "hotline_intake"
ISSUER = "https://identity.agency.example"
"""Production does not trust the development issuer."""


@dataclass(frozen=True)
class Place:
    """What containers of intake are run with: a network that has a database on it, and keys."""

    network: Network
    secret: str
    database_url: str
    """Intake's own, from this machine."""
    keys: Path

    def told(self, **more: str) -> dict[str, str]:
        """The environment of a process of intake in production."""
        return {
            "HOTLINE_DATABASE_URL": f"postgresql://{DATABASE}:{self.secret}@postgres:5432/{DATABASE}",
            "HOTLINE_IDENTITY_KEYS": "/run/hotline/identity/jwks.json",
            "HOTLINE_IDENTITY_ISSUER": ISSUER,
            "HOTLINE_PORT": "7101",
            **more,
        }


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def place(docker_engine: docker.DockerClient) -> AsyncIterator[Place]:
    """A server with intake's database, which nobody has migrated yet."""
    without_a_reaper_that_cannot_be_had(docker_engine)
    secret, port = secrets.token_hex(16), free_port()
    url = f"postgresql://postgres:{secret}@{HOST}:{port}/postgres"
    with reachable_folder() as keys, Network() as network:
        identity.make_development_key(keys)
        (keys / "jwks.json").chmod(0o644)
        server = DockerContainer(images.postgres(docker_engine), env={"POSTGRES_PASSWORD": secret}, network=network)
        with published(server.with_network_aliases("postgres"), 5432, port):
            await eventually(lambda: answering(url))
            await postgres.ensure_database(url, DATABASE, secret)
            yield Place(network, secret, postgres.database_url(url, DATABASE, secret), keys)


@pytest.fixture(scope="module")
def migrated(place: Place, service_image: Images) -> Place:
    """The place once intake's tables are there."""
    with intake(place, service_image, "migrate", place.told()) as container:
        code, said = ended(container)
        assert code == 0, said
    return place


@contextmanager
def intake(place: Place, image: Images, mode: str, told: dict[str, str], port: int = 0) -> Iterator[DockerContainer]:
    """A container of intake, confined; its calls are answered on `port` of this machine."""
    container = DockerContainer(image("intake"), command=mode, env=told, network=place.network, **CONFINED)
    container.with_volume_mapping(str(place.keys), "/run/hotline/identity", "ro")
    with published(container, 7101, port) if port else container:
        yield container


@asynccontextmanager
async def intake_api(place: Place, image: Images, **more: str) -> AsyncIterator[tuple[DockerContainer, str]]:
    """A container that answers calls, and its address."""
    port = free_port()
    with intake(place, image, "api", place.told(**more), port) as container:
        await eventually(lambda: serving(container, f"{HOST}:{port}"))
        yield container, f"{HOST}:{port}"


async def answering(url: str) -> bool:
    try:
        await checks.postgres(url)
    except (OSError, asyncpg.PostgresError, TimeoutError):
        return False
    return True


async def serving(container: DockerContainer, address: str) -> bool:
    inner = container.get_wrapped_container()
    inner.reload()
    if inner.status == "exited":
        raise RuntimeError(f"it ended: {inner.logs().decode()[-2000:]}")
    try:
        await checks.serving(address)
    except (ConnectionError, grpc.aio.AioRpcError):
        return False
    return True


def ended(container: DockerContainer) -> tuple[int, str]:
    """How a container ended, and what it said."""
    inner = container.get_wrapped_container()
    return inner.wait(timeout=60)["StatusCode"], inner.logs().decode()


def run(image: str, *command: str, **told: str) -> tuple[int, str]:
    """A container without a network, to its end."""
    with DockerContainer(image, command=" ".join(command), env=told, network_mode="none", **CONFINED) as container:
        return ended(container)


async def open_contact(address: str, keys: Path) -> pb.Contact:
    """Somebody calls."""
    token = identity.issue(keys, str(uuid4()), ["INTAKE_SPECIALIST"], issuer=ISSUER)
    async with connect(address, lambda: token) as channel:
        request = pb.OpenContactRequest(
            idempotency_key=str(uuid4()),
            channel=type_pb2.CHANNEL_VOICE,
            office="lake-east",
            received_at=stamp(datetime.now(UTC)),
            danger_now=pb.DANGER_NOW_NO,
        )
        return (await IntakeServiceStub(channel).OpenContact(request, timeout=30)).contact


async def listed(address: str) -> list[str]:
    """The services that reflection tells of."""
    asked = iter([reflection_pb2.ServerReflectionRequest(list_services="")])
    async with grpc.aio.insecure_channel(address) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        answers = [answer async for answer in stub.ServerReflectionInfo(asked, timeout=10)]
    return [service.name for answer in answers for service in answer.list_services_response.service]


@pytest.mark.parametrize("name", [*SERVICES, WORKFLOWS])
def test_each_image_is_small_and_its_program_starts_where_nothing_can_be_written(
    docker_engine: docker.DockerClient, service_image: Images, name: str
) -> None:
    without_a_reaper_that_cannot_be_had(docker_engine)
    image = docker_engine.images.get(service_image(name))
    base = docker_engine.images.get(images.python(docker_engine))
    assert image.attrs["Config"]["User"] == "10001:10001"
    assert image.attrs["Size"] - base.attrs["Size"] < SMALL
    code, said = run(service_image(name), "no-such-mode")
    assert code == 2, said
    assert said.startswith("usage: "), said


def test_an_image_holds_its_own_service_and_no_other(docker_engine: docker.DockerClient, service_image: Images) -> None:
    without_a_reaper_that_cannot_be_had(docker_engine)
    with DockerContainer(service_image("intake"), entrypoint=["ls", "/opt/hotline/app/services"]) as container:
        code, said = ended(container)
    assert code == 0
    assert set(said.split()) == {"__init__.py", "__pycache__", "intake"}


def test_an_image_of_no_service_is_refused(docker_engine: docker.DockerClient) -> None:
    with pytest.raises(RuntimeError, match="say which service"):
        images.service(docker_engine, "")


@pytest.mark.parametrize(
    ("mode", "told", "complaint"),
    [
        ("api", {}, "HOTLINE_DATABASE_URL is not set"),
        ("migrate", {}, "HOTLINE_DATABASE_URL is not set"),
        (
            "relay",
            {"HOTLINE_DATABASE_URL": "postgresql://nobody@nowhere/nothing"},
            "HOTLINE_KAFKA_BOOTSTRAP is not set",
        ),
    ],
)
def test_a_missing_setting_ends_it_at_once_and_is_named(
    service_image: Images, docker_engine: docker.DockerClient, mode: str, told: dict[str, str], complaint: str
) -> None:
    without_a_reaper_that_cannot_be_had(docker_engine)
    code, said = run(service_image("intake"), mode, **told)
    assert code == 1, said
    assert complaint in said
    assert "Traceback" not in said


async def test_it_is_well_by_its_own_check_and_takes_a_contact(migrated: Place, service_image: Images) -> None:
    async with intake_api(migrated, service_image) as (container, address):
        inner = container.get_wrapped_container()
        check = inner.image.attrs["Config"]["Healthcheck"]["Test"][1:]
        assert inner.exec_run(check).exit_code == 0
        assert inner.exec_run(["touch", "/opt/hotline/app/written"]).exit_code != 0
        assert inner.exec_run(["id", "-u"]).output.strip() == b"10001"
        contact = await open_contact(address, migrated.keys)
    assert contact.version == 1


async def test_production_tells_nobody_what_it_offers_and_development_does(
    migrated: Place, service_image: Images
) -> None:
    async with intake_api(migrated, service_image) as (_, address):
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await listed(address)
    assert refusal.value.code() is grpc.StatusCode.UNIMPLEMENTED
    async with intake_api(migrated, service_image, HOTLINE_ENVIRONMENT="development") as (_, address):
        assert "hotline.intake.v1.IntakeService" in await listed(address)


async def test_a_call_that_runs_when_it_is_told_to_end_is_answered(migrated: Place, service_image: Images) -> None:
    async with intake_api(migrated, service_image) as (container, address):
        inner = container.get_wrapped_container()
        holder = await asyncpg.connect(migrated.database_url)
        async with holder.transaction():
            await holder.execute("LOCK TABLE intake.contact IN EXCLUSIVE MODE")
            call = asyncio.create_task(open_contact(address, migrated.keys))
            await eventually(lambda: waiting(holder))
            stopping = asyncio.create_task(asyncio.to_thread(inner.stop, timeout=GRACE))
            await eventually(lambda: draining(container))
            assert not call.done()
        contact = await call
        await stopping
        assert inner.wait()["StatusCode"] == 0, inner.logs().decode()[-2000:]
        kept = await holder.fetchval("SELECT count(*) FROM intake.contact WHERE id = $1", contact.contact_id)
        await holder.close()
    assert kept == 1


async def waiting(holder: asyncpg.Connection[asyncpg.Record]) -> bool:
    """Whether somebody waits for our lock."""
    return bool(await holder.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"))


async def draining(container: DockerContainer) -> bool:
    """Whether it has said that it does not serve any more."""
    check = ["/opt/hotline/venv/bin/python", "-m", "chassis.health", "127.0.0.1:7100"]
    return "NOT_SERVING" in container.get_wrapped_container().exec_run(check).output.decode()
