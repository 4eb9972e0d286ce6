"""Every open investigation has one story that knows its worker, whatever got lost between casework and Temporal."""

from __future__ import annotations

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from hotline.casework.v1 import casework_service_pb2 as casework
from tests.waiting import eventually
from tests.workflows.conftest import Office, keep_history
from tests.workflows.stories import (
    CHILDREN,
    acceptances,
    find,
    known,
    opened,
    reassign,
    see,
    story,
    until_dispatched,
)
from tests.workflows.test_reconciler import reconciling, settings
from workflows.reconcile import reconciler


async def lose(office: Office, investigation: casework.Investigation) -> None:
    """Temporal's store is gone, and with it this story."""
    handle = story(office, investigation)
    await office.client.workflow_service.delete_workflow_execution(
        DeleteWorkflowExecutionRequest(
            namespace=office.client.namespace, workflow_execution=WorkflowExecution(workflow_id=handle.id)
        )
    )

    async def is_gone() -> bool:
        try:
            await handle.describe()
        except RPCError as problem:
            return problem.status is RPCStatusCode.NOT_FOUND
        return False

    await eventually(is_gone)


async def ended(office: Office, investigation: casework.Investigation) -> bool:
    return (await story(office, investigation).describe()).status is not WorkflowExecutionStatus.RUNNING


async def test_a_story_that_is_lost_with_its_store_is_started_again_and_its_worker_is_asked_to_accept(
    office: Office,
) -> None:
    """R034."""
    investigation = await opened(office)
    await office.carry()
    await lose(office, investigation)
    async with office.working(), reconciling(office):
        await until_dispatched(office, investigation, investigation.worker_id)
        (acceptance,) = await acceptances(office, investigation)
        await office.until_told(acceptance, investigation.worker_id)
        # The facts come after all: nobody is asked twice.
        await office.carry(await office.facts("casework.investigation"))
        for child in CHILDREN:
            await see(office, investigation, investigation.worker_id, child)
        await find(office, investigation, investigation.worker_id)
        await eventually(lambda: ended(office, investigation))
    assert len(await acceptances(office, investigation)) == 1


async def test_a_worker_of_whom_the_story_never_heard_is_asked_to_accept(office: Office) -> None:
    """R034."""
    investigation = await opened(office)
    first = investigation.worker_id
    other = next(person for person in (office.people.worker, office.people.second) if person != first)
    async with office.working():
        await office.carry()
        await until_dispatched(office, investigation, first)
        await reassign(office, investigation, to=other)
        async with reconciling(office):
            await until_dispatched(office, investigation, first, other)
    await keep_history(office, story(office, investigation), "investigation-woken-to-another-worker")


async def test_one_that_nobody_could_take_is_asked_for_again_after_its_story_was_lost(empty_office: Office) -> None:
    office = empty_office
    await office.hire(office.people.supervisor, "SUPERVISOR")
    investigation = await opened(office)
    await office.hire(office.people.worker, "INVESTIGATOR", office.people.supervisor)
    async with office.working(), reconciling(office):

        async def given() -> bool:
            return bool(await acceptances(office, investigation))

        await eventually(given)
    (acceptance,) = await acceptances(office, investigation)
    assert acceptance.owner.staff_id == office.people.worker


async def test_the_story_of_a_closed_investigation_is_woken_and_ends(office: Office) -> None:
    investigation = await opened(office)
    async with office.working():
        await office.carry()
        await until_dispatched(office, investigation, investigation.worker_id)
        for child in CHILDREN:
            await see(office, investigation, investigation.worker_id, child)
        await find(office, investigation, investigation.worker_id)
        assert not await ended(office, investigation)
        async with reconciling(office):
            await eventually(lambda: ended(office, investigation))


async def test_a_story_that_is_as_the_record_says_is_left_alone(office: Office) -> None:
    investigation = await opened(office)
    async with office.working():
        await office.carry()
        await until_dispatched(office, investigation, investigation.worker_id)

        async def waits() -> bool:
            return (await known(office, investigation)).dispatched > 0

        await eventually(waits)
        before = (await story(office, investigation).describe()).history_length
        async with reconciler(office.client, settings(office)) as at_work:
            for _ in range(3):
                assert await at_work.round()
        assert (await story(office, investigation).describe()).history_length == before
