"""An investigation that was closed and is opened again has a story again, which begins where the investigation is."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from chassis.contract import stamp
from hotline.casework.v1 import casework_service_pb2 as casework
from hotline.type.v1 import type_pb2
from tests.waiting import eventually
from tests.workflows.conftest import DEADLINE, Office
from tests.workflows.stories import CHILDREN, find, known, opened, see, story, until_dispatched


async def found(office: Office, investigation: casework.Investigation, worker: str) -> None:
    """Every child is seen, a finding is made, and the story ends with it."""
    for child in CHILDREN:
        await see(office, investigation, worker, child)
    await find(office, investigation, worker)
    await office.carry()
    await asyncio.wait_for(story(office, investigation).result(), 30)


async def opened_again(office: Office, before: casework.Investigation) -> casework.Investigation:
    """Its report turns out to be more urgent than what was investigated."""
    request = casework.OpenInvestigationRequest(
        idempotency_key=uuid4().hex,
        report_id=before.report_id,
        reference=before.reference,
        office=before.office,
        received_at=before.received_at,
        tier=type_pb2.TIER_T0,
        alleged_victims=CHILDREN,
    )
    supervisor = await office.person(office.people.supervisor, "SUPERVISOR")
    again = (await supervisor.OpenInvestigation(request, timeout=DEADLINE)).investigation
    assert again.investigation_id == before.investigation_id
    return again


async def test_its_new_worker_is_dispatched_and_it_goes_on_until_the_next_finding(office: Office) -> None:
    before = await opened(office)
    async with office.working():
        await office.carry()
        await until_dispatched(office, before, before.worker_id)
        await found(office, before, before.worker_id)
        again = await opened_again(office, before)
        await office.carry()
        await until_dispatched(office, again, before.worker_id, again.worker_id)
        assert not (await known(office, again)).every_child_seen
        # The same facts once more, as after a lost acknowledgement: nobody is dispatched twice.
        await office.carry(await office.facts("casework.investigation"))
        await until_dispatched(office, again, before.worker_id, again.worker_id)
        await found(office, again, again.worker_id)


async def test_nobody_has_it_because_somebody_had_it_before(empty_office: Office) -> None:
    """The first story found a worker at its first attempt; the second must ask in earnest."""
    office = empty_office
    await office.hire(office.people.supervisor, "SUPERVISOR")
    before = await opened(office)
    assert not before.worker_id
    await office.hire(office.people.worker, "INVESTIGATOR", office.people.supervisor)
    async with office.working():
        await office.carry()

        async def given() -> bool:
            return (await known(office, before)).has_worker

        await eventually(given)
        await found(office, before, office.people.worker)
        now = datetime.now(UTC)
        away = casework.RecordAbsenceRequest(
            idempotency_key=uuid4().hex,
            staff_id=office.people.worker,
            starts_at=stamp(now - timedelta(minutes=1)),
            ends_at=stamp(now + timedelta(days=1)),
        )
        await (await office.person(office.people.worker, "INVESTIGATOR")).RecordAbsence(away, timeout=DEADLINE)
        again = await opened_again(office, before)
        assert not again.worker_id
        await office.carry()

        async def asked() -> bool:
            return (await known(office, again)).asked == 1

        await eventually(asked)
        assert not (await known(office, again)).has_worker
