"""What is done for the children keeps what was promised to them; what is entered late needs another person."""

from datetime import datetime, timedelta

import pytest

from chassis.contract import instant
from hotline.casework.v1 import casework_service_pb2 as pb
from hotline.casework.v1 import promise_pb2
from hotline.type.v1 import type_pb2
from tests.integration.casework.conftest import World, refused
from tests.integration.casework.investigating import certificate, contact, found, opened, owed, read, refuse


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
