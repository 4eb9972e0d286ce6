"""From facts to workflows: each fact of a promise or investigation starts its workflow or wakes it. No state here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from temporalio.client import Client
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from chassis import outages
from chassis.consumer import StatelessSubscriptions
from chassis.contract import instant
from chassis.envelope import Envelope
from hotline.casework.v1 import casework_events_pb2 as facts
from workflows import TASK_QUEUE
from workflows.activities import clock_of
from workflows.investigation import InvestigationWorkflow
from workflows.messages import Alarm, Assignment, Progress, PromiseClock, Story
from workflows.promise import NEXT_INSTANT, PromiseWorkflow

PROMISES = "hotline.casework.promise.v1"
INVESTIGATIONS = "hotline.casework.investigation.v1"
_OUT_OF_REACH = (
    RPCStatusCode.UNAVAILABLE,
    RPCStatusCode.DEADLINE_EXCEEDED,
    RPCStatusCode.RESOURCE_EXHAUSTED,
    RPCStatusCode.CANCELLED,
    RPCStatusCode.ABORTED,
    RPCStatusCode.INTERNAL,
    RPCStatusCode.UNKNOWN,
)
# What an alarm brings about by asking the ledger, it knows from the answer. An empty rung that a person's step came
# upon is passed in the same commit, and the fact of that step makes the alarm ask.
_KNOWN_FROM_ITS_ANSWER = frozenset({"CLIMBED", "OVERDUE"})
# Below the consumer's own limit for a fact, so that Temporal's absence is waited out and not counted as a failure.
_DEADLINE = timedelta(seconds=5)


class Bridge:
    """What each fact does to its workflow. Facts may come again or out of order: the workflows put up with both."""

    def __init__(self, client: Client, *, patience: float) -> None:
        self._client = client
        self._patience = patience

    def subscriptions(self) -> StatelessSubscriptions:
        """What becomes of each fact the bridge reads."""
        return {
            PROMISES: {
                facts.PromiseMade.DESCRIPTOR.full_name: self._promise_made,
                facts.PromiseMoved.DESCRIPTOR.full_name: self._promise_moved,
                facts.PromiseClosed.DESCRIPTOR.full_name: self._promise_news,
            },
            INVESTIGATIONS: {
                facts.InvestigationOpened.DESCRIPTOR.full_name: self._investigation_opened,
                facts.WorkerAssigned.DESCRIPTOR.full_name: self._worker_assigned,
                facts.ContactRecorded.DESCRIPTOR.full_name: self._contact_recorded,
                facts.InvestigationReopened.DESCRIPTOR.full_name: self._open_again,
                facts.FindingRefused.DESCRIPTOR.full_name: self._open_again,
                facts.FindingRecorded.DESCRIPTOR.full_name: self._closed,
                facts.InvestigationClosed.DESCRIPTOR.full_name: self._closed,
            },
        }

    async def _promise_made(self, fact: facts.PromiseMade, _envelope: Envelope) -> None:
        clock = clock_of(fact.clock)
        alarm = Alarm(clock, self._patience, just_made=True)
        armed = TypedSearchAttributes([SearchAttributePair(NEXT_INSTANT, instant(fact.clock.next_instant))])
        await self._start(PromiseWorkflow.run, alarm, f"promise/{clock.promise_id}", search_attributes=armed)

    async def _promise_moved(self, fact: facts.PromiseMoved, envelope: Envelope) -> None:
        if fact.event not in _KNOWN_FROM_ITS_ANSWER:
            await self._promise_news(fact, envelope)

    async def _promise_news(self, fact: Any, _envelope: Envelope) -> None:
        clock = clock_of(fact.clock)
        alarm = Alarm(PromiseClock(clock.promise_id), self._patience)
        await self._wake(PromiseWorkflow.run, alarm, f"promise/{clock.promise_id}", PromiseWorkflow.clock, clock)

    async def _investigation_opened(self, fact: facts.InvestigationOpened, _envelope: Envelope) -> None:
        await self._tell(fact.investigation_id, InvestigationWorkflow.progressed, Progress())

    async def _open_again(self, fact: Any, _envelope: Envelope) -> None:
        # A new story of the same investigation: one that still runs has not heard that its time is over. A fact that
        # comes again starts it again, which is harmless: it begins where the investigation is.
        await self._client.start_workflow(
            InvestigationWorkflow.run,
            Story(fact.investigation_id),
            id=f"investigation/{fact.investigation_id}",
            task_queue=TASK_QUEUE,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.TERMINATE_EXISTING,
            rpc_timeout=_DEADLINE,
        )

    async def _worker_assigned(self, fact: facts.WorkerAssigned, envelope: Envelope) -> None:
        assignment = Assignment(envelope.sequence, fact.worker_id, instant(fact.assigned_at))
        await self._tell(fact.investigation_id, InvestigationWorkflow.assigned, assignment)

    async def _contact_recorded(self, fact: facts.ContactRecorded, _envelope: Envelope) -> None:
        progress = Progress(every_child_seen=fact.first_contact_complete)
        await self._tell(fact.investigation_id, InvestigationWorkflow.progressed, progress)

    async def _closed(self, fact: Any, _envelope: Envelope) -> None:
        await self._tell(fact.investigation_id, InvestigationWorkflow.progressed, Progress(closed=True))

    async def _tell(self, investigation_id: str, signal: Callable[..., Any], argument: Any) -> None:
        story = Story(investigation_id)
        await self._wake(InvestigationWorkflow.run, story, f"investigation/{investigation_id}", signal, argument)

    async def _wake(
        self,
        run: Callable[..., Awaitable[None]],
        start: Any,
        workflow_id: str,
        signal: Callable[..., Any],
        argument: Any,
    ) -> None:
        await self._start(run, start, workflow_id, start_signal=signal.__name__, start_signal_args=[argument])

    async def _start(self, run: Callable[..., Awaitable[None]], start: Any, workflow_id: str, **how: Any) -> None:
        # One that has ended well has nothing more to hear: what it stood for is closed, and stays so. One that failed,
        # or was ended by a person, starts again and begins where the record stands.
        with suppress(WorkflowAlreadyStartedError):
            await self._client.start_workflow(
                run,
                start,
                id=workflow_id,
                task_queue=TASK_QUEUE,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                rpc_timeout=_DEADLINE,
                **how,
            )


def is_outage(problem: BaseException) -> bool:
    """Whether to wait it out: Temporal out of reach, or what the chassis knows as an outage."""
    return (isinstance(problem, RPCError) and problem.status in _OUT_OF_REACH) or outages.is_outage(problem)
