"""Workflows as they run: on the real Temporal, casework and notifications; the test carries the facts between them."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.protobuf.json_format import MessageToDict, ParseDict
from temporalio.api.common.v1 import Payload
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from chassis.client import connect
from chassis.clock import Clock, system_clock
from chassis.contract import stamp
from chassis.database import Database
from chassis.envelope import Envelope
from chassis.identity import Actor, current_actor, issue, make_development_key
from chassis.migrations import migrate
from chassis.operations import operations
from chassis.server import Servicer, serve
from chassis.service import Runtime
from chassis.settings import Settings
from chassis.topics import message_class
from deploy.local.infrastructure import Addresses
from hotline.casework.v1 import casework_service_pb2 as casework_pb
from hotline.casework.v1 import casework_service_pb2_grpc as casework_rpc
from hotline.casework.v1.promise_pb2 import Promise, Subject
from hotline.notifications.v1 import notifications_service_pb2 as notifications_pb
from hotline.notifications.v1.notifications_service_pb2_grpc import NotificationsServiceStub
from hotline.type.v1 import type_pb2
from policy.packs import Packs
from services.casework import __main__ as casework_main
from services.casework.promises import store as ledger
from services.casework.promises.rules import Rules
from services.notifications import __main__ as notifications
from services.notifications.settings import NotificationsSettings
from tests.services import free_port
from tests.stack import clean_environment, fresh_database
from tests.waiting import eventually
from tests.workflows.packs import QUICK, with_quick_pack
from workflows import temporal
from workflows.activities import Activities
from workflows.bridge import Bridge
from workflows.codec import Encrypted, Keyring, make_keyring
from workflows.messages import Alarm
from workflows.promise import PromiseWorkflow
from workflows.worker import worker

OFFICE = "lake-east"
DEADLINE = 10.0
PATIENCE = 30.0
"""Seconds without an answer after which the last resort is told: on a busy machine, an answer may take some."""
PROJECT = Path(__file__).parents[2]
HISTORIES = Path(__file__).with_name("histories")
Fact = tuple[Envelope, Any]


@dataclass(frozen=True)
class People:
    """Who works in the office, by reference."""

    worker: str = "00000000-0000-7000-8000-000000000001"
    second: str = "00000000-0000-7000-8000-000000000002"
    supervisor: str = "00000000-0000-7000-8000-000000000003"
    manager: str = "00000000-0000-7000-8000-000000000004"
    director: str = "00000000-0000-7000-8000-000000000005"

    def placed(self) -> Iterable[tuple[str, str, str]]:
        """Each with role and supervisor, from the top."""
        yield self.director, "DIRECTOR", ""
        yield self.manager, "MANAGER", self.director
        yield self.supervisor, "SUPERVISOR", self.manager
        yield self.worker, "INVESTIGATOR", self.supervisor
        yield self.second, "INVESTIGATOR", self.supervisor


@dataclass
class Part:
    """One service of the test: its database, and its server, which the test may stop and start again."""

    database: Database
    port: int
    servicers: Sequence[Servicer]
    issuer: Path
    _stop: asyncio.Event | None = None
    _task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Answer calls from now on."""
        self._stop, started = asyncio.Event(), asyncio.get_running_loop().create_future()
        settings = Settings(identity_keys=self.issuer, port=self.port)
        serving = serve(self.servicers, settings, ready=self.database.ping, stop=self._stop, started=started.set_result)
        self._task = asyncio.create_task(serving)
        await asyncio.wait_for(started, 10)

    async def stop(self) -> None:
        """Nobody answers at this address any more."""
        if self._stop and self._task:
            self._stop.set()
            await asyncio.wait_for(self._task, 30)
            self._stop = self._task = None


