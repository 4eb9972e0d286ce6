"""The story of an investigation, on the real Temporal, with the real casework and notifications behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import uuid4

from temporalio.client import WorkflowHandle

from chassis.contract import instant, stamp
from hotline.casework.v1 import casework_service_pb2 as casework
from hotline.casework.v1.promise_pb2 import PROMISE_STATE_OPEN, Promise
from hotline.type.v1 import type_pb2
from tests.waiting import eventually
from tests.workflows.conftest import DEADLINE, OFFICE, Office, keep_history
from workflows.investigation import InvestigationWorkflow
from workflows.messages import Story

CHILDREN = ("child-1", "child-2")


async def opened(office: Office) -> casework.Investigation:
    """An investigation of a report that was just made."""
    request = casework.OpenInvestigationRequest(
        idempotency_key=uuid4().hex,
        report_id=str(uuid4()),
        reference="7ZK4-M2QX",
        office=OFFICE,
        received_at=stamp(datetime.now(UTC)),
        tier=type_pb2.TIER_T1,
        alleged_victims=CHILDREN,
    )
    supervisor = await office.person(office.people.supervisor, "SUPERVISOR")
    return (await supervisor.OpenInvestigation(request, timeout=DEADLINE)).investigation


def story(office: Office, investigation: casework.Investigation) -> WorkflowHandle[InvestigationWorkflow, None]:
    workflow_id = f"investigation/{investigation.investigation_id}"
    return office.client.get_workflow_handle_for(InvestigationWorkflow.run, workflow_id)


async def known(office: Office, investigation: casework.Investigation) -> Story:
    return await story(office, investigation).query(InvestigationWorkflow.known)


async def reassign(office: Office, investigation: casework.Investigation, to: str) -> None:
    request = casework.AssignWorkerRequest(
        idempotency_key=uuid4().hex, investigation_id=investigation.investigation_id, staff_id=to
    )
    supervisor = await office.person(office.people.supervisor, "SUPERVISOR")
    await supervisor.AssignWorker(request, timeout=DEADLINE)


async def see(office: Office, investigation: casework.Investigation, worker: str, child: str) -> None:
    request = casework.RecordContactRequest(
        idempotency_key=uuid4().hex,
        investigation_id=investigation.investigation_id,
        child_id=child,
        result=casework.CONTACT_RESULT_SEEN_IN_PERSON,
        occurred_at=stamp(datetime.now(UTC)),
    )
    await (await office.person(worker, "INVESTIGATOR")).RecordContact(request, timeout=DEADLINE)


async def find(office: Office, investigation: casework.Investigation, worker: str) -> None:
    request = casework.RecordFindingRequest(
        idempotency_key=uuid4().hex,
        investigation_id=investigation.investigation_id,
        finding=casework.FINDING_UNSUBSTANTIATED,
        occurred_at=stamp(datetime.now(UTC)),
    )
    await (await office.person(worker, "INVESTIGATOR")).RecordFinding(request, timeout=DEADLINE)


async def acceptances(office: Office, investigation: casework.Investigation) -> Sequence[Promise]:
    """What casework promised of workers' accepting this investigation, oldest assignment first."""
    request = casework.ListPromisesRequest(subject_id=investigation.investigation_id)
    answer = await (await office.service()).ListPromises(request, timeout=DEADLINE)
    found = [promise for promise in answer.promises if promise.kind == "ASSIGNMENT_ACK"]
    return sorted(found, key=lambda promise: promise.received_at.ToNanoseconds())


async def dispatched(office: Office, investigation: casework.Investigation) -> list[str]:
    """Who was asked to accept it, oldest assignment first."""
    return [promise.owner.staff_id for promise in await acceptances(office, investigation)]


async def until_dispatched(office: Office, investigation: casework.Investigation, *workers: str) -> None:
    async def reached() -> bool:
        return await dispatched(office, investigation) == list(workers)

    await eventually(reached)


