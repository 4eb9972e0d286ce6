"""Notifications as it runs: its gRPC server and database, a mail server the test governs, senders when a test asks."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.client import connect
from chassis.database import Database
from chassis.identity import Actor, current_actor, issue, issue_service_token, make_development_key
from chassis.migrations import migrate
from chassis.server import serve
from chassis.service import Runtime
from deploy.local.infrastructure import Addresses
from hotline.notifications.v1 import notifications_service_pb2 as pb
from hotline.notifications.v1.notifications_events_pb2 import NotificationSent
from hotline.notifications.v1.notifications_service_pb2_grpc import NotificationsServiceStub
from services.notifications import __main__ as notifications
from services.notifications import commands, templates
from services.notifications.model import Telephone
from services.notifications.sender import Sender
from services.notifications.settings import NotificationsSettings
from tests.integration.notifications.post_office import PostOffice
from tests.integration.notifications.telephones import Telephones
from tests.services import free_port
from tests.stack import clean_environment, fresh_database
from tests.waiting import eventually

WORKER = UUID(int=7)
WORKER_EMAIL = "worker@office.hotline.invalid"
SUPERVISOR = UUID(int=8)
SUPERVISOR_EMAIL = "supervisor@office.hotline.invalid"
PROMISE = UUID(int=9)
PROJECT = Path(__file__).parents[3]
DEADLINE = 10.0


@dataclass(frozen=True)
class Desk:
    """One test's notifications service."""

    settings: NotificationsSettings
    environment: Mapping[str, str]
    identity: Path
    database: Database
    post_office: PostOffice
    telephones: Telephones
    service: NotificationsServiceStub

    async def notify(self, key: str, staff_id: UUID | None = WORKER, **changes: Any) -> pb.Delivery:
        """Ask for a rung's message."""
        recipient: dict[str, Any] = {"staff_id": str(staff_id)} if staff_id else {"last_resort": True}
        order: dict[str, Any] = {
            "template": "RUNG",
            "values": {"kind": "CALLBACK_URGENT", "due": "2026-03-02T18:15:00+00:00", "rung": "owner"},
            "reference": "7ZK4-M",
            "promise_id": str(PROMISE),
        }
        request = pb.NotifyRequest(key=key, **recipient, **(order | changes))
        return (await self.service.Notify(request, timeout=DEADLINE)).delivery

    async def delivery(self, key: str) -> pb.Delivery:
        return (await self.service.GetDelivery(pb.GetDeliveryRequest(key=key), timeout=DEADLINE)).delivery

    async def until(self, key: str, state: pb.DeliveryState.ValueType) -> pb.Delivery:
        """The delivery, once it is in this state."""

        async def reached() -> pb.Delivery | None:
            found = await self.delivery(key)
            return found if found.state == state else None

        return await eventually(reached)

    async def know(self, staff_id: UUID, email: str, *telephones: Telephone, version: int = 1) -> None:
        """Have the copy of somebody's contact methods."""
        async with self.database.transaction() as uow:
            await commands.keep_contact_methods(staff_id, email, telephones, version, uow)

    async def facts(self) -> Sequence[tuple[str, int]]:
        """What stands in the outbox, in its order: each fact's name and sequence."""
        async with self.database.transaction() as uow:
            rows = await uow.fetch("SELECT type, sequence FROM chassis.outbox ORDER BY seq")
        return [(row["type"].rpartition(".")[2], row["sequence"]) for row in rows]

    async def sent_by(self, key: str) -> int:
        """The channel that the fact of a message that went out names."""
        async with self.database.transaction() as uow:
            payload = await uow.fetchval(
                "SELECT payload FROM chassis.outbox WHERE type LIKE '%NotificationSent' AND aggregateid = $1",
                (await self.delivery(key)).notification_id,
            )
        return NotificationSent.FromString(payload).channel

    async def waits(self, key: str) -> int:
        """How often a message has had to wait."""
        async with self.database.transaction() as uow:
            return int(await uow.fetchval("SELECT waits FROM notification WHERE key = $1", key))

    def impatient(self) -> Desk:
        """The same desk, whose senders take nobody for alive, and wait for no answer, for more than two seconds.

        For tests in which one dies or is not answered; in all others a busy machine must not look like that.
        """
        settings = self.settings.model_copy(update={"send_lease": 2.0, "smtp_timeout": 1.5})
        environment = {**self.environment, "HOTLINE_SEND_LEASE": "2", "HOTLINE_SMTP_TIMEOUT": "1.5"}
        return replace(self, settings=settings, environment=environment)

    @asynccontextmanager
    async def sending(self, *, gateway: bool = True) -> AsyncIterator[None]:
        """A sender that runs as long as the block, with the telephone gateway or without."""
        stop = asyncio.Event()
        async with connect(self.telephones.address, token_of(self.identity, "SERVICE")) as channel:
            sender = Sender(self.database, self.settings, templates.load(), channel if gateway else None)
            task = asyncio.create_task(sender.run(stop))
            try:
                yield
            finally:
                stop.set()
                await asyncio.wait_for(task, 30)

    @asynccontextmanager
    async def process(self, part: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """A part of the service in a process of its own; killed at the end if it still lives."""
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.notifications", part),
            cwd=PROJECT,
            env=clean_environment() | dict(self.environment),
        )
        try:
            yield child
        finally:
            if child.returncode is None:
                child.kill()
            await child.wait()


