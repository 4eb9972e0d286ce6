"""Looks ahead and around, each as of its own instant: a Schedule only starts a sweep, casework finds whom to tell."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from temporalio import workflow
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.common import RetryPolicy, SearchAttributeKey
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from workflows import TASK_QUEUE
    from workflows.activities import Activities
    from workflows.messages import Sweep, SweepNotice

SCHEDULED_AT = SearchAttributeKey.for_datetime("TemporalScheduledStartTime")
"""The instant a Schedule started a workflow for; set by Temporal."""

_RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30))
_ONE_TRY = timedelta(seconds=10)
# A sweep that was missed is made up for with its own instant; after a day, the sweeps since have seen the same.
_MADE_UP_FOR = timedelta(days=1)


@workflow.defn
class SweepWorkflow:
    """`sweep/<kind>`: one look, and everybody told whom it names."""

    @workflow.run
    async def run(self, sweep: Sweep) -> int:
        """How much was found, as of the instant this sweep is for."""
        asked = Sweep(sweep.kind, sweep.every_minutes, sweep.as_of or _scheduled_at())
        swept = await workflow.execute_activity_method(
            Activities.run_sweep, asked, start_to_close_timeout=_ONE_TRY, retry_policy=_RETRY
        )
        await asyncio.gather(*(self._tell(notice) for notice in swept.notices))
        return swept.findings

    async def _tell(self, notice: SweepNotice) -> None:
        """Told independently: whoever cannot be told keeps nobody else from it."""
        try:
            await workflow.execute_activity_method(
                Activities.tell_of_sweep,
                notice,
                start_to_close_timeout=_ONE_TRY,
                schedule_to_close_timeout=_MADE_UP_FOR,
                retry_policy=_RETRY,
            )
        except ActivityError:
            workflow.logger.error("a notice of a sweep could not be given: %s", notice.key)


@dataclass(frozen=True)
class Cadence:
    """How often a kind of sweep runs, in minutes."""

    kind: str
    every_minutes: int


CADENCES = (
    Cadence("TAKE_OVER", 60),
    Cadence("DRILL", 60),
    Cadence("COVERAGE", 24 * 60),
    Cadence("HAND_OVER", 15),
    Cadence("ANSWERING", 60),
)
"""Every sweep there is."""


async def ensure_schedules(client: Client) -> None:
    """Have Temporal start every sweep at its times; schedules of an earlier release become those of this one."""
    for cadence in CADENCES:
        schedule, name = _schedule(cadence), f"sweep/{cadence.kind.lower()}"
        try:
            await client.create_schedule(name, schedule)
        except ScheduleAlreadyRunningError:
            await client.get_schedule_handle(name).update(partial(_becomes, schedule))


def _becomes(schedule: Schedule, _was: ScheduleUpdateInput) -> ScheduleUpdate:
    return ScheduleUpdate(schedule)


def _schedule(cadence: Cadence) -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(
            SweepWorkflow.run,
            Sweep(cadence.kind, cadence.every_minutes),
            id=f"sweep/{cadence.kind.lower()}",
            task_queue=TASK_QUEUE,
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(minutes=cadence.every_minutes))]),
        # Each has an instant of its own: one that takes long keeps no other from being made.
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.ALLOW_ALL, catchup_window=_MADE_UP_FOR),
    )


def _scheduled_at() -> datetime:
    return workflow.info().typed_search_attributes.get(SCHEDULED_AT) or workflow.now()
