"""Long promises on the real Temporal: its time skipped in bounded steps, casework's clock moved along between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from temporalio.api.common.v1 import Payloads, TimeSkippingConfig, WorkflowExecution, WorkflowType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import StartWorkflowExecutionRequest, UpdateWorkflowExecutionOptionsRequest

from chassis.contract import instant, stamp
from hotline.casework.v1 import casework_service_pb2 as casework
from hotline.casework.v1.promise_pb2 import VERDICT_MET, Promise
from hotline.type.v1 import type_pb2
from tests.waiting import eventually
from tests.workflows.conftest import DEADLINE, OFFICE, PATIENCE, Office
from workflows import TASK_QUEUE
from workflows.messages import Alarm, PromiseClock


@dataclass
class Skipped:
    """One promise's alarm, whose time the test moves; casework's clock follows."""

    office: Office
    promise: Promise

    async def start(self, **ahead: float) -> None:
        """The alarm, with its time moved at once."""
        service, workflow_id = self.office.client.workflow_service, f"promise/{self.promise.promise_id}"
        alarm = Alarm(PromiseClock(self.promise.promise_id), PATIENCE)
        request = StartWorkflowExecutionRequest(
            namespace=self.office.client.namespace,
            workflow_id=workflow_id,
            request_id=uuid4().hex,
            workflow_type=WorkflowType(name="PromiseWorkflow"),
            task_queue=TaskQueue(name=TASK_QUEUE),
            input=Payloads(payloads=await self.office.client.data_converter.encode([alarm])),
            time_skipping_config=_step(timedelta(**ahead)),
        )
        await service.start_workflow_execution(request)
        self.office.clock.ahead += timedelta(**ahead)

    async def pass_time(self, **ahead: float) -> None:
        """So much later, for the alarm and then for casework; what is left of the step before may be cut off."""
        request = UpdateWorkflowExecutionOptionsRequest(
            namespace=self.office.client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=f"promise/{self.promise.promise_id}"),
            update_mask=FieldMask(paths=["time_skipping_config"]),
        )
        request.workflow_execution_options.time_skipping_config.CopyFrom(_step(timedelta(**ahead)))
        await self.office.client.workflow_service.update_workflow_execution_options(request)
        self.office.clock.ahead += timedelta(**ahead)

    async def until_climbed(self, *rungs: str) -> None:
        """Wait until exactly these rungs have been climbed, oldest first."""

        async def climbed() -> bool:
            told = (await self.office.shown(self.promise)).told
            seen[:] = list(dict.fromkeys(rung.rung for rung in told))
            return seen == list(rungs)

        seen: list[str] = []
        try:
            await eventually(climbed)
        except AssertionError:
            raise AssertionError(f"climbed {seen} instead of {rungs}") from None


def _step(ahead: timedelta) -> TimeSkippingConfig:
    config = TimeSkippingConfig(enabled=True)
    config.fast_forward_config.id = uuid4().hex
    config.fast_forward_config.duration.FromTimedelta(ahead)
    return config


async def investigation(office: Office) -> tuple[str, Sequence[Promise]]:
    """One about a child, opened by the supervisor, and what it owes."""
    request = casework.OpenInvestigationRequest(
        idempotency_key=uuid4().hex,
        report_id=str(uuid4()),
        reference="7ZK4-M2QX",
        office=OFFICE,
        received_at=stamp(office.clock()),
        tier=type_pb2.TIER_T2,
        alleged_victims=["c1"],
    )
    supervisor = await office.person(office.people.supervisor, "SUPERVISOR")
    opened = (await supervisor.OpenInvestigation(request, timeout=DEADLINE)).investigation
    owed = casework.ListPromisesRequest(open_only=True, subject_id=opened.investigation_id)
    return opened.investigation_id, (await supervisor.ListPromises(owed, timeout=DEADLINE)).promises


@pytest.mark.timeout(180)
async def test_an_investigation_of_sixty_days_is_extended_and_its_finding_kept(office: Office) -> None:
    investigation_id, promises = await investigation(office)
    (promise,) = [promise for promise in promises if promise.kind == "FINDING"]
    skipped = Skipped(office, promise)
    worker_id = (await office.shown(promise)).promise.owner.staff_id
    async with office.working():
        await skipped.start(days=31)
        await skipped.until_climbed("owner", "half-time")
        await skipped.pass_time(days=19)
        await skipped.until_climbed("owner", "half-time", "supervisor")
        await office.extend(promise, 30)
        facts = [fact for fact in await office.facts("casework.promise") if fact[0].subject == promise.promise_id]
        await office.carry(facts)
        await skipped.pass_time(days=35)
        worker = await office.person(worker_id, "INVESTIGATOR")
        contact = casework.RecordContactRequest(
            idempotency_key=uuid4().hex,
            investigation_id=investigation_id,
            child_id="c1",
            result=casework.CONTACT_RESULT_SEEN_IN_PERSON,
            occurred_at=stamp(office.clock()),
        )
        await worker.RecordContact(contact, timeout=DEADLINE)
        finding = casework.RecordFindingRequest(
            idempotency_key=uuid4().hex,
            investigation_id=investigation_id,
            finding=casework.FINDING_UNSUBSTANTIATED,
            occurred_at=stamp(office.clock()),
        )
        await worker.RecordFinding(finding, timeout=DEADLINE)
        facts = [fact for fact in await office.facts("casework.promise") if fact[0].subject == promise.promise_id]
        await office.carry(facts[-1:])
        await office.alarm(promise).result()
    shown = (await office.shown(promise)).promise
    assert shown.verdict == VERDICT_MET
    assert instant(shown.due_at) - instant(promise.due_at) >= timedelta(days=29, hours=22)
    await skipped.until_climbed("owner", "half-time", "supervisor")


@pytest.mark.timeout(180)
async def test_a_callback_asked_for_before_a_holiday_weekend_is_due_after_it(office: Office) -> None:
    """R081: asked for on the Friday evening before the fourth of July (kept on Monday), due when Tuesday ends."""
    friday = datetime.fromisoformat("2027-07-02T18:00:00-05:00")
    until_then = friday - datetime.now(UTC)
    office.clock.ahead = until_then
    promise = await office.promise(kind="CALLBACK_STANDARD", received_at=stamp(friday))
    assert instant(promise.due_at) == datetime.fromisoformat("2027-07-06T17:00:00-05:00")
    office.clock.ahead = timedelta(0)
    skipped = Skipped(office, promise)
    async with office.working():
        await skipped.start(seconds=(until_then + timedelta(hours=1)).total_seconds())
        await skipped.until_climbed("owner")
        await skipped.pass_time(days=4, hours=2)
        await skipped.until_climbed("owner", "half-time", "supervisor", "manager", "director")


@pytest.mark.timeout(180)
async def test_in_a_week_of_absence_the_supervisor_hears_and_directs_another_who_keeps_it(office: Office) -> None:
    """R084, R086: the received time stays."""
    people = office.people
    supervisor = await office.person(people.supervisor, "SUPERVISOR")
    absence = casework.RecordAbsenceRequest(
        idempotency_key=uuid4().hex,
        staff_id=people.worker,
        starts_at=stamp(office.clock() - timedelta(hours=1)),
        ends_at=stamp(office.clock() + timedelta(days=7)),
    )
    await supervisor.RecordAbsence(absence, timeout=DEADLINE)
    promise = await office.promise(kind="COMPLAINT_RESPONSE", received_at=stamp(office.clock()))
    skipped = Skipped(office, promise)
    async with office.working():
        await skipped.start(hours=1)
        await office.until_told(promise, people.supervisor)
        assert people.worker not in await office.told(promise)
        await office.delegate(promise, people.second)
        await office.carry()
        await office.until_told(promise, people.second)
        await skipped.pass_time(days=6)
        assert people.worker not in await office.told(promise)
    shown = await office.shown(promise)
    assert shown.promise.received_at == promise.received_at
    assert shown.promise.due_at == promise.due_at
