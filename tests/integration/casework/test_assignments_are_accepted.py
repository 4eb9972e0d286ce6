"""A worker says that an investigation is theirs: once for each assignment, whenever they were asked."""

from chassis.contract import instant
from hotline.casework.v1 import casework_service_pb2 as pb
from hotline.casework.v1 import promise_pb2
from tests.integration.casework.conftest import World, refused, told
from tests.integration.casework.investigating import (
    accept,
    assign,
    certificate,
    contact,
    dispatched,
    found,
    opened,
    owed,
)


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
