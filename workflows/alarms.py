"""The ledger against the open workflows: every open promise has exactly one, armed for its next instant."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from temporalio.api.enums.v1 import PendingActivityState
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError, RPCStatusCode

from chassis.contract import instant
from hotline.casework.v1 import reconciliation_service_pb2 as casework
from workflows import TASK_QUEUE
from workflows.messages import Alarm, PromiseClock
from workflows.promise import NEXT_INSTANT, PromiseWorkflow
from workflows.suspicion import Suspicion

if TYPE_CHECKING:
    from hotline.casework.v1.reconciliation_service_pb2_grpc import ReconciliationServiceAsyncStub

Item = TypeVar("Item")
Result = TypeVar("Result")

OPEN_ALARMS = "WorkflowType = 'PromiseWorkflow' AND ExecutionStatus = 'Running'"
_PAGE = 2000
_AT_ONCE = 20
_DEADLINE = 10.0
# Temporal keeps search attributes to the nanosecond, some of its stores to the millisecond.
_EQUAL = timedelta(milliseconds=1)


class Repair(StrEnum):
    """What a promise's alarm needs."""

    START = "START"
    WAKE = "WAKE"


@dataclass(frozen=True, slots=True)
class Open:
    """An open promise in the ledger: when its alarm must ring next, and since when somebody waits to be told."""

    next_instant: datetime
    untold_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """An alarm that is not as the ledger says; `since` tells one instant's difference from the next's."""

    repair: Repair
    promise_id: str
    since: datetime | None = None


def differences(ledger: Mapping[str, Open], armed: Mapping[str, datetime | None]) -> Iterable[Difference]:
    """Open promises of the ledger, against open alarms by the instant they are armed for (None: for none)."""
    for promise_id, promise in ledger.items():
        if promise_id not in armed:
            yield Difference(Repair.START, promise_id)
        elif (at := armed[promise_id]) is None or abs(at - promise.next_instant) > _EQUAL:
            yield Difference(Repair.WAKE, promise_id, promise.next_instant)
        elif promise.untold_since:
            yield Difference(Repair.WAKE, promise_id, promise.untold_since)
    for promise_id in armed.keys() - ledger.keys():
        yield Difference(Repair.WAKE, promise_id)


class Alarms:
    """Compares and repairs: starts what is missing, wakes what differs. It needs no worker."""

    def __init__(
        self, client: Client, ledger: ReconciliationServiceAsyncStub, *, grace: timedelta, patience: float
    ) -> None:
        self._client = client
        self._ledger = ledger
        self._patience = patience
        self._suspicion = Suspicion[Difference](grace)

    async def reconcile(self, now: datetime) -> Mapping[str, int]:
        """One look at both; how many alarms were started and woken."""
        armed = await self._armed()
        found = differences(await open_promises(self._ledger), armed)
        repaired = await side_by_side(self._repair, self._suspicion.ripe(found, now))
        return {done.value: repaired.count(done) for done in Repair}

    async def _armed(self) -> Mapping[str, datetime | None]:
        listed = self._client.list_workflows(OPEN_ALARMS, page_size=1000)
        return {
            execution.id.removeprefix("promise/"): execution.typed_search_attributes.get(NEXT_INSTANT)
            async for execution in listed
        }

    async def _repair(self, difference: Difference) -> Repair | None:
        # Even one that has ended well is started: the ledger says that the promise is open, and the ledger decides.
        alarm = Alarm(PromiseClock(difference.promise_id), self._patience)
        return await repair(
            self._client, difference.repair, f"promise/{difference.promise_id}", PromiseWorkflow.run, alarm
        )


async def repair(client: Client, how: Repair, workflow_id: str, run: Callable[..., Any], state: Any) -> Repair | None:
    """What was done; nothing about a workflow that is about to act, once a worker has time for it.

    `run` with `state` is what is started where there is none, whether or not one has ended before.
    """
    if how is Repair.START:
        await client.start_workflow(
            run,
            state,
            id=workflow_id,
            task_queue=TASK_QUEUE,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            rpc_timeout=timedelta(seconds=_DEADLINE),
        )
    elif await waits_for_a_worker(client, workflow_id):
        # It would stand in the same queue, behind what is there: work on top of too much work.
        return None
    else:
        await wake(client, workflow_id)
    return how


async def open_promises(ledger: ReconciliationServiceAsyncStub, *, untold_only: bool = False) -> Mapping[str, Open]:
    """Every open promise of the ledger by its id; `untold_only`: of which somebody waits to be told."""
    found: dict[str, Open] = {}
    after = ""
    while True:
        request = casework.ListClocksRequest(after=after, limit=_PAGE, untold_only=untold_only)
        promises = (await ledger.ListClocks(request, timeout=_DEADLINE)).promises
        found |= {promise.clock.promise_id: _standing(promise) for promise in promises}
        if len(promises) < _PAGE:
            return found
        after = promises[-1].clock.promise_id


def _standing(promise: casework.OpenPromise) -> Open:
    untold = instant(promise.untold_since) if promise.HasField("untold_since") else None
    return Open(instant(promise.clock.next_instant), untold)


async def waits_for_a_worker(client: Client, workflow_id: str) -> bool:
    """Whether an alarm has a task that no worker has taken yet."""
    handle = client.get_workflow_handle_for(PromiseWorkflow.run, workflow_id)
    try:
        described = (await handle.describe(rpc_timeout=timedelta(seconds=_DEADLINE))).raw_description
    except RPCError as problem:
        if problem.status is not RPCStatusCode.NOT_FOUND:
            raise
        return False
    return described.HasField("pending_workflow_task") or any(
        activity.state == PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED and activity.attempt == 1
        for activity in described.pending_activities
    )


async def wake(client: Client, workflow_id: str) -> None:
    """Have an alarm ask the ledger anew; one that has ended meanwhile needs nothing."""
    handle = client.get_workflow_handle_for(PromiseWorkflow.run, workflow_id)
    try:
        await handle.signal(PromiseWorkflow.wake, rpc_timeout=timedelta(seconds=_DEADLINE))
    except RPCError as problem:
        if problem.status is not RPCStatusCode.NOT_FOUND:
            raise


async def side_by_side(act: Callable[[Item], Awaitable[Result]], items: Sequence[Item]) -> list[Result]:
    """Act on all items, a few at a time, so that whoever is asked is left room for the alarms themselves."""
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(item: Item) -> Result:
        async with room:
            return await act(item)

    return await asyncio.gather(*map(one, items))