@dataclass
class MovedClock:
    """Casework's clock, which a test moves along with the time its workflow skips."""

    ahead: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class Office:
    """One test's platform: casework, notifications and Temporal, and the people of one office."""

    client: Client
    casework: Part
    notifications: Part
    environment: Mapping[str, str]
    home: Path
    clock: MovedClock
    people: People = field(default_factory=People)
    channels: AsyncExitStack = field(default_factory=AsyncExitStack)
    _carried: int = 0
    _stubs: dict[str, Any] = field(default_factory=dict)

    @property
    def bridge(self) -> Bridge:
        return Bridge(self.client, patience=PATIENCE)

    async def person(self, staff_id: str, *roles: str) -> casework_rpc.CaseworkServiceStub:
        """Casework as somebody calls it."""
        return casework_rpc.CaseworkServiceStub(await self._channel(self.casework, staff_id, roles))

    async def service(self) -> casework_rpc.CaseworkServiceStub:
        """Casework as a service calls it."""
        return await self.person("service:workflows", "SERVICE")

    async def hire_everybody(self) -> None:
        for staff_id, role, supervisor in self.people.placed():
            await self.hire(staff_id, role, supervisor)

    async def hire(self, staff_id: str, role: str, supervisor_id: str = "") -> None:
        admin = await self.person(str(UUID(int=9)), "ADMIN")
        staff = casework_pb.Staff(
            staff_id=staff_id,
            name=f"Invented {role.title()}",
            roles=[role],
            office=OFFICE,
            supervisor_id=supervisor_id,
            email=f"{role.lower()}-{staff_id[-2:]}@office.hotline.invalid",
        )
        request = casework_pb.RegisterStaffRequest(idempotency_key=uuid4().hex, staff=staff)
        await admin.RegisterStaff(request, timeout=DEADLINE)

    async def promise(self, **wanted: Any) -> Promise:
        """An urgent callback, owed by the worker from now on."""
        values: dict[str, Any] = {
            "kind": "CALLBACK_URGENT",
            "subject": Subject(type="callback", id=str(uuid4())),
            "cause": "requested",
            "reference": "7ZK4-M2QX",
            "owner": type_pb2.Owner(staff_id=self.people.worker),
            "office": OFFICE,
            "received_at": stamp(datetime.now(UTC)),
        }
        request = casework_pb.MakePromiseRequest(**(values | wanted))
        return (await (await self.service()).MakePromise(request, timeout=DEADLINE)).promise

    async def keep(self, promise: Promise, by: str, role: str) -> Promise:
        """Somebody reaches the caller."""
        request = casework_pb.RecordAttemptRequest(
            idempotency_key=uuid4().hex,
            promise_id=promise.promise_id,
            outcome="REACHED",
            occurred_at=stamp(datetime.now(UTC)),
        )
        return (await (await self.person(by, role)).RecordAttempt(request, timeout=DEADLINE)).promise

    async def delegate(self, promise: Promise, to: str) -> None:
        """The supervisor hands it to somebody else."""
        request = casework_pb.DelegatePromiseRequest(
            idempotency_key=uuid4().hex, promise_id=promise.promise_id, to_staff_id=to
        )
        supervisor = await self.person(self.people.supervisor, "SUPERVISOR")
        await supervisor.DelegatePromise(request, timeout=DEADLINE)

    async def extend(self, promise: Promise, days: int) -> None:
        """The supervisor gives it more time."""
        request = casework_pb.ExtendPromiseRequest(
            idempotency_key=uuid4().hex, promise_id=promise.promise_id, days=days, reason="records are awaited"
        )
        supervisor = await self.person(self.people.supervisor, "SUPERVISOR")
        await supervisor.ExtendPromise(request, timeout=DEADLINE)

    async def stop_the_clock(self, promise: Promise, until: datetime) -> Promise:
        """The caller has named a time."""
        request = casework_pb.PausePromiseRequest(
            idempotency_key=uuid4().hex,
            promise_id=promise.promise_id,
            reason="CALLER_CHOSE_LATER",
            until=stamp(until),
        )
        supervisor = await self.person(self.people.supervisor, "SUPERVISOR")
        return (await supervisor.PausePromise(request, timeout=DEADLINE)).promise

    async def resume(self, promise: Promise) -> None:
        """The supervisor lets its clock run again."""
        request = casework_pb.ResumePromiseRequest(idempotency_key=uuid4().hex, promise_id=promise.promise_id)
        supervisor = await self.person(self.people.supervisor, "SUPERVISOR")
        await supervisor.ResumePromise(request, timeout=DEADLINE)

    async def mark_told(self, promise: Promise) -> None:
        """Notifications' facts have come back: whoever was climbed to has been told."""
        shown = await self.shown(promise)
        async with self.casework.database.transaction() as uow:
            for told in shown.told:
                await ledger.mark_told(uow, told.key, datetime.now(UTC), "EMAIL")

    async def went_out(self, promise: Promise) -> None:
        """Every message of the promise has gone out, and notifications' facts are on Kafka; nobody carries them on."""
        async with self.notifications.database.transaction() as uow:
            gone = "UPDATE notification SET state = 'SENT', sent_at = now() WHERE promise_id = $1"
            await uow.execute(gone, UUID(promise.promise_id))
            await uow.execute("UPDATE chassis.outbox SET sent_at = now() WHERE sent_at IS NULL")

    async def told_again(self) -> set[str]:
        """The messages of which notifications is about to send its facts (once more)."""
        async with self.notifications.database.transaction() as uow:
            rows = await uow.fetch("SELECT aggregateid FROM chassis.outbox WHERE sent_at IS NULL")
        return {row["aggregateid"] for row in rows}

    async def shown(self, promise: Promise) -> casework_pb.GetPromiseResponse:
        request = casework_pb.GetPromiseRequest(promise_id=promise.promise_id)
        return await (await self.service()).GetPromise(request, timeout=DEADLINE)

    async def facts(self, *aggregates: str) -> Sequence[Fact]:
        """All that casework has told others of promises or investigations, in its order."""
        async with self.casework.database.transaction() as uow:
            rows = await uow.fetch("SELECT headers, payload, type FROM chassis.outbox ORDER BY seq")
        facts = [
            (
                Envelope.from_headers([(name, value.encode()) for name, value in row["headers"].items()]),
                message_class(row["type"]).FromString(row["payload"]),
            )
            for row in rows
        ]
        wanted = aggregates or ("casework.promise", "casework.investigation")
        return [(envelope, fact) for envelope, fact in facts if envelope.aggregate_type in wanted]

    async def carry(self, facts: Sequence[Fact] | None = None) -> None:
        """Bring facts to their workflows as the bridge does: those not yet brought, unless others are given."""
        if facts is None:
            everything = await self.facts()
            facts, self._carried = everything[self._carried :], len(everything)
        handlers = {name: handle for topic in self.bridge.subscriptions().values() for name, handle in topic.items()}
        for envelope, fact in facts:
            if envelope.type in handlers:
                await handlers[envelope.type](fact, envelope)

    def alarm(self, promise: Promise) -> WorkflowHandle[PromiseWorkflow, None]:
        return self.client.get_workflow_handle_for(PromiseWorkflow.run, f"promise/{promise.promise_id}")

    async def known(self, promise: Promise) -> Alarm:
        """What the alarm goes by."""
        return await self.alarm(promise).query(PromiseWorkflow.known)

    async def deliveries(self) -> Sequence[notifications_pb.Delivery]:
        """What notifications was asked for, oldest first."""
        channel = await self._channel(self.notifications, "service:test", ("SERVICE",))
        answer = await NotificationsServiceStub(channel).ListDeliveries(
            notifications_pb.ListDeliveriesRequest(limit=1000), timeout=DEADLINE, wait_for_ready=True
        )
        return list(reversed(answer.deliveries))

    async def told(self, promise: Promise, template: str = "") -> Counter[str]:
        """How often notifications was asked to tell each person of a promise ("" is the last resort)."""
        found = [sent for sent in await self.deliveries() if sent.promise_id == promise.promise_id]
        return Counter(sent.staff_id for sent in found if template in ("", sent.template))

    async def until_told(self, promise: Promise, *people: str) -> None:
        """Wait until each of these people has been told."""

        async def reached() -> bool:
            return set(await self.told(promise)) >= set(people)

        await eventually(reached)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """A worker that runs as long as the block."""
        token = self.token("service:workflows", ("SERVICE",))
        async with (
            connect(f"127.0.0.1:{self.casework.port}", token) as casework,
            connect(f"127.0.0.1:{self.notifications.port}", token) as told,
            worker(self.client, Activities(casework, told)),
        ):
            yield

    @asynccontextmanager
    async def process(self, part: str, **environment: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """The worker or the bridge in a process of its own; killed at the end if it still lives."""
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "workflows", part),
            cwd=PROJECT,
            env=clean_environment() | dict(self.environment) | environment,
        )
        try:
            yield child
        finally:
            if child.returncode is None:
                child.kill()
            await child.wait()

    async def _channel(self, part: Part, subject: str, roles: tuple[str, ...]) -> Any:
        key = f"{part.port} {subject} {roles}"
        if key not in self._stubs:
            token = self.token(subject, roles)
            self._stubs[key] = await self.channels.enter_async_context(connect(f"127.0.0.1:{part.port}", token))
        return self._stubs[key]

    def token(self, subject: str, roles: tuple[str, ...]) -> Callable[[], str]:
        token = issue(self.casework.issuer, subject, roles)
        return lambda: token


