"""A whole platform that a test may hurt: its people, its promises, and what the ledger says became of them."""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

import grpc
from rich.console import Console
from temporalio.client import Client

from chassis import identity
from chassis.client import connect
from chassis.contract import instant, stamp
from cli.fresh import standing
from deploy.local.infrastructure import addresses
from deploy.local.ports import free_offset
from deploy.local.settings import PROJECT, StackSettings
from hotline.casework.v1 import casework_service_pb2 as casework
from hotline.casework.v1.casework_service_pb2_grpc import CaseworkServiceStub
from hotline.casework.v1.promise_pb2 import Promise, Subject
from hotline.type.v1 import type_pb2
from tests.stack import clean_environment, reachable_folder
from workflows.alarms import OPEN_ALARMS

OFFICE = "lake-east"
TIMEOUT = 20.0
WORKER, SUPERVISOR, MANAGER, DIRECTOR = (str(UUID(int=n)) for n in range(1, 5))
AT_ONCE = 16


@dataclass
class Floor:
    """One platform, standing or not: `up` brings it up for as long as the block."""

    settings: StackSettings

    @asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        """The whole platform, healthy."""
        async with standing(self.settings, Console(file=io.StringIO())):
            yield

    @asynccontextmanager
    async def calling(self, service: str, *roles: str, subject: str = "") -> AsyncIterator[grpc.aio.Channel]:
        """A channel to a service as somebody with these roles."""
        token = identity.issue(self.settings.identity, subject or str(uuid4()), roles)
        async with connect(self.settings.address(service), lambda: token) as channel:
            yield channel

    async def hire(self) -> None:
        """A worker, and the three above them."""
        people = ((DIRECTOR, "DIRECTOR", ""), (MANAGER, "MANAGER", DIRECTOR), (SUPERVISOR, "SUPERVISOR", MANAGER))
        async with self.calling("casework", "ADMIN") as channel:
            stub = CaseworkServiceStub(channel)
            for staff_id, role, above in (*people, (WORKER, "INVESTIGATOR", SUPERVISOR)):
                staff = casework.Staff(
                    staff_id=staff_id,
                    name=f"Invented {role.title()}",
                    roles=[role],
                    office=OFFICE,
                    supervisor_id=above,
                    email=f"{role.lower()}@office.hotline.invalid",
                )
                request = casework.RegisterStaffRequest(idempotency_key=uuid4().hex, staff=staff)
                await stub.RegisterStaff(request, timeout=TIMEOUT, wait_for_ready=True)

    async def owe(self, received_at: Sequence[datetime]) -> list[Promise]:
        """One urgent callback of the worker for each receipt."""
        async with self.calling("casework", "SERVICE") as channel:
            stub, room = CaseworkServiceStub(channel), asyncio.Semaphore(AT_ONCE)

            async def one(at: datetime) -> Promise:
                request = casework.MakePromiseRequest(
                    kind="CALLBACK_URGENT",
                    subject=Subject(type="callback", id=str(uuid4())),
                    cause="requested",
                    reference="7ZK4-M2QX",
                    owner=type_pb2.Owner(staff_id=WORKER),
                    office=OFFICE,
                    received_at=stamp(at),
                )
                async with room:
                    return (await stub.MakePromise(request, timeout=TIMEOUT, wait_for_ready=True)).promise

            return list(await asyncio.gather(*map(one, received_at)))

    async def shown(self, promises: Sequence[Promise]) -> list[casework.GetPromiseResponse]:
        """Each promise with its history and everyone it was climbed to."""
        async with self.calling("casework", "SERVICE") as channel:
            stub, room = CaseworkServiceStub(channel), asyncio.Semaphore(AT_ONCE)

            async def one(promise: Promise) -> casework.GetPromiseResponse:
                async with room:
                    request = casework.GetPromiseRequest(promise_id=promise.promise_id)
                    return await stub.GetPromise(request, timeout=TIMEOUT, wait_for_ready=True)

            return list(await asyncio.gather(*map(one, promises)))

    async def keep(self, promise: Promise) -> Promise:
        """The worker reaches the caller now."""
        async with self.calling("casework", "INVESTIGATOR", subject=WORKER) as channel:
            request = casework.RecordAttemptRequest(
                idempotency_key=uuid4().hex,
                promise_id=promise.promise_id,
                outcome="REACHED",
                occurred_at=stamp(datetime.now(UTC)),
            )
            return (
                await CaseworkServiceStub(channel).RecordAttempt(request, timeout=TIMEOUT, wait_for_ready=True)
            ).promise

    async def certificate(self, promise: Promise) -> str:
        """The certificate of a closed promise."""
        async with self.calling("casework", "SERVICE") as channel:
            request = casework.GetCertificateRequest(promise_id=promise.promise_id)
            return (
                await CaseworkServiceStub(channel).GetCertificate(request, timeout=TIMEOUT, wait_for_ready=True)
            ).certificate_json

    @property
    def environment(self) -> dict[str, str]:
        """What a command must be told to find this platform."""
        settings = self.settings
        told = {
            "HOME": settings.home,
            "PORT_OFFSET": settings.port_offset,
            "POSTGRES_URL": settings.postgres_url and settings.postgres_url.get_secret_value(),
            "KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
            "TEMPORAL_ADDRESS": settings.temporal_address,
            "SMTP_ADDRESS": settings.smtp_address,
            "PHONE_GATEWAY": settings.phone_gateway,
        }
        return {f"HOTLINE_{name}": str(value) for name, value in told.items() if value is not None}

    async def hotline(self, *arguments: str, code: int = 0) -> str:
        """The command, as whoever runs the platform types it: what it says, and that it ends with `code`."""
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "cli", *arguments),
            cwd=PROJECT,
            env=clean_environment() | self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, complained = (stream.decode() for stream in await child.communicate())
        assert child.returncode == code, (
            f"hotline {' '.join(arguments)} ended with {child.returncode}:\n{said}{complained}"
        )
        return said

    async def open_alarms(self) -> int:
        """How many alarms Temporal runs."""
        client = await Client.connect(addresses(self.settings).temporal_address)
        return (await client.count_workflows(OPEN_ALARMS)).count


@asynccontextmanager
async def floor(pack: str = "seed-default", *, crashing: bool = False) -> AsyncIterator[Floor]:
    """A platform with a folder and ports of its own, not up yet; `crashing`: one that can be made to fail."""
    with reachable_folder() as folder, free_offset() as offset:
        crash_file = folder / "crash" if crashing else None
        yield Floor(StackSettings(home=folder / "home", port_offset=offset, pack=pack, crash_file=crash_file))


def climbed(shown: casework.GetPromiseResponse) -> dict[str, list[datetime]]:
    """When each rung was climbed, by its name; a rung of several people counts once."""
    rungs: dict[str, set[tuple[int, datetime]]] = {}
    for told in shown.told:
        rungs.setdefault(told.rung, set()).add((told.cycle, instant(told.climbed_at)))
    return {rung: sorted(at for _, at in when) for rung, when in rungs.items()}
