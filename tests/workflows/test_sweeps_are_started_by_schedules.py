"""A Schedule only starts a sweep with its instant; casework finds, and whoever it names is told once."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from temporalio.client import WorkflowExecutionStatus, WorkflowHandle

from hotline.casework.v1.casework_service_pb2 import CONTACT_CHANNEL_VOICE
from tests.waiting import eventually
from tests.workflows.conftest import Office, keep_history
from workflows import TASK_QUEUE
from workflows.messages import Sweep
from workflows.sweeps import CADENCES, SCHEDULED_AT, SweepWorkflow, ensure_schedules

# The drill of the opening on Tuesday the 24th, at eight in the office's zone.
DRILL = Sweep("DRILL", 60, datetime(2026, 11, 24, 10, 0, tzinfo=UTC))


async def started(office: Office, sweep: Sweep) -> WorkflowHandle[SweepWorkflow, int]:
    return await office.client.start_workflow(
        SweepWorkflow.run, sweep, id=f"sweep/{uuid4()}", task_queue=TASK_QUEUE, execution_timeout=timedelta(minutes=2)
    )


async def swept(office: Office, sweep: Sweep) -> int:
    return await (await started(office, sweep)).result()


async def test_whoever_leads_is_told_once_of_what_a_drill_finds_however_often_it_is_run(office: Office) -> None:
    async with office.working():
        first = await started(office, DRILL)
        found = [await first.result(), await swept(office, DRILL)]

    assert found[0] == found[1] > 0
    # Nobody here has proven an address: whoever leads may hear of it, and the last resort must.
    leaders, told = (
        (office.people.supervisor, office.people.manager, office.people.director, ""),
        await office.deliveries(),
    )
    assert Counter((sent.template, sent.staff_id) for sent in told) == {("DRILL", leader): 1 for leader in leaders}
    assert {sent.channel for sent in told} == {CONTACT_CHANNEL_VOICE}
    await keep_history(office, first, "sweep-drill")


async def test_the_sweeps_of_a_week_are_run_by_their_instants(office: Office) -> None:
    async with office.working():
        week = [await swept(office, Sweep("DRILL", 60, DRILL.as_of + timedelta(days=day))) for day in range(7)]

    # Thursday is Thanksgiving, and then there is the weekend.
    assert [bool(found) for found in week] == [True, True, False, True, False, False, True]


async def test_every_sweep_has_its_schedule_which_starts_it_with_its_instant(office: Office) -> None:
    await ensure_schedules(office.client)
    await ensure_schedules(office.client)
    names = {f"sweep/{cadence.kind.lower()}" for cadence in CADENCES}
    try:
        described = {name: await office.client.get_schedule_handle(name).describe() for name in names}
        assert {d.schedule.spec.intervals[0].every for d in described.values()} == {
            timedelta(minutes=cadence.every_minutes) for cadence in CADENCES
        }
        handle = office.client.get_schedule_handle("sweep/hand_over")
        async with office.working():
            await handle.trigger()

            async def ended() -> str | None:
                query = "WorkflowType = 'SweepWorkflow' AND ExecutionStatus = 'Completed'"
                async for run in office.client.list_workflows(query):
                    if run.id.startswith("sweep/hand_over-"):
                        assert run.status is WorkflowExecutionStatus.COMPLETED
                        assert run.typed_search_attributes.get(SCHEDULED_AT) is not None
                        return run.id
                return None

            by_schedule = office.client.get_workflow_handle(await eventually(ended))
        await keep_history(office, by_schedule, "sweep-by-its-schedule")
    finally:
        for name in names:
            await office.client.get_schedule_handle(name).delete()
