"""What people do with an investigation, and what its story knows of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import uuid4

from temporalio.client import WorkflowHandle

from chassis.contract import stamp
from hotline.casework.v1 import casework_service_pb2 as casework
from hotline.casework.v1.promise_pb2 import Promise
from hotline.type.v1 import type_pb2
from tests.waiting import eventually
from tests.workflows.conftest import DEADLINE, OFFICE, Office
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


async def reassign(office: Office, investigation: casework.Investigation, to: str) -> None:
    """The supervisor gives it to somebody else."""
    request = casework.AssignWorkerRequest(
        idempotency_key=uuid4().hex, investigation_id=investigation.investigation_id, staff_id=to
    )
    supervisor = await office.person(office.people.supervisor, "SUPERVISOR")
    await supervisor.AssignWorker(request, timeout=DEADLINE)
