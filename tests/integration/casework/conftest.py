"""Casework as it runs: its gRPC server on a database of its own, a clock the test moves, an office with people."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.protobuf.message import Message

from chassis.client import connect, refusal_of
from chassis.contract import stamp
from chassis.database import Database
from chassis.errors import Refusal
from chassis.identity import Actor, current_actor, issue, issue_service_token, make_development_key
from chassis.migrations import migrate
from chassis.server import serve
from chassis.settings import Settings
from chassis.topics import message_class
from deploy.local.infrastructure import Addresses
from hotline.casework.v1 import casework_service_pb2 as pb
from hotline.casework.v1 import casework_service_pb2_grpc as rpc
from hotline.casework.v1 import reconciliation_service_pb2_grpc as reconciliation_rpc
from hotline.casework.v1 import workforce_service_pb2_grpc as workforce_rpc
from hotline.casework.v1.promise_pb2 import Promise, Subject
from hotline.notifications.v1.notifications_events_pb2 import NotificationSent
from hotline.type.v1 import type_pb2
from policy.packs import Packs
from services.casework import consumers
from services.casework.__main__ import SERVICE, servicers
from services.casework.promises.rules import Rules
from tests.stack import fresh_database

MONDAY = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
"""Nine in the morning in the office's zone."""
OFFICE = "lake-east"
DEADLINE = 10.0


