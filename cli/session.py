"""Who calls, and where the services are: the development issuer's key, who logged in, channels with deadlines."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

import click
import grpc
import uuid_utils.compat as uuid_utils

from chassis import client, identity
from deploy.local.settings import StackSettings
from hotline.casework.v1 import casework_service_pb2 as casework_pb
from hotline.casework.v1 import casework_service_pb2_grpc as casework
from hotline.casework.v1 import workforce_service_pb2_grpc as workforce
from hotline.intake.v1 import intake_service_pb2_grpc as intake
from hotline.notifications.v1 import notifications_service_pb2_grpc as notifications
from hotline.operations.v1 import operations_service_pb2_grpc as operations
from hotline.triage.v1 import triage_service_pb2_grpc as triage

# Seconds a person waits for an answer before the call counts as failed.
TIMEOUT = 10.0

P = ParamSpec("P")
T = TypeVar("T")

_STUBS: dict[str, Callable[[grpc.aio.Channel], Any]] = {
    "intake": intake.IntakeServiceStub,
    "triage": triage.TriageServiceStub,
    "casework": casework.CaseworkServiceStub,
    "workforce": workforce.WorkforceServiceStub,
    "notifications": notifications.NotificationsServiceStub,
    "operations": operations.OperationsServiceStub,
}


@dataclass(frozen=True)
class Person:
    """Who logged in on this checkout: `subject` is a staff id."""

    subject: str
    roles: tuple[str, ...]


def logged_in(settings: StackSettings) -> Person:
    """The person of the last `hotline login`; without one, an administrator of the development stack."""
    file = settings.folder / "session.json"
    if not file.exists():
        return Person(str(UUID(int=0)), (identity.Role.ADMIN,))
    kept = json.loads(file.read_text())
    return Person(kept["subject"], tuple(kept["roles"]))


def log_in(settings: StackSettings, person: Person) -> Path:
    """Remember who acts from now on."""
    file = settings.folder / "session.json"
    file.write_text(json.dumps(asdict(person)))
    return file


@asynccontextmanager
async def stub(service: str, person: Person | None = None, *, at: str | None = None) -> AsyncIterator[Any]:
    """A stub of a service, on which `person` (else who logged in) calls; `at`: whose api serves it, if not its own."""
    settings = StackSettings()
    actor = person or logged_in(settings)
    if not (settings.identity / "jwks.json").exists():
        raise click.ClickException(
            f"no stack has been started under {settings.home}: start one with `hotline stack up`"
        )
    token = identity.issue(settings.identity, actor.subject, actor.roles)
    async with client.connect(settings.address(at or service), lambda: token) as channel:
        yield _STUBS[service](channel)


async def staff_names() -> dict[str, str]:
    """The names of the staff by id, for tables; empty for those who may not read them."""
    async with stub("casework") as casework_stub:
        try:
            answer = await casework_stub.ListStaff(casework_pb.ListStaffRequest(), timeout=TIMEOUT)
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.PERMISSION_DENIED:
                raise
            return {}
    return {person.staff_id: person.name for person in answer.staff}


def new_key() -> str:
    """A new idempotency key: a call repeated under it has one effect."""
    return str(uuid_utils.uuid7())


def asynchronous(command: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """Run a command's coroutine, and turn a service's refusal into one clear line and exit code 2."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        return asyncio.run(_explained(command(*args, **kwargs)))

    return run


async def _explained(call: Awaitable[T]) -> T:
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        raise Refused(error) from error


class Refused(click.ClickException):
    """A call that a service refused, as one line: status, reason, message, and the fields that are wrong."""

    exit_code = 2

    def __init__(self, error: grpc.aio.AioRpcError) -> None:
        refusal = client.refusal_of(error)
        fields = "".join(f"\n  {path}: {problem}" for path, problem in refusal.fields.items())
        hint = "\n  is the stack up? `hotline stack status`" if refusal.code == "UNAVAILABLE" else ""
        super().__init__(f"{refusal.code} {refusal.reason}: {refusal.message}{fields}{hint}")