async def test_the_worker_who_gets_it_owes_an_acceptance_from_then_on_and_hears_of_it_once(office: Office) -> None:
    """R034."""
    investigation = await opened(office)
    async with office.working():
        await office.carry(await office.facts("casework.investigation"))
        await until_dispatched(office, investigation, investigation.worker_id)
        (acceptance,) = await acceptances(office, investigation)
        await office.carry()
        await office.until_told(acceptance, investigation.worker_id)
    of_the_assignment = [sent for sent in await office.deliveries() if sent.promise_id in ("", acceptance.promise_id)]
    assert [(sent.staff_id, sent.template) for sent in of_the_assignment] == [(investigation.worker_id, "RUNG")]
    assert acceptance.owner.staff_id == investigation.worker_id
    assert acceptance.clock.state == PROMISE_STATE_OPEN
    (assigned,) = [fact for _, fact in await office.facts("casework.investigation") if hasattr(fact, "assigned_at")]
    assert instant(acceptance.received_at) == instant(assigned.assigned_at)


async def test_it_goes_on_until_every_child_is_seen_and_a_finding_is_made(office: Office) -> None:
    investigation = await opened(office)
    worker = investigation.worker_id
    async with office.working():
        await office.carry()
        await until_dispatched(office, investigation, worker)
        for child in CHILDREN:
            assert not (await known(office, investigation)).every_child_seen
            await see(office, investigation, worker, child)
            await office.carry()
        assert (await known(office, investigation)).every_child_seen
        await find(office, investigation, worker)
        await office.carry()
        await asyncio.wait_for(story(office, investigation).result(), 30)
    await keep_history(office, story(office, investigation), "investigation-to-its-finding")


async def test_a_reassignment_dispatches_the_new_worker_and_no_fact_dispatches_twice(office: Office) -> None:
    investigation = await opened(office)
    first = investigation.worker_id
    other = next(person for person in (office.people.worker, office.people.second) if person != first)
    async with office.working():
        await office.carry()
        await until_dispatched(office, investigation, first)
        await reassign(office, investigation, to=other)
        facts = await office.facts("casework.investigation")
        await office.carry([*reversed(facts), *facts])
        await until_dispatched(office, investigation, first, other)
        await office.carry(facts)
        for child in CHILDREN:
            await see(office, investigation, other, child)
        await find(office, investigation, other)
        await office.carry(await office.facts("casework.investigation"))
        await asyncio.wait_for(story(office, investigation).result(), 30)
    assert await dispatched(office, investigation) == [first, other]
    await keep_history(office, story(office, investigation), "investigation-reassigned")


async def test_one_that_nobody_can_take_waits_until_somebody_is_given_it(empty_office: Office) -> None:
    office = empty_office
    await office.hire(office.people.supervisor, "SUPERVISOR")
    investigation = await opened(office)
    assert not investigation.worker_id
    async with office.working():
        await office.carry()

        async def asked() -> bool:
            return (await known(office, investigation)).asked == 1

        await eventually(asked)
        await office.hire(office.people.worker, "INVESTIGATOR", office.people.supervisor)
        await reassign(office, investigation, to=office.people.worker)
        await office.carry()
        await until_dispatched(office, investigation, office.people.worker)
    await keep_history(office, story(office, investigation), "investigation-nobody-available")


async def test_a_story_told_again_begins_where_the_investigation_is(office: Office) -> None:
    """Its workflow was ended by a person; the next fact starts it again, and it ends with the investigation."""
    investigation = await opened(office)
    worker = investigation.worker_id
    async with office.working():
        await office.carry()
        await until_dispatched(office, investigation, worker)
        await story(office, investigation).terminate("by hand")
        for child in CHILDREN:
            await see(office, investigation, worker, child)
        await find(office, investigation, worker)
        await office.carry()
        await asyncio.wait_for(story(office, investigation).result(), 30)
    assert await dispatched(office, investigation) == [worker]