async def keep_history(office: Office, handle: WorkflowHandle[Any, Any], name: str) -> None:
    """With HOTLINE_KEEP_HISTORIES=1 the run becomes a history that every later release must be able to replay."""
    if os.environ.get("HOTLINE_KEEP_HISTORIES") != "1":
        return
    history = json.loads((await handle.fetch_history()).to_json())
    codec = Encrypted(Keyring.read(Path(office.environment["HOTLINE_PAYLOAD_KEYS"])))
    kept = await _in_clear(_without_this_machine(history), codec)
    (HISTORIES / f"{name}.json").write_text(json.dumps(kept, indent=1) + "\n")


def _without_this_machine(node: Any) -> Any:
    # Who ran it and where its code stood have no part in what a history decides; a failure's words hold such places.
    if isinstance(node, dict):
        dropped = {"identity", "stackTrace", "binaryChecksum", "encodedAttributes"}
        dropped |= {"message"} if "stackTrace" in node else set()
        return {key: _without_this_machine(value) for key, value in node.items() if key not in dropped}
    return [_without_this_machine(item) for item in node] if isinstance(node, list) else node


async def _in_clear(node: Any, codec: Encrypted) -> Any:
    # The key is the test's own and gone with it.
    if isinstance(node, list):
        return [await _in_clear(item, codec) for item in node]
    if not isinstance(node, dict):
        return node
    if "encoding" in node.get("metadata", {}):
        (payload,) = await codec.decode([ParseDict(node, Payload())])
        return MessageToDict(payload)
    return {key: await _in_clear(value, codec) for key, value in node.items()}


