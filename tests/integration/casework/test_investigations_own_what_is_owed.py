"""Investigations and their promises: made, handed over and kept in the transaction of what happened."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from chassis.contract import instant, stamp
from hotline.casework.v1 import casework_service_pb2 as pb
from hotline.casework.v1 import promise_pb2
from hotline.casework.v1.promise_pb2 import Promise, Subject
from hotline.type.v1 import type_pb2
from tests.integration.casework.conftest import DEADLINE, OFFICE, World, key, refused, told


async def certificate(world: World, promise: Promise) -> Any:
    stub = await world.service()
    answer = await stub.GetCertificate(pb.GetCertificateRequest(promise_id=promise.promise_id), timeout=DEADLINE)
    return json.loads(answer.certificate_json)["body"]


async def opened(world: World, **values: Any) -> pb.Investigation:
    """An investigation opened by the supervisor, at T1 and about one child unless said otherwise."""
    request = pb.OpenInvestigationRequest(
        **(
            {
                "idempotency_key": key(),
                "report_id": str(uuid4()),
                "reference": "7ZK4-M2QX",
                "office": OFFICE,
                "received_at": stamp(world.clock.now),
                "tier": type_pb2.TIER_T1,
                "alleged_victims": ["c1"],
            }
            | values
        )
    )
    stub = await world.person(world.people.supervisor)
    return (await stub.OpenInvestigation(request, timeout=DEADLINE)).investigation


async def contact(
    world: World,
    investigation: pb.Investigation,
    result: str,
    child: str = "c1",
    at: datetime | None = None,
    **more: Any,
) -> pb.Investigation:
    """The worker records a contact, made just now unless said otherwise."""
    request = pb.RecordContactRequest(
        idempotency_key=key(),
        investigation_id=investigation.investigation_id,
        child_id=child,
        result=pb.ContactResult.Value(f"CONTACT_RESULT_{result}"),
        occurred_at=stamp(at or world.clock.now),
        **more,
    )
    stub = await world.person(investigation.worker_id or world.people.worker)
    return (await stub.RecordContact(request, timeout=DEADLINE)).investigation


async def accept(world: World, investigation: pb.Investigation, by: str = "") -> pb.Investigation:
    request = pb.AcceptAssignmentRequest(idempotency_key=key(), investigation_id=investigation.investigation_id)
    stub = await world.person(by or investigation.worker_id)
    return (await stub.AcceptAssignment(request, timeout=DEADLINE)).investigation


async def found(
    world: World, investigation: pb.Investigation, at: datetime | None = None, late_reason: str = ""
) -> pb.Investigation:
    request = pb.RecordFindingRequest(
        idempotency_key=key(),
        investigation_id=investigation.investigation_id,
        finding=pb.FINDING_UNSUBSTANTIATED,
        occurred_at=stamp(at or world.clock.now),
        late_reason=late_reason,
    )
    stub = await world.person(investigation.worker_id)
    return (await stub.RecordFinding(request, timeout=DEADLINE)).investigation


async def refuse(world: World, promise: Promise) -> None:
    """The supervisor does not vouch for what was entered late."""
    request = pb.ConfirmLateEntryRequest(
        idempotency_key=key(), promise_id=promise.promise_id, confirmed=False, reason="the log says otherwise"
    )
    await (await world.person(world.people.supervisor)).ConfirmLateEntry(request, timeout=DEADLINE)


async def read(world: World, investigation: pb.Investigation) -> pb.Investigation:
    request = pb.GetInvestigationRequest(investigation_id=investigation.investigation_id)
    return (await (await world.service()).GetInvestigation(request, timeout=DEADLINE)).investigation


async def assign(world: World, investigation: pb.Investigation, staff_id: str = "") -> pb.Investigation:
    request = pb.AssignWorkerRequest(
        idempotency_key=key(), investigation_id=investigation.investigation_id, staff_id=staff_id
    )
    stub = await world.person(world.people.supervisor)
    return (await stub.AssignWorker(request, timeout=DEADLINE)).investigation


async def owed(world: World, investigation: pb.Investigation) -> dict[str, Promise]:
    return {promise.kind: promise for promise in await world.open_promises(investigation.investigation_id)}


async def dispatched(world: World, investigation: pb.Investigation, assigned_at: datetime | None = None) -> Promise:
    """What the investigation's workflow asks for when a worker was assigned: just now, unless said otherwise."""
    return await world.promise(
        "ASSIGNMENT_ACK",
        subject=Subject(type="investigation", id=investigation.investigation_id),
        cause=f"assigned/{investigation.version}",
        owner=type_pb2.Owner(staff_id=investigation.worker_id),
        tier=type_pb2.TIER_T1,
        received_at=stamp(assigned_at or world.clock.now),
    )


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


