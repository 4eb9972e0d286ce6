"""Investigations and their promises: made, shared out and handed over in the transaction of what happened."""

import asyncio
from datetime import timedelta
from uuid import uuid4

from chassis.contract import instant
from hotline.casework.v1 import casework_service_pb2 as pb
from hotline.casework.v1 import promise_pb2
from hotline.type.v1 import type_pb2
from tests.integration.casework.conftest import DEADLINE, OFFICE, World, refused, told
from tests.integration.casework.investigating import assign, contact, dispatched, found, opened, owed


async def test_an_investigation_is_opened_assigned_and_clocked_in_one_transaction(world: World) -> None:
    investigation = await opened(world, tier=type_pb2.TIER_T0)

    promises = await owed(world, investigation)
    facts = await world.facts(investigation.investigation_id)

    assert investigation.worker_id == world.people.worker
    assert set(promises) == {"ON_SCENE", "FIRST_CONTACT", "FINDING"}
    assert {promise.owner.staff_id for promise in promises.values()} == {world.people.worker}
    assert [(n, type(fact).__name__) for n, fact in facts] == [(1, "InvestigationOpened"), (2, "WorkerAssigned")]
    assert instant(promises["ON_SCENE"].due_at) == world.clock.now + timedelta(hours=2)


async def test_with_nobody_there_it_is_opened_and_its_promises_wait_in_the_offices_queue(world: World) -> None:
    await world.away(world.people.worker)
    await world.away(world.people.second)

    investigation = await opened(world)
    promises = await owed(world, investigation)
    answer = await world.ring(promises["FIRST_CONTACT"])

    assert investigation.state == pb.INVESTIGATION_STATE_OPEN
    assert {promise.owner.queue for promise in promises.values()} == {f"INVESTIGATOR:{OFFICE}"}
    assert told(answer) == [("supervisor", world.people.supervisor)]
    async with refused("NOBODY_AVAILABLE"):
        await assign(world, investigation)


async def test_work_goes_to_whoever_has_the_least(world: World) -> None:
    workers = [(await opened(world)).worker_id for _ in range(4)]

    assert workers == [world.people.worker, world.people.second] * 2


async def test_investigations_opened_at_once_are_shared_out_evenly(world: World) -> None:
    investigations = await asyncio.gather(*(opened(world) for _ in range(8)))

    workers = [investigation.worker_id for investigation in investigations]
    assert workers.count(world.people.worker) == workers.count(world.people.second) == 4


async def test_a_report_has_one_investigation_however_often_it_is_opened(world: World) -> None:
    report = str(uuid4())

    both = await asyncio.gather(opened(world, report_id=report), opened(world, report_id=report))

    assert both[0] == both[1]
    assert len(await world.facts(both[0].investigation_id)) == 2


async def test_an_investigation_needs_a_tier_because_without_one_there_is_no_clock(world: World) -> None:
    async with refused("INVALID_REQUEST") as why:
        await opened(world, tier=type_pb2.TIER_UNSPECIFIED)
    assert list(why[0].fields) == ["tier"]


async def test_reassignment_hands_over_what_is_owed_and_the_received_time_stays(world: World) -> None:
    investigation = await opened(world)
    before = await owed(world, investigation)
    acknowledgement = await dispatched(world, investigation)
    world.clock.move(hours=1)

    after = await assign(world, investigation, world.people.second)
    promises = await owed(world, investigation)
    answer = await world.ring(promises["FIRST_CONTACT"])

    assert after.worker_id == world.people.second
    assert {promise.owner.staff_id for promise in promises.values()} == {world.people.second}
    assert promises["FIRST_CONTACT"].received_at == before["FIRST_CONTACT"].received_at
    assert promises["FIRST_CONTACT"].due_at == before["FIRST_CONTACT"].due_at
    assert told(answer) == [("owner", world.people.second)]
    assert (await world.shown(acknowledgement)).promise.verdict == promise_pb2.VERDICT_VOID


async def test_asking_for_a_worker_when_there_is_one_changes_nothing(world: World) -> None:
    investigation = await opened(world)

    assert await assign(world, investigation) == investigation
    assert await assign(world, investigation, investigation.worker_id) == investigation


async def test_only_an_investigator_is_given_an_investigation(world: World) -> None:
    investigation = await opened(world)

    async with refused("INVALID_REQUEST") as why:
        await assign(world, investigation, world.people.screener)
    assert list(why[0].fields) == ["staff_id"]


async def test_every_version_of_an_investigation_is_one_fact(world: World) -> None:
    investigation = await opened(world)
    await contact(world, investigation, "SEEN_IN_PERSON")
    await found(world, investigation)

    facts = await world.facts(investigation.investigation_id)

    assert [(n, type(fact).__name__) for n, fact in facts] == [
        (1, "InvestigationOpened"),
        (2, "WorkerAssigned"),
        (3, "AssignmentAccepted"),
        (4, "ContactRecorded"),
        (5, "FindingRecorded"),
    ]


async def test_an_investigation_is_read_by_its_id_and_by_its_reports(world: World) -> None:
    investigation = await opened(world)
    stub = await world.service()

    by_id = await stub.GetInvestigation(
        pb.GetInvestigationRequest(investigation_id=investigation.investigation_id), timeout=DEADLINE
    )
    by_report = await stub.GetInvestigation(
        pb.GetInvestigationRequest(report_id=investigation.report_id), timeout=DEADLINE
    )

    assert by_id.investigation == by_report.investigation == investigation
    async with refused("NOT_FOUND"):
        await stub.GetInvestigation(pb.GetInvestigationRequest(report_id=str(uuid4())), timeout=DEADLINE)
