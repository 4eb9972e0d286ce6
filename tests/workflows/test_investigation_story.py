"""The story of an investigation, on the real Temporal, with the real casework and notifications behind it."""

from __future__ import annotations

import asyncio

from chassis.contract import instant
from hotline.casework.v1.promise_pb2 import PROMISE_STATE_OPEN
from tests.waiting import eventually
from tests.workflows.conftest import Office, keep_history
from tests.workflows.stories import (
    CHILDREN,
    acceptances,
    dispatched,
    find,
    known,
    opened,
    reassign,
    see,
    story,
    until_dispatched,
)


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
