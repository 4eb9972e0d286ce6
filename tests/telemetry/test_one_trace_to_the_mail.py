"""Every process as in production: from a call through outbox, Kafka, bridge and workflow to the mail; one trace."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import pairwise
from pathlib import Path
from uuid import UUID, uuid4

import grpc

from chassis.client import connect
from chassis.contract import stamp
from chassis.identity import issue, make_development_key
from chassis.migrations import migrate
from deploy.local import checks
from deploy.local.infrastructure import Addresses
from hotline.casework.v1 import casework_service_pb2 as casework
from hotline.casework.v1.casework_service_pb2_grpc import CaseworkServiceStub
from hotline.casework.v1.promise_pb2 import Promise, Subject
from hotline.type.v1 import type_pb2
from services.casework.__main__ import SERVICE as CASEWORK
from services.notifications.__main__ import NOTIFICATIONS
from tests.otlp import Receiver, receiver
from tests.services import create_topics, free_port
from tests.stack import clean_environment, fresh_database
from tests.waiting import eventually
from tests.workflows.conftest import DEADLINE, OFFICE, PROJECT
from tests.workflows.packs import QUICK, with_quick_pack

PROCESSES = (
    ("services.casework", "api"),
    ("services.casework", "relay"),
    ("services.casework", "consumer"),
    ("services.notifications", "api"),
    ("services.notifications", "relay"),
    ("services.notifications", "consumer"),
    ("services.notifications", "sender"),
    ("workflows", "worker"),
    ("workflows", "bridge"),
)
WORKER = str(UUID(int=71))

CASEWORK_CALLS = "/hotline.casework.v1.CaseworkService"
NOTIFY = "/hotline.notifications.v1.NotificationsService/Notify"
TOPIC = "hotline.casework.promise.v1"
# Each step is a child of the one before, whatever lies between the processes.
WAY = (
    f"hotline-casework: {CASEWORK_CALLS}/MakePromise",
    f"hotline-casework: create {TOPIC}",
    f"hotline-casework: send {TOPIC}",
    f"hotline-workflows-bridge: process {TOPIC}",
    "hotline-workflows-bridge: StartWorkflow:PromiseWorkflow",
    "hotline-workflows-worker: StartActivity:notify",
    "hotline-workflows-worker: RunActivity:notify",
    f"hotline-workflows-worker: {NOTIFY}",
    f"hotline-notifications: {NOTIFY}",
    "hotline-notifications: smtp send",
)


@asynccontextmanager
async def platform(stack: Addresses, folder: Path, telemetry: Receiver) -> AsyncIterator[Mapping[str, str]]:
    """Casework, notifications and workflows, each part a process; answers the environment they share."""
    issuer = folder / "identity"
    make_development_key(issuer)
    (folder / "token").write_text(issue(issuer, "service:workflows", ["SERVICE"]))
    await create_topics(stack)
    async with AsyncExitStack() as running:
        urls = {
            "services.casework": await running.enter_async_context(fresh_database(stack)),
            "services.notifications": await running.enter_async_context(fresh_database(stack)),
            "workflows": "",
        }
        ports = {"services.casework": free_port(), "services.notifications": free_port(), "workflows": 0}
        shared = {
            "HOTLINE_PACKS": str(with_quick_pack(folder / "packs")),
            "HOTLINE_PACK": QUICK,
            "HOTLINE_CERTIFICATE_KEY": str(folder / "certificate.pem"),
            "HOTLINE_KAFKA_BOOTSTRAP": stack.kafka_bootstrap,
            "HOTLINE_TEMPORAL_ADDRESS": stack.temporal_address,
            "HOTLINE_SMTP_ADDRESS": stack.smtp_address,
            "HOTLINE_IDENTITY_KEYS": str(issuer),
            "HOTLINE_TOKEN_FILE": str(folder / "token"),
            "HOTLINE_CASEWORK_ADDRESS": f"127.0.0.1:{ports['services.casework']}",
            "HOTLINE_NOTIFICATIONS_ADDRESS": f"127.0.0.1:{ports['services.notifications']}",
            "OTEL_EXPORTER_OTLP_ENDPOINT": telemetry.endpoint,
        }
        migrate(urls["services.casework"], CASEWORK.migrations)
        migrate(urls["services.notifications"], NOTIFICATIONS.migrations)
        for module, part in PROCESSES:
            own = {"HOTLINE_DATABASE_URL": urls[module], "HOTLINE_PORT": str(ports[module])}
            await running.enter_async_context(process(module, part, shared | own, folder))
        for module in ("services.casework", "services.notifications"):
            await eventually(lambda address=f"127.0.0.1:{ports[module]}": is_serving(address))
        yield shared


@asynccontextmanager
async def process(module: str, part: str, environment: Mapping[str, str], folder: Path) -> AsyncIterator[None]:
    """One process, told to stop at the end; that it then ends in order is part of the test."""
    log = folder / f"{module}-{part}.log"
    with log.open("wb") as output:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module, part),
            cwd=PROJECT,
            env=clean_environment() | dict(environment),
            stdout=output,
            stderr=output,
        )
    try:
        yield
    finally:
        if child.returncode is None:
            child.send_signal(signal.SIGTERM)
        code = await asyncio.wait_for(child.wait(), 60)
    assert code == 0, f"{module} {part} ended with {code}: {log.read_text()[-2000:]}"


async def is_serving(address: str) -> bool:
    try:
        await checks.serving(address)
    except (ConnectionError, grpc.aio.AioRpcError):
        return False
    return True


async def make_promise(issuer: Path, address: str, email: str) -> Promise:
    """Somebody is registered and owes a callback."""
    async with AsyncExitStack() as channels:

        async def stub(*roles: str) -> CaseworkServiceStub:
            token = issue(issuer, "service:test", roles)
            return CaseworkServiceStub(await channels.enter_async_context(connect(address, lambda: token)))

        staff = casework.Staff(
            staff_id=WORKER, name="Invented Investigator", roles=["INVESTIGATOR"], office=OFFICE, email=email
        )
        admin, service = await stub("ADMIN"), await stub("SERVICE")
        register = casework.RegisterStaffRequest(idempotency_key=uuid4().hex, staff=staff)
        await admin.RegisterStaff(register, timeout=DEADLINE)
        request = casework.MakePromiseRequest(
            kind="CALLBACK_STANDARD",
            subject=Subject(type="callback", id=str(uuid4())),
            cause="requested",
            reference="7ZK4-M2QX",
            owner=type_pb2.Owner(staff_id=WORKER),
            office=OFFICE,
            received_at=stamp(datetime.now(UTC)),
        )
        return (await service.MakePromise(request, timeout=DEADLINE)).promise


def mails_to(maildir: Path, recipient: str) -> list[EmailMessage]:
    found = [
        message_from_bytes(path.read_bytes(), _class=EmailMessage, policy=policy.default)
        for path in maildir.glob("new/*")
    ]
    return [mail for mail in found if mail["To"] == recipient]


async def test_the_trace_of_a_promise_can_be_followed_from_its_call_to_its_mail(
    stack: Addresses, tmp_path: Path
) -> None:
    recipient = f"investigator-{uuid4().hex[:8]}@office.hotline.invalid"
    assert stack.mail is not None, "this test reads the embedded mail server's folder"
    maildir = stack.mail
    with receiver() as telemetry:
        async with platform(stack, tmp_path, telemetry) as environment:
            promise = await make_promise(tmp_path / "identity", environment["HOTLINE_CASEWORK_ADDRESS"], recipient)

            async def arrived() -> list[EmailMessage]:
                return mails_to(maildir, recipient)

            (mail,) = await eventually(arrived)
            trace_id = mail["X-Hotline-Trace"]

            async def every_edge() -> bool:
                return telemetry.edges(trace_id) >= set(pairwise(WAY))

            await eventually(every_edge)
    assert promise.promise_id in mail.get_content()
    spans = telemetry.spans(trace_id)
    exported = json.dumps([[span.name, span.attributes, span.events] for span in spans], default=str)
    assert recipient not in exported
    assert "Invented" not in exported
