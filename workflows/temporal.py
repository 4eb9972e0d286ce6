"""How this platform talks to Temporal: in one trace with whoever calls, and waiting while it is away."""

from __future__ import annotations

import asyncio

from temporalio.client import Client
from temporalio.contrib.opentelemetry import TracingInterceptor
from temporalio.service import RPCError

from chassis import logs
from chassis.waiting import wait

_PAUSE = 1.0
_log = logs.logger("workflows")


async def connect(address: str, namespace: str, stop: asyncio.Event) -> Client | None:
    """A client of Temporal at `host:port`, as soon as it answers; None if `stop` is set before it does."""
    while not stop.is_set():
        try:
            return await Client.connect(address, namespace=namespace, interceptors=[TracingInterceptor()])
        except (RuntimeError, RPCError):
            _log.warning("Temporal does not answer, and is tried again", address=address, retry_in_s=_PAUSE)
            await wait(stop, _PAUSE)
    return None
