"""Who calls, and where the services are: those of an installation with its token, else those of the local stack."""

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
from chassis.settings import MissingSetting, Settings
from chassis.tls import TlsFilesUnusable
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
    """A stub of a service; `at`: whose api serves it, if not its own.

    On the local stack `person` (else who logged in) calls, elsewhere whoever the token in HOTLINE_TOKEN_FILE names.
    """
    try:
        settings = Settings()
        async with client.connect(_address(settings, at or service), _token(settings, person)) as channel:
            yield _STUBS[service](channel)
    except (MissingSetting, TlsFilesUnusable) as problem:
        raise click.ClickException(str(problem)) from problem


def elsewhere() -> bool:
    """Whether commands are for an installation and not for the local stack: a token's file is given."""
    return Settings().token_file is not None


def only_here() -> None:
    """Refuse a command that acts on the local stack, where an installation is meant: it would hit another platform."""
    if elsewhere():
        raise click.ClickException("this command is for the local stack, and HOTLINE_TOKEN_FILE is set: unset it")


def _address(settings: Settings, service: str) -> str:
    # A token of an installation never goes to a port of this machine just because no address was given.
    if elsewhere():
        return settings.need(f"{service}_address")
    given: str | None = getattr(settings, f"{service}_address")
    return given or StackSettings().address(service)


def _token(settings: Settings, person: Person | None) -> client.Token:
    if settings.token_file:
        if not settings.token_file.is_file():
            raise click.ClickException(f"there is no file {settings.token_file}, and HOTLINE_TOKEN_FILE names it")
        return identity.token_from_file(settings.token_file)
    stack = StackSettings()
    if not (stack.identity / "jwks.json").exists():
        raise click.ClickException(
            f"no stack has been started under {stack.home}: start one with `hotline stack up`, "
            "or set HOTLINE_TOKEN_FILE and HOTLINE_<SERVICE>_ADDRESS for an installation that runs elsewhere"
        )
    actor = person or logged_in(stack)
    token = identity.issue(stack.identity, actor.subject, actor.roles)
    return lambda: token


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
        away = refusal.code == "UNAVAILABLE" and not elsewhere()
        hint = "\n  is the stack up? `hotline stack status`" if away else ""
        super().__init__(f"{refusal.code} {refusal.reason}: {refusal.message}{fields}{hint}")