class Clock:
    """A clock that stands until the test moves it."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> datetime:
        """Let time pass; answers the new time."""
        self.now += timedelta(**by)
        return self.now


@dataclass(frozen=True)
class People:
    """Who works in the office, by reference: two investigators under a supervisor under a manager, and a director."""

    worker: str = "00000000-0000-7000-8000-000000000001"
    second: str = "00000000-0000-7000-8000-000000000002"
    supervisor: str = "00000000-0000-7000-8000-000000000003"
    manager: str = "00000000-0000-7000-8000-000000000004"
    director: str = "00000000-0000-7000-8000-000000000005"
    screener: str = "00000000-0000-7000-8000-000000000006"

    def roles(self) -> Mapping[str, str]:
        return {
            self.worker: "INVESTIGATOR",
            self.second: "INVESTIGATOR",
            self.supervisor: "SUPERVISOR",
            self.manager: "MANAGER",
            self.director: "DIRECTOR",
            self.screener: "SCREENER",
        }

    def above(self, staff_id: str) -> str:
        """Whom somebody works under; empty for the director."""
        under = {self.supervisor: self.manager, self.manager: self.director, self.director: ""}
        return under.get(staff_id, self.supervisor)


@dataclass
class World:
    """One test's casework."""

    database: Database
    clock: Clock
    rules: Rules
    identity: Path
    address: str
    people: People = field(default_factory=People)
    _channels: AsyncExitStack = field(default_factory=AsyncExitStack)
    _opened: dict[str, grpc.aio.Channel] = field(default_factory=dict)

    async def person(self, staff_id: str, *roles: str) -> rpc.CaseworkServiceAsyncStub:
        """The service as somebody calls it, with the roles given or those they have."""
        token = issue(self.identity, staff_id, roles or [self.people.roles()[staff_id]])
        return await self._stub(f"{staff_id} {roles}", token)

    async def service(self) -> rpc.CaseworkServiceAsyncStub:
        """The service as the workflows call it."""
        return await self._stub("service", issue_service_token(self.identity, "workflows"))

    async def at_work(self, staff_id: str, *roles: str) -> workforce_rpc.WorkforceServiceAsyncStub:
        """The workforce's service as somebody calls it."""
        token = issue(self.identity, staff_id, roles or [self.people.roles()[staff_id]])
        return workforce_rpc.WorkforceServiceStub(await self._channel(f"{staff_id} {roles}", token))

    async def sweeping(self) -> workforce_rpc.WorkforceServiceAsyncStub:
        """The workforce's service as the workflows call it."""
        token = issue_service_token(self.identity, "workflows")
        return workforce_rpc.WorkforceServiceStub(await self._channel("service", token))

    async def reconciling(self) -> reconciliation_rpc.ReconciliationServiceAsyncStub:
        """The ledger as the reconciler calls it."""
        token = issue_service_token(self.identity, "workflows")
        return reconciliation_rpc.ReconciliationServiceStub(await self._channel("service", token))

    async def _stub(self, who: str, token: str) -> rpc.CaseworkServiceAsyncStub:
        return rpc.CaseworkServiceStub(await self._channel(who, token))

    async def _channel(self, who: str, token: str) -> grpc.aio.Channel:
        if who not in self._opened:
            self._opened[who] = await self._channels.enter_async_context(connect(self.address, lambda: token))
        return self._opened[who]

    async def close(self) -> None:
        await self._channels.aclose()

    async def hire(self, staff_id: str, role: str, office: str = OFFICE, supervisor_id: str = "", **more: Any) -> None:
        """Register somebody."""
        admin = await self.person(str(UUID(int=9)), "ADMIN")
        known: dict[str, Any] = {"email": f"{staff_id[-4:]}@office.hotline.invalid"}
        staff = pb.Staff(
            staff_id=staff_id,
            name=f"Invented {role.title()}",
            roles=[role],
            office=office,
            supervisor_id=supervisor_id,
            **(known | more),
        )
        await admin.RegisterStaff(pb.RegisterStaffRequest(idempotency_key=key(), staff=staff), timeout=DEADLINE)

    async def away(self, staff_id: str, **length: float) -> None:
        """Somebody is absent from now on."""
        stub = await self.person(staff_id)
        request = pb.RecordAbsenceRequest(
            idempotency_key=key(),
            staff_id=staff_id,
            starts_at=stamp(self.clock.now),
            ends_at=stamp(self.clock.now + timedelta(**(length or {"days": 7}))),
        )
        await stub.RecordAbsence(request, timeout=DEADLINE)

    async def promise(self, kind: str = "CALLBACK_URGENT", **wanted: Any) -> Promise:
        """A promise made now, owned by the worker unless said otherwise."""
        values: dict[str, Any] = {
            "subject": Subject(type="callback", id=str(uuid4())),
            "cause": "requested",
            "reference": "7ZK4-M2QX",
            "owner": type_pb2.Owner(staff_id=self.people.worker),
            "office": OFFICE,
            "received_at": stamp(self.clock.now),
        }
        request = pb.MakePromiseRequest(kind=kind, **(values | wanted))
        return (await (await self.service()).MakePromise(request, timeout=DEADLINE)).promise

    async def ring(self, promise: Promise, at: datetime | None = None) -> pb.ClimbRungResponse:
        """The alarm's question, as of now unless said otherwise."""
        request = pb.ClimbRungRequest(promise_id=promise.promise_id, as_of=stamp(at or self.clock.now))
        return await (await self.service()).ClimbRung(request, timeout=DEADLINE)

    async def sent(self, answer: pb.ClimbRungResponse, **how: Any) -> None:
        """Notifications says that every message of the answer went out, and how."""
        for notice in answer.notices:
            fact = NotificationSent(
                notification_id=notice.key,
                key=notice.key,
                staff_id=notice.staff_id,
                sent_at=stamp(self.clock.now),
                **how,
            )
            await self.hears(fact)

    async def attempt(self, promise: Promise, outcome: str = "REACHED", by: str = "", **values: Any) -> Promise:
        """Somebody (the worker) says what came of it, just now unless said otherwise."""
        request = pb.RecordAttemptRequest(
            idempotency_key=key(),
            promise_id=promise.promise_id,
            outcome=outcome,
            **({"occurred_at": stamp(self.clock.now)} | values),
        )
        stub = await self.person(by or self.people.worker)
        return (await stub.RecordAttempt(request, timeout=DEADLINE)).promise

    async def shown(self, promise: Promise) -> pb.GetPromiseResponse:
        """The promise with its timeline and everyone told."""
        stub = await self.service()
        return await stub.GetPromise(pb.GetPromiseRequest(promise_id=promise.promise_id), timeout=DEADLINE)

    async def open_promises(self, subject_id: str = "") -> list[Promise]:
        """What is owed, about one subject or at all."""
        request = pb.ListPromisesRequest(open_only=True, subject_id=subject_id)
        return list((await (await self.service()).ListPromises(request, timeout=DEADLINE)).promises)

    async def facts(self, aggregate_id: str) -> list[tuple[int, Message]]:
        """What casework has told others about one thing: sequence and fact, in order."""
        async with self.database.transaction() as uow:
            rows = await uow.fetch(
                "SELECT sequence, type, payload FROM chassis.outbox WHERE aggregateid = $1 ORDER BY seq", aggregate_id
            )
        return [(row["sequence"], message_class(row["type"]).FromString(row["payload"])) for row in rows]

    async def hears(self, fact: Message) -> None:
        """Casework's consumer applies a fact of another service."""
        handlers = {
            name: handle for topic in consumers.subscriptions(self.rules).values() for name, handle in topic.items()
        }
        handler: Any = handlers[fact.DESCRIPTOR.full_name]
        async with self.database.transaction() as uow:
            await handler(fact, None, uow)


