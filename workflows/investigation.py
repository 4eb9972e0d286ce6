"""The story of one investigation: somebody has it, every child is seen, a finding is made. It owns no deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from workflows.activities import Activities
    from workflows.messages import Assignment, Dispatch, Progress, Story, WorkerWanted

from workflows.lifetime import begin_anew_if_due

# Tried without end: whatever is wrong will be mended, and the investigation's promises tell people in the meantime.
_RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30))
_ONE_TRY = timedelta(seconds=10)
# Nobody could take it: asked again after one minute, two, four, and then every eight.
_FIRST_PAUSE = timedelta(minutes=1)
_DOUBLINGS = 3


@workflow.defn
class InvestigationWorkflow:
    """`investigation/<id>`: from its opening until it is closed."""

    @workflow.init
    def __init__(self, story: Story) -> None:
        self._story = story
        self._dispatching: asyncio.Task[None] | None = None
        self._dispatching_sequence = story.dispatched
        self._woken = False

    @workflow.run
    async def run(self, story: Story) -> None:
        """Somebody has it; every child is seen; a finding closes it. Each worker who gets it is dispatched."""
        await self._read_how_it_stands()
        await self._give_it_to_somebody()
        await self._until(self._every_child_is_seen)
        await self._until(self._is_closed)

    @workflow.signal
    def assigned(self, assignment: Assignment) -> None:
        """A worker was given the investigation. The highest sequence wins, whatever comes when and how often."""
        known = self._story.assignment
        if known is None or assignment.sequence > known.sequence:
            self._story.assignment, self._story.has_worker = assignment, True

    @workflow.signal
    def progressed(self, progress: Progress) -> None:
        """What a fact says about how far it has come; what has happened stays so."""
        self._story.every_child_seen |= progress.every_child_seen
        self._story.closed |= progress.closed

    @workflow.signal
    def wake(self) -> None:
        """Look whether newer code has become current, and go over to it; else read anew how it stands."""
        self._woken = True

    @workflow.query
    def known(self) -> Story:
        """What this story goes by."""
        return self._story

    def _has_worker(self) -> bool:
        return self._story.has_worker or self._story.closed

    def _every_child_is_seen(self) -> bool:
        return self._story.every_child_seen or self._story.closed

    def _is_closed(self) -> bool:
        return self._story.closed

    async def _read_how_it_stands(self) -> None:
        """So that a story told late, or again, begins where the investigation is."""
        standing = await self._act(Activities.read_investigation, self._story.investigation_id)
        self._story.has_worker |= standing.has_worker
        if standing.assignment:
            self.assigned(standing.assignment)
        self.progressed(Progress(standing.every_child_seen, standing.closed))

    async def _give_it_to_somebody(self) -> None:
        while not self._has_worker():
            self._story.asked += 1
            wanted = WorkerWanted(self._story.investigation_id, self._story.asked)
            self._story.has_worker |= await self._act(Activities.assign_worker, wanted)
            pause = _FIRST_PAUSE * 2 ** min(self._story.asked - 1, _DOUBLINGS)
            with suppress(asyncio.TimeoutError):
                await workflow.wait_condition(
                    lambda: self._woken or self._has_worker(), timeout=pause, timeout_summary="nobody could take it"
                )
            await self._begin_anew_if_due()

    async def _until(self, happened: Callable[[], bool]) -> None:
        """Wait until it has happened, dispatching whoever is given the investigation in the meantime."""
        while not happened():
            await workflow.wait_condition(lambda: happened() or self._woken or self._is_undispatched())
            self._dispatch_anew()
            await self._begin_anew_if_due()

    def _is_undispatched(self) -> bool:
        assignment = self._story.assignment
        return assignment is not None and assignment.sequence > self._dispatching_sequence

    def _dispatch_anew(self) -> None:
        assignment = self._story.assignment
        if assignment is None or not self._is_undispatched():
            return
        # A dispatch of the worker before, still under way, has become moot.
        if self._dispatching is not None:
            self._dispatching.cancel()
        self._dispatching_sequence = assignment.sequence
        self._dispatching = asyncio.create_task(self._dispatch(assignment))

    async def _dispatch(self, assignment: Assignment) -> None:
        """The worker owes that they accept it, and hears of it by the first rung of that promise."""
        await self._act(Activities.promise_acceptance, Dispatch(self._story.investigation_id, assignment))
        self._story.dispatched = assignment.sequence

    async def _act(self, activity: Any, argument: Any) -> Any:
        return await workflow.execute_activity_method(
            activity, argument, start_to_close_timeout=_ONE_TRY, retry_policy=_RETRY
        )

    async def _begin_anew_if_due(self) -> None:
        await begin_anew_if_due(self._story)
        if self._woken:
            self._woken = False
            # Runs of a former release were woken for newer code alone.
            if workflow.patched("a-wake-reads-how-it-stands"):
                await self._read_how_it_stands()
