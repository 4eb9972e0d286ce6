"""An alternative response: somebody goes to the child by the same clocks, and no finding is made."""

from datetime import timedelta

from chassis.contract import instant
from hotline.casework.v1 import casework_service_pb2 as pb
from hotline.casework.v1 import promise_pb2
from hotline.casework.v1.casework_events_pb2 import InvestigationOpened, InvestigationReopened
from hotline.triage.v1 import triage_service_pb2 as triage
from hotline.triage.v1.triage_events_pb2 import ReportRecommended
from hotline.type.v1 import type_pb2
from services.casework.expectations import EXPECTATIONS
from tests.integration.casework.conftest import World, refused
from tests.integration.casework.investigating import assessed, contact, found
from tests.integration.casework.screening import decided, investigation, owed, report

ALTERNATIVE = {"screening": triage.SCREENING_ALTERNATIVE}
CLOCKS = {"clocks": ["SCREENING_DECISION", "FIRST_CONTACT", "REPORTER_CONFIRMATION"]}


async def test_a_child_of_an_alternative_response_has_a_worker_and_is_seen_by_the_clock_of_the_receipt(
    world: World,
) -> None:
    """R033: no child has a tier and no clock."""
    screened = report(world, "T2", **CLOCKS)
    await world.hears(ReportRecommended(**screened))
    world.clock.move(minutes=20)

    await world.hears(decided(world, screened, **ALTERNATIVE))

    going = await investigation(world, screened)
    assert (going.alternative, going.worker_id) == (True, world.people.worker)
    promises = await owed(world)
    assert set(promises) == {"FIRST_CONTACT", "REPORTER_CONFIRMATION"}
    first = promises["FIRST_CONTACT"]
    assert first.owner.staff_id == world.people.worker
    assert instant(first.due_at) == instant(screened["received_at"]) + timedelta(days=5)
    (_, fact), *_ = await world.facts(going.investigation_id)
    assert isinstance(fact, InvestigationOpened)
    assert fact.alternative


async def test_it_ends_when_the_child_was_seen_and_the_reporter_is_still_owed_an_answer(world: World) -> None:
    screened = report(world, "T2", **CLOCKS)
    await world.hears(decided(world, screened, **ALTERNATIVE))
    going = await investigation(world, screened)
    async with refused("WRONG_STATE"):
        await assessed(world, going)
    await contact(world, going, "SEEN_IN_PERSON")
    async with refused("WRONG_STATE"):
        await found(world, going)

    over = await assessed(world, going)

    assert (over.state, over.finding) == (pb.INVESTIGATION_STATE_CLOSED, pb.FINDING_UNSPECIFIED)
    assert set(await owed(world)) == {"REPORTER_CONFIRMATION"}
    assert [type(fact).__name__ for _, fact in await world.facts(going.investigation_id)][-1] == "InvestigationClosed"


async def test_an_investigation_that_becomes_an_alternative_response_owes_no_finding_any_more(world: World) -> None:
    screened = report(world, "T2")
    await world.hears(decided(world, screened))
    before = await owed(world)

    await world.hears(decided(world, screened, **ALTERNATIVE))

    after = await owed(world)
    assert after == {"FIRST_CONTACT": before["FIRST_CONTACT"]}
    assert (await world.shown(before["FINDING"])).promise.verdict == promise_pb2.VERDICT_VOID
    assert (await investigation(world, screened)).alternative


async def test_an_alternative_response_that_is_screened_in_after_all_owes_a_finding(world: World) -> None:
    """R038: by the clock of the receipt, and who has it keeps it."""
    screened = report(world, "T2")
    await world.hears(decided(world, screened, **ALTERNATIVE))
    before = await investigation(world, screened)
    world.clock.move(hours=1)

    await world.hears(decided(world, screened))

    after = await investigation(world, screened)
    promises = await owed(world)
    assert (after.alternative, after.worker_id) == (False, before.worker_id)
    assert set(promises) == {"FIRST_CONTACT", "FINDING"}
    assert promises["FINDING"].received_at == screened["received_at"]


async def test_one_that_has_ended_is_opened_again_by_a_decision_that_asks_for_a_finding_or_for_more(
    world: World,
) -> None:
    screened = report(world, "T2")
    await world.hears(decided(world, screened, **ALTERNATIVE))
    await contact(world, await investigation(world, screened), "SEEN_IN_PERSON")
    await assessed(world, await investigation(world, screened))
    await world.hears(decided(world, screened, **ALTERNATIVE))
    assert await owed(world) == {}
    world.clock.move(hours=1)

    await world.hears(decided(world, screened, **ALTERNATIVE, tier=type_pb2.TIER_T1))
    again = await investigation(world, screened)
    assert (again.alternative, set(await owed(world))) == (True, {"FIRST_CONTACT"})
    (fact,) = [f for _, f in await world.facts(again.investigation_id) if isinstance(f, InvestigationReopened)]
    assert EXPECTATIONS[fact.DESCRIPTOR.full_name](fact) == []
    await contact(world, again, "SEEN_IN_PERSON")
    await assessed(world, await investigation(world, screened))
    world.clock.move(hours=1)

    await world.hears(decided(world, screened, tier=type_pb2.TIER_T1))
    assert set(await owed(world)) == {"FIRST_CONTACT", "FINDING"}


async def test_what_is_screened_out_after_all_closes_an_alternative_response_too(world: World) -> None:
    screened = report(world, "T2")
    await world.hears(decided(world, screened, **ALTERNATIVE))

    await world.hears(decided(world, screened, screening=triage.SCREENING_INFORMATION))

    assert await owed(world) == {}
    assert (await investigation(world, screened)).state == pb.INVESTIGATION_STATE_CLOSED