def told(answer: pb.ClimbRungResponse) -> list[tuple[str, str]]:
    """Whom an answer names: rung and person, in the order climbed."""
    return [(notice.rung, notice.staff_id) for notice in answer.notices]


def key() -> str:
    """A fresh idempotency key."""
    return uuid4().hex


@asynccontextmanager
async def refused(reason: str) -> AsyncIterator[list[Refusal]]:
    """The block's call is refused for this reason; the refusal is the first of what is given."""
    found: list[Refusal] = []
    try:
        yield found
    except grpc.aio.AioRpcError as error:
        found.append(refusal_of(error))
        assert found[0].reason == reason, found[0]
        return
    raise AssertionError(f"not refused, though {reason} was expected")


@pytest.fixture(autouse=True)
def acting() -> Any:
    """What a test does directly, it does as casework's consumer."""
    token = current_actor.set(Actor.service("casework"))
    yield
    current_actor.reset(token)


@pytest.fixture
async def empty_world(stack: Addresses, tmp_path: Path) -> AsyncIterator[World]:
    """Casework without anybody in it."""
    make_development_key(tmp_path)
    clock = Clock(MONDAY)
    async with fresh_database(stack) as url:
        migrate(url, SERVICE.migrations)
        database = await Database.open(url, source="casework", clock=clock)
        rules = Rules(Packs(), "seed-default", Ed25519PrivateKey.generate())
        try:
            async with answering(database, rules, tmp_path) as port:
                world = World(database, clock, rules, tmp_path, f"127.0.0.1:{port}")
                yield world
                await world.close()
        finally:
            await database.close()


@pytest.fixture
async def world(empty_world: World) -> World:
    """Casework with the office's people."""
    people = empty_world.people
    for staff_id, role in people.roles().items():
        await empty_world.hire(staff_id, role, supervisor_id=people.above(staff_id))
    return empty_world


@asynccontextmanager
async def answering(database: Database, rules: Rules, identity: Path, tls: Path | None = None) -> AsyncIterator[int]:
    """Casework's gRPC server, on the port that is given; with a certificate's folder only for those it vouches for."""
    stop, port = asyncio.Event(), asyncio.get_running_loop().create_future()
    settings = Settings(identity_keys=identity, port=0, tls=tls)
    task = asyncio.create_task(
        serve(servicers(database, rules), settings, ready=database.ping, stop=stop, started=port.set_result)
    )
    try:
        yield await asyncio.wait_for(port, 10)
    finally:
        stop.set()
        await asyncio.wait_for(task, 30)