@pytest.fixture
def identity(tmp_path: Path) -> Path:
    """The development issuer's folder, with this service's own token in `token`."""
    make_development_key(tmp_path)
    (tmp_path / "token").write_text(issue_service_token(tmp_path, "notifications"))
    return tmp_path


@pytest.fixture(autouse=True)
def acting() -> Iterator[None]:
    """What a test does directly, it does as the service."""
    token = current_actor.set(Actor.service("notifications"))
    yield
    current_actor.reset(token)


@pytest.fixture
async def post_office() -> AsyncIterator[PostOffice]:
    office = PostOffice(f"127.0.0.1:{free_port()}")
    await office.open()
    yield office
    await office.close()


@pytest.fixture
async def telephones() -> AsyncIterator[Telephones]:
    exchange = Telephones(f"127.0.0.1:{free_port()}")
    await exchange.open()
    yield exchange
    await exchange.close()


@pytest.fixture
async def desk(
    stack: Addresses,
    identity: Path,
    post_office: PostOffice,
    telephones: Telephones,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Desk]:
    """The service on a database of its own, serving; two people are known by their addresses."""
    async with fresh_database(stack) as url:
        environment = {
            "HOTLINE_DATABASE_URL": url,
            "HOTLINE_KAFKA_BOOTSTRAP": stack.kafka_bootstrap,
            "HOTLINE_SMTP_ADDRESS": post_office.address,
            "HOTLINE_PHONE_GATEWAY": telephones.address,
            "HOTLINE_IDENTITY_KEYS": str(identity),
            "HOTLINE_TOKEN_FILE": str(identity / "token"),
            "HOTLINE_PORT": "0",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        migrate(url, notifications.NOTIFICATIONS.migrations)
        settings = NotificationsSettings()
        database = await Database.open(url, source="notifications")
        try:
            token = token_of(identity, "SERVICE")
            async with serving(settings, database) as port, connect(f"127.0.0.1:{port}", token) as channel:
                service = NotificationsServiceStub(channel)
                made = Desk(settings, environment, identity, database, post_office, telephones, service)
                await made.know(WORKER, WORKER_EMAIL)
                await made.know(SUPERVISOR, SUPERVISOR_EMAIL)
                yield made
        finally:
            await database.close()


@asynccontextmanager
async def serving(settings: NotificationsSettings, database: Database) -> AsyncIterator[int]:
    """The service's own gRPC server, for as long as the block; answers its port."""
    stop, port = asyncio.Event(), asyncio.get_running_loop().create_future()
    servicers = notifications.servicers(Runtime(settings, database))
    task = asyncio.create_task(serve(servicers, settings, ready=database.ping, stop=stop, started=port.set_result))
    try:
        yield await asyncio.wait_for(port, 10)
    finally:
        stop.set()
        await asyncio.wait_for(task, 30)


def token_of(identity: Path, *roles: str) -> Callable[[], str]:
    """A token with these roles."""
    token = issue(identity, str(uuid4()), roles)
    return lambda: token