async def test_accepting_keeps_the_acknowledgement_that_was_asked_for(world: World) -> None:
    investigation = await opened(world)
    acknowledgement = await dispatched(world, investigation)

    async with refused("WRONG_STATE"):
        await accept(world, investigation, world.people.second)
    accepted = await accept(world, investigation)

    assert accepted.state == pb.INVESTIGATION_STATE_ACCEPTED
    assert (await world.shown(acknowledgement)).promise.verdict == promise_pb2.VERDICT_MET


async def test_who_accepted_before_they_were_asked_is_not_asked_again_and_the_record_says_when(world: World) -> None:
    """The dispatch comes late: a workflow was down while the worker looked at the queue."""
    investigation, assigned_at = await opened(world), world.clock.now
    world.clock.move(minutes=1)
    accepted_at = world.clock.now
    await accept(world, investigation)
    world.clock.move(hours=3)

    late = await dispatched(world, investigation, assigned_at)
    answer = await world.ring(late)
    facts = await world.facts(late.promise_id)

    assert late == await dispatched(world, investigation, assigned_at)
    assert late.verdict == promise_pb2.VERDICT_MET
    assert instant(facts[-1][1].occurred_at) == accepted_at  # type: ignore[attr-defined]
    assert told(answer) == []
    assert (await certificate(world, late))["verdict"] == "MET"


async def test_an_acceptance_is_of_one_assignment_the_next_worker_owes_one_too(world: World) -> None:
    """Also when every child has been seen already, and when it comes back to who accepted it before."""
    investigation = await opened(world)
    await contact(world, investigation, "SEEN_IN_PERSON")

    there = await dispatched(world, await assign(world, investigation, world.people.second))
    back = await dispatched(world, await assign(world, investigation, world.people.worker))

    assert [there.verdict, back.verdict] == [promise_pb2.VERDICT_UNSPECIFIED] * 2


async def test_an_acceptance_is_not_owed_by_who_lost_the_investigation_before_they_were_asked(world: World) -> None:
    """The dispatch of the first worker comes after the second one's assignment."""
    before = await opened(world)
    after = await assign(world, before, world.people.second)

    async with refused("WRONG_STATE"):
        await dispatched(world, before)

    promise = await dispatched(world, after)
    assert promise.owner.staff_id == world.people.second


async def test_an_acceptance_is_not_owed_of_an_investigation_that_is_closed(world: World) -> None:
    investigation = await opened(world)
    await contact(world, investigation, "SEEN_IN_PERSON")
    await found(world, investigation)

    async with refused("WRONG_STATE"):
        await dispatched(world, investigation)

    assert await owed(world, investigation) == {}


async def test_first_contact_is_kept_when_every_alleged_victim_is_covered(world: World) -> None:
    investigation = await opened(world, alleged_victims=["c1", "c2"])
    promise = (await owed(world, investigation))["FIRST_CONTACT"]
    world.clock.move(hours=2)
    one = await contact(world, investigation, "SEEN_IN_PERSON", "c1")
    half = (await world.shown(promise)).promise
    world.clock.move(minutes=50)
    last = world.clock.now - timedelta(minutes=10)

    both = await contact(world, investigation, "GOOD_FAITH_ATTEMPT", "c2", at=last)
    facts = await world.facts(promise.promise_id)

    assert list(one.contacted) == ["c1"]
    assert half.clock.state == promise_pb2.PROMISE_STATE_OPEN
    assert both.state == pb.INVESTIGATION_STATE_CONTACTED
    assert instant(facts[-1][1].occurred_at) == last  # type: ignore[attr-defined]


async def test_being_on_the_scene_keeps_on_scene_and_so_does_seeing_the_child(world: World) -> None:
    arrived = await opened(world, tier=type_pb2.TIER_T0)
    saw = await opened(world, tier=type_pb2.TIER_T0)

    await contact(world, arrived, "ON_SCENE")
    await contact(world, saw, "SEEN_IN_PERSON")

    assert set(await owed(world, arrived)) == {"FIRST_CONTACT", "FINDING"}
    assert set(await owed(world, saw)) == {"FINDING"}


async def test_a_contact_entered_late_needs_a_reason_and_waits_for_another_person(world: World) -> None:
    investigation = await opened(world)
    promise = (await owed(world, investigation))["FIRST_CONTACT"]
    at = world.clock.now
    world.clock.move(hours=3)

    async with refused("REASON_REQUIRED"):
        await contact(world, investigation, "SEEN_IN_PERSON", at=at)
    await contact(world, investigation, "SEEN_IN_PERSON", at=at, late_reason="battery was flat")

    assert (await world.shown(promise)).promise.clock.state == promise_pb2.PROMISE_STATE_AWAITS_CONFIRMATION


