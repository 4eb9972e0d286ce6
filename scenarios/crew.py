"""The people of a shift at their desks: each calls with a token of their own, and again while a service is away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar, cast

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from chassis import client, identity
from hotline.casework.v1.casework_service_pb2_grpc import CaseworkServiceStub
from hotline.intake.v1.intake_service_pb2_grpc import IntakeServiceStub
from hotline.notifications.v1.notifications_service_pb2_grpc import NotificationsServiceStub
from hotline.triage.v1.triage_service_pb2_grpc import TriageServiceStub

if TYPE_CHECKING:  # the asynchronous face of a stub exists for the type checker alone
    from hotline.casework.v1.casework_service_pb2_grpc import CaseworkServiceAsyncStub
    from hotline.intake.v1.intake_service_pb2_grpc import IntakeServiceAsyncStub
    from hotline.notifications.v1.notifications_service_pb2_grpc import NotificationsServiceAsyncStub
    from hotline.triage.v1.triage_service_pb2_grpc import TriageServiceAsyncStub

# Seconds a person waits for an answer, and then before they try again.
PATIENCE = 5.0
AGAIN = 0.5

_Answer = TypeVar("_Answer", covariant=True)


class Method(Protocol[_Answer]):
    """A call of a stub."""

    def __call__(self, request: Any, *, timeout: float) -> Awaitable[_Answer]: ...


@dataclass(frozen=True)
class Hotline:
    """A running hotline: the services' addresses by name, the development issuer's folder, and where its mails lie."""

    addresses: Mapping[str, str]
    identity: Path
    mail: Path | None = None


@dataclass(frozen=True)
class Desk:
    """One person's lines to the four services."""

    subject: str
    intake: IntakeServiceAsyncStub
    triage: TriageServiceAsyncStub
    casework: CaseworkServiceAsyncStub
    notifications: NotificationsServiceAsyncStub


class Crew:
    """Opens a desk for each person at need, and closes all of them at the end."""

    def __init__(self, hotline: Hotline) -> None:
        self._hotline = hotline
        self._desks: dict[str, Desk] = {}
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    async def desk(self, subject: str, roles: Iterable[str]) -> Desk:
        """The desk of the person with this staff id."""
        if subject not in self._desks:
            token = identity.issue(self._hotline.identity, subject, roles)
            self._desks[subject] = Desk(
                subject,
                IntakeServiceStub(await self._line("intake", token)),
                TriageServiceStub(await self._line("triage", token)),
                CaseworkServiceStub(await self._line("casework", token)),
                NotificationsServiceStub(await self._line("notifications", token)),
            )
        return self._desks[subject]

    async def _line(self, service: str, token: str) -> grpc.aio.Channel:
        channel = client.connect(self._hotline.addresses[service], lambda: token)
        return await self._open.enter_async_context(channel)


async def persist(call: Method[_Answer], request: Any, *, away: Callable[[], None] = lambda: None) -> _Answer:
    """The answer to a call, however long the service is away; the caller bounds it by cancelling.

    The request carries its idempotency key, so trying again has no second effect. A refusal is raised at once.
    """
    while True:
        try:
            return await call(request, timeout=PATIENCE)
        except grpc.aio.AioRpcError as error:
            if not is_away(error):
                raise
            away()
            await asyncio.sleep(AGAIN)


def is_away(error: grpc.aio.AioRpcError) -> bool:
    """Whether nobody answered, so that trying again is right; otherwise the service has answered, and said no."""
    if error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
        return True
    # A process killed in the middle of an answer can look like an error of the protocol: then nobody gave a reason.
    cut_off = error.code() in (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.CANCELLED)
    return cut_off and reason_of(error) == ""


def reason_of(error: grpc.aio.AioRpcError) -> str:
    """The reason with which a service refused, or "" if no service of ours has spoken."""
    status = rpc_status.from_call(cast(Any, error))
    for detail in status.details if status else ():
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            return str(info.reason)
    return ""