@pytest.fixture(autouse=True)
def acting() -> Iterator[None]:
    """What a test does directly, it does as a service."""
    token = current_actor.set(Actor.service("test"))
    yield
    current_actor.reset(token)


@pytest.fixture
async def empty_office(stack: Addresses, tmp_path: Path) -> AsyncIterator[Office]:
    """The platform, and nobody in the office."""
    issuer, clock = tmp_path / "identity", MovedClock()
    make_development_key(issuer)
    (tmp_path / "token").write_text(issue(issuer, "service:workflows", ["SERVICE"]))
    rules = Rules(Packs(with_quick_pack(tmp_path / "packs")), QUICK, Ed25519PrivateKey.generate())
    async with (
        fresh_database(stack) as casework_url,
        fresh_database(stack) as notifications_url,
        _database(casework_url, "casework", casework_main.SERVICE.migrations, clock) as casework,
        _database(notifications_url, "notifications", notifications.NOTIFICATIONS.migrations) as messages,
        AsyncExitStack() as channels,
    ):
        ports = free_port(), free_port()
        told = operations("casework", casework, casework_main.SERVICE.expectations)
        first = Part(casework, ports[0], [*casework_main.servicers(casework, rules), told], issuer)
        answered = notifications.servicers(Runtime(NotificationsSettings(), messages))
        second = Part(messages, ports[1], [*answered, operations("notifications", messages, {})], issuer)
        make_keyring(tmp_path / "payload-keys.json")
        keyring = Keyring.read(tmp_path / "payload-keys.json")
        client = await temporal.connect(stack.temporal_address, "default", asyncio.Event(), keyring)
        assert client is not None
        environment = {
            "HOTLINE_TEMPORAL_ADDRESS": stack.temporal_address,
            "HOTLINE_KAFKA_BOOTSTRAP": stack.kafka_bootstrap,
            "HOTLINE_CASEWORK_ADDRESS": f"127.0.0.1:{ports[0]}",
            "HOTLINE_NOTIFICATIONS_ADDRESS": f"127.0.0.1:{ports[1]}",
            "HOTLINE_TOKEN_FILE": str(tmp_path / "token"),
            "HOTLINE_PAYLOAD_KEYS": str(tmp_path / "payload-keys.json"),
        }
        await first.start()
        await second.start()
        try:
            yield Office(client, first, second, environment, stack.home, clock, channels=channels)
        finally:
            try:
                await _end_all(client)
            finally:
                await first.stop()
                await second.stop()


@pytest.fixture
async def office(empty_office: Office) -> Office:
    """The platform, and an office with everybody in it."""
    await empty_office.hire_everybody()
    return empty_office


@asynccontextmanager
async def _database(
    url: str, source: str, migrations: Sequence[Path], clock: Clock = system_clock
) -> AsyncIterator[Database]:
    migrate(url, migrations)
    database = await Database.open(url, source=source, clock=clock)
    try:
        yield database
    finally:
        await database.close()


async def _end_all(client: Client) -> None:
    # The next test's worker must not go on with this one's workflows, whose services are gone.
    async for execution in client.list_workflows("ExecutionStatus = 'Running'"):
        try:
            await client.get_workflow_handle(execution.id).terminate("the test has ended")
        except RPCError as problem:  # it ended by itself, and the list has not heard of it yet
            if problem.status is not RPCStatusCode.NOT_FOUND:
                raise