async def test_after_a_late_contact_was_refused_another_contact_keeps_the_promise(world: World) -> None:
    investigation = await opened(world)
    promise = (await owed(world, investigation))["FIRST_CONTACT"]
    at = world.clock.now
    world.clock.move(hours=3)
    await contact(world, investigation, "SEEN_IN_PERSON", at=at, late_reason="battery was flat")
    await refuse(world, promise)
    assert (await read(world, investigation)).state == pb.INVESTIGATION_STATE_ACCEPTED
    async with refused("WRONG_STATE"):
        await found(world, investigation)
    seen_at = world.clock.now

    await contact(world, investigation, "SEEN_IN_PERSON")

    body = await certificate(world, promise)
    assert body["verdict"] == "MET"
    assert datetime.fromisoformat(body["closing"]["occurred_at"]) == seen_at


async def test_a_late_contact_that_nobody_vouches_for_counts_for_no_promise(world: World) -> None:
    """It was entered for the arrival and for the first contact; refused for the one, it holds the other no longer."""
    investigation = await opened(world, tier=type_pb2.TIER_T0)
    at = world.clock.now
    world.clock.move(hours=3)
    await contact(world, investigation, "SEEN_IN_PERSON", at=at, late_reason="battery was flat")
    both = await owed(world, investigation)

    await refuse(world, both["ON_SCENE"])

    after = await owed(world, investigation)
    assert {after[kind].clock.state for kind in ("ON_SCENE", "FIRST_CONTACT")} == {promise_pb2.PROMISE_STATE_OPEN}
    facts = await world.facts(investigation.investigation_id)
    assert [type(fact).__name__ for _, fact in facts][-2:] == ["ContactRecorded", "ContactRefused"]
    assert not (await read(world, investigation)).contacted


async def test_after_a_late_finding_was_refused_the_investigation_is_open_and_finds_again(world: World) -> None:
    investigation = await opened(world)
    await contact(world, investigation, "SEEN_IN_PERSON")
    at = world.clock.now
    world.clock.move(hours=3)
    await found(world, investigation, at=at, late_reason="typed at the end of the day")
    promise = (await owed(world, investigation))["FINDING"]

    await refuse(world, promise)

    open_again = await read(world, investigation)
    assert open_again.state == pb.INVESTIGATION_STATE_CONTACTED
    assert not open_again.finding
    await found(world, investigation)
    assert (await certificate(world, promise))["verdict"] == "MET"


@pytest.mark.parametrize(
    "kind", ["FIRST_CONTACT", "FINDING", "ASSIGNMENT_ACK", "ON_SCENE", "SCREENING_DECISION", "SCREEN_OUT_REVIEW"]
)
async def test_what_an_act_keeps_is_not_kept_by_saying_so(world: World, kind: str) -> None:
    promise = await world.promise(kind, tier=type_pb2.TIER_T0)
    outcomes = {
        "FIRST_CONTACT": "ALL_VICTIMS_SEEN",
        "FINDING": "FOUND",
        "ASSIGNMENT_ACK": "ACKNOWLEDGED",
        "ON_SCENE": "ON_SCENE",
        "SCREENING_DECISION": "DECIDED",
        "SCREEN_OUT_REVIEW": "REVIEWED",
    }

    async with refused("WRONG_STATE"):
        await world.attempt(promise, outcomes[kind])

    tried = await world.attempt(promise, "NO_ANSWER")
    assert tried.clock.state == promise_pb2.PROMISE_STATE_OPEN


async def test_a_contact_with_a_child_who_is_no_alleged_victim_is_refused(world: World) -> None:
    investigation = await opened(world)

    async with refused("INVALID_REQUEST") as why:
        await contact(world, investigation, "SEEN_IN_PERSON", "c9")
    assert list(why[0].fields) == ["child_id"]


async def test_a_contact_before_the_report_was_received_is_impossible(world: World) -> None:
    investigation = await opened(world)

    async with refused("IMPOSSIBLE_TIME"):
        await contact(world, investigation, "SEEN_IN_PERSON", at=world.clock.now - timedelta(minutes=1))


async def test_the_finding_closes_the_investigation_and_keeps_its_promise(world: World) -> None:
    investigation = await opened(world)
    promise = (await owed(world, investigation))["FINDING"]
    async with refused("WRONG_STATE"):
        await found(world, investigation)
    await contact(world, investigation, "SEEN_IN_PERSON")
    world.clock.move(days=20)

    closed = await found(world, investigation)

    assert closed.state == pb.INVESTIGATION_STATE_CLOSED
    assert closed.finding == pb.FINDING_UNSUBSTANTIATED
    assert (await world.shown(promise)).promise.verdict == promise_pb2.VERDICT_MET
    assert await owed(world, investigation) == {}
    async with refused("WRONG_STATE"):
        await contact(world, investigation, "SEEN_IN_PERSON")


async def test_no_finding_closes_over_an_arrival_that_is_still_owed(world: World) -> None:
    investigation = await opened(world, tier=type_pb2.TIER_T0)
    await contact(world, investigation, "GOOD_FAITH_ATTEMPT")

    async with refused("WRONG_STATE") as why:
        await found(world, investigation)
    assert "ON_SCENE" in why[0].message


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
