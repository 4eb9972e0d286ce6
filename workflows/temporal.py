"""How this platform talks to Temporal: in one trace with whoever calls, and waiting while it is away."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import timedelta
from typing import NoReturn

from temporalio.client import Client
from temporalio.contrib.opentelemetry import TracingInterceptor
from temporalio.runtime import OpenTelemetryConfig, Runtime, TelemetryConfig
from temporalio.service import RPCError, TLSConfig

from chassis import logs, tls
from chassis.telemetry import INSTANCE
from chassis.waiting import wait
from workflows.codec import Keyring, converter
from workflows.settings import WorkflowSettings

_PAUSE = 1.0
_log = logs.logger("workflows")


def tell_figures(service_name: str, part: str, settings: WorkflowSettings) -> None:
    """Have Temporal's SDK send what it counts (`temporal_...`) to where this process sends its own metrics, if it does.

    Under this process's own name: the figures of several copies would otherwise be taken for those of one. To be called
    before the first client is made.
    """
    if settings.otlp_endpoint is not None:
        sent = OpenTelemetryConfig(
            f"{settings.otlp_endpoint.rstrip('/')}/v1/metrics",
            http=True,
            metric_periodicity=timedelta(seconds=settings.metrics_every),
            durations_as_seconds=True,
        )
        about = {"service.name": service_name, "service.instance.id": INSTANCE, "hotline.part": part}
        told = TelemetryConfig(metrics=sent, attach_service_name=False, global_tags=about)
        Runtime.set_default(Runtime(telemetry=told))


async def connect(address: str, namespace: str, stop: asyncio.Event, keyring: Keyring | None = None) -> Client | None:
    """A client of Temporal at `host:port[?tls=FOLDER]`, as soon as it answers; None if `stop` is set before it does."""
    while not stop.is_set():
        try:
            return await _client(address, namespace, keyring, lazy=False)
        except (RuntimeError, RPCError):
            _log.warning("Temporal does not answer, and is tried again", address=address, retry_in_s=_PAUSE)
            await wait(stop, _PAUSE)
    return None


def is_away(problem: BaseException) -> bool:
    """Whether this says that Temporal did not answer; a first connection says it by a plain RuntimeError."""
    return isinstance(problem, RPCError) or (isinstance(problem, RuntimeError) and "client connect" in str(problem))


async def reaching_for(address: str, namespace: str, keyring: Keyring | None) -> Client:
    """A client of Temporal that connects when it is first used, for whoever has work to do without it."""
    return await _client(address, namespace, keyring, lazy=True)


async def _client(address: str, namespace: str, keyring: Keyring | None, *, lazy: bool) -> Client:
    target, folder = tls.parted(address)
    return await Client.connect(
        target,
        tls=_tls(tls.read(folder)) if folder else False,
        namespace=namespace,
        interceptors=[TracingInterceptor()],
        data_converter=converter(keyring),
        lazy=lazy,
    )


def _tls(files: tls.Files) -> TLSConfig:
    return TLSConfig(server_root_ca_cert=files.authority, client_cert=files.certificate, client_private_key=files.key)


def leave(code: int) -> NoReturn:
    """End a process that has had a client, and in which everything else has ended in order.

    Threads of Temporal's core outlive it, and one that reaches for the interpreter while that is being taken down
    aborts the process (PyGILState_Release, exit code 134).
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
