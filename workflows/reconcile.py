"""The reconciler: every ten seconds it compares the views of what is owed, and mends what got lost between them.

A process of its own, which needs no worker: what it watches may be what is down. Each comparison stands alone, so that
with Temporal away directors are still told, and with a service away alarms are still set.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import grpc
from temporalio.client import Client

from chassis import logs
from chassis.client import connect
from chassis.clock import Clock, system_clock
from chassis.identity import token_from_file
from chassis.metrics import Counter, Gauge
from chassis.waiting import wait
from hotline.casework.v1.casework_service_pb2_grpc import CaseworkServiceStub
from hotline.casework.v1.reconciliation_service_pb2_grpc import ReconciliationServiceStub
from hotline.notifications.v1.notifications_service_pb2_grpc import NotificationsServiceStub
from hotline.operations.v1.operations_service_pb2_grpc import OperationsServiceStub
from workflows.alarms import Alarms
from workflows.expectations import Expectations
from workflows.settings import WorkflowSettings
from workflows.stalled import Stalled
from workflows.stories import Stories
from workflows.temporal import is_away
from workflows.unheard import Unheard

_log = logs.logger("reconciler")
_last_round = Gauge("hotline.reconciler.last_round")
_repairs = Counter("hotline.reconciler.repairs")

OWED_BY = ("intake", "triage", "casework")
"""The services whose facts make casework owe something."""

Comparison = Callable[[datetime], Awaitable[Mapping[str, int]]]
"""One look at two views at an instant: how many repairs it made, by their names."""


@dataclass(frozen=True)
class Heartbeat:
    """Says when the last round was completed: a gauge, and a file for whoever watches this process from outside."""

    file: Path | None

    def beat(self, at: datetime, repairs: Mapping[str, int]) -> None:
        """A round was completed at `at`, with these repairs."""
        _last_round.show({(): at.timestamp()})
        if self.file:
            draft = self.file.with_name(f".{self.file.name}.new")
            draft.write_text(json.dumps({"completed_at": at.isoformat(), "repairs": dict(repairs)}))
            os.replace(draft, self.file)


class Reconciler:
    """Runs its comparisons by name, round by round; `every` is the time between two rounds."""

    def __init__(
        self, comparisons: Mapping[str, Comparison], heartbeat: Heartbeat, *, clock: Clock, every: timedelta
    ) -> None:
        self._comparisons = comparisons
        self._heartbeat = heartbeat
        self._clock = clock
        self._every = every

    async def run(self, stop: asyncio.Event) -> None:
        """Round by round until `stop` is set."""
        while not stop.is_set():
            await self.round()
            await wait(stop, self._every.total_seconds())

    async def round(self) -> bool:
        """Every comparison once; whether all could be made. Only then is it a heartbeat."""
        now = self._clock()
        made = await asyncio.gather(*(self._compare(name, now) for name in self._comparisons))
        if not all(repairs is not None for repairs in made):
            return False
        self._heartbeat.beat(self._clock(), {name: n for repairs in made if repairs for name, n in repairs.items()})
        return True

    async def _compare(self, name: str, now: datetime) -> Mapping[str, int] | None:
        """What one comparison repaired; None if one of its sides does not answer, which the next round finds again."""
        try:
            repairs = await self._comparisons[name](now)
        except Exception as problem:
            if not isinstance(problem, grpc.aio.AioRpcError) and not is_away(problem):
                raise
            _log.warning("a comparison could not be made", method=name, reason=type(problem).__name__)
            return None
        for kind, number in repairs.items():
            if number:
                _repairs.add(number, kind)
                _log.warning("repaired", method=name, kind=kind, count=number)
        return repairs


@asynccontextmanager
async def reconciler(
    client: Client, settings: WorkflowSettings, clock: Clock = system_clock
) -> AsyncIterator[Reconciler]:
    """The reconciler of the services that the settings name, with its channels."""
    token, grace = token_from_file(Path(settings.need("token_file"))), settings.reconcile_grace
    async with AsyncExitStack() as channels:

        async def channel(service: str) -> grpc.aio.Channel:
            return await channels.enter_async_context(connect(settings.need(f"{service}_address"), token))

        casework, notifications = await channel("casework"), await channel("notifications")
        ledger, notify = ReconciliationServiceStub(casework), NotificationsServiceStub(notifications)
        comparisons: dict[str, Comparison] = {
            "alarms": Alarms(client, ledger, grace=grace, patience=settings.ledger_patience).reconcile,
            "stories": Stories(client, ledger, grace=grace).reconcile,
            "stalled": Stalled(ledger, notify, after=settings.stalled_after).reconcile,
            "unheard": Unheard(
                ledger, CaseworkServiceStub(casework), notify, OperationsServiceStub(notifications), grace=grace
            ).reconcile,
        }
        for service in OWED_BY:
            told = OperationsServiceStub(await channel(service))
            comparisons[f"owed by {service}"] = Expectations(service, told, ledger, grace=grace).reconcile
        yield Reconciler(comparisons, Heartbeat(settings.heartbeat_file), clock=clock, every=settings.reconcile_every)
