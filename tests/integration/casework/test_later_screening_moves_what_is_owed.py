"""What triage tells after the first decision: reviews, merges, amendments, and decisions made anew."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from chassis.contract import instant, stamp
from hotline.casework.v1 import casework_service_pb2 as pb
from hotline.casework.v1.casework_events_pb2 import InvestigationReopened
from hotline.casework.v1.promise_pb2 import Promise
from hotline.triage.v1 import triage_service_pb2 as triage
from hotline.triage.v1.triage_events_pb2 import ReportMerged, ReportRecommended, ScreenOutReviewed
from hotline.type.v1 import type_pb2
from services.casework.expectations import EXPECTATIONS
from services.casework.promises import store as ledger
from services.casework.store import investigations as store
from tests.integration.casework.conftest import DEADLINE, World, key
from tests.integration.casework.investigating import contact, found
from tests.integration.casework.screening import decided, investigation, owed, report
from tests.waiting import eventually

OUT = {"screening": triage.SCREENING_SCREEN_OUT, "tasks": ["REVIEW_SCREEN_OUT"], "tier": type_pb2.TIER_T3}


async def closed(world: World, before: dict[str, Promise]) -> set[str]:
    """The kinds of promise that were open before and are no more."""
    now = {promise.promise_id for promise in await world.open_promises()}
    return {kind for kind, promise in before.items() if promise.promise_id not in now}


@pytest.mark.parametrize("outcome", [triage.REVIEW_OUTCOME_UPHELD, triage.REVIEW_OUTCOME_REVERSED])
async def test_a_review_keeps_the_promise_of_it_whatever_it_finds(
    world: World, outcome: triage.ReviewOutcome.ValueType
) -> None:
    screened = report(world)
    await world.hears(ReportRecommended(**screened))
    await world.hears(decided(world, screened, **OUT))
    before = await owed(world)
    world.clock.move(hours=1)
    await world.hears(
        ScreenOutReviewed(
            report_id=screened["report_id"],
            outcome=outcome,
            reviewed_by=world.people.supervisor,
            reviewed_at=stamp(world.clock.now),
        )
    )
    assert await closed(world, before) == {"SCREEN_OUT_REVIEW"}


async def test_what_is_screened_in_after_all_needs_no_review_of_its_screen_out(world: World) -> None:
    screened = report(world)
    await world.hears(ReportRecommended(**screened))
    await world.hears(decided(world, screened, **OUT))
    world.clock.move(hours=1)
    await world.hears(decided(world, screened))
    promises = await owed(world)
    assert "SCREEN_OUT_REVIEW" not in promises
    assert instant(promises["FIRST_CONTACT"].received_at) == instant(screened["received_at"])


async def test_a_merge_voids_what_was_owed_for_the_duplicate(world: World) -> None:
    screened = report(world, "T0")
    await world.hears(ReportRecommended(**screened))
    assert {"SCREENING_DECISION", "ON_SCENE", "FIRST_CONTACT"} <= set(await owed(world))

    await world.hears(ReportMerged(report_id=screened["report_id"], into_reference="M4XK-7TD0"))

    assert await owed(world) == {}
    assert (await investigation(world, screened)).state == pb.INVESTIGATION_STATE_CLOSED


async def test_an_amended_report_that_waits_moves_the_promise_that_was_given(world: World) -> None:
    """R038."""
    screened = report(world, "T3")
    await world.hears(ReportRecommended(**screened))
    before = (await owed(world))["SCREENING_DECISION"]
    world.clock.move(minutes=10)
    raised = screened | {"tier": type_pb2.TIER_T1, "amended_at": stamp(world.clock.now)}
    await world.hears(ReportRecommended(**raised))
    after = (await owed(world))["SCREENING_DECISION"]
    assert after.promise_id == before.promise_id
    assert instant(after.due_at) == instant(screened["received_at"]) + timedelta(minutes=30)


async def test_a_decision_that_waits_again_is_owed_from_the_amendment_on(world: World) -> None:
    """R038."""
    screened = report(world, "T2")
    await world.hears(ReportRecommended(**screened))
    await world.hears(decided(world, screened))
    world.clock.move(days=2)
    raised = screened | {"tier": type_pb2.TIER_T1, "amended_at": stamp(world.clock.now)}
    await world.hears(ReportRecommended(**raised))
    owed_anew = (await owed(world))["SCREENING_DECISION"]
    assert instant(owed_anew.due_at) == world.clock.now + timedelta(minutes=30)


async def test_a_higher_decision_moves_first_contact_earlier_and_a_lower_one_nothing(world: World) -> None:
    """R038: the clock is the receipt's; what was promised only ever moves earlier."""
    screened = report(world, "T2")
    await world.hears(ReportRecommended(**screened))
    await world.hears(decided(world, screened))
    first = (await owed(world))["FIRST_CONTACT"]
    world.clock.move(hours=1)
    await world.hears(decided(world, screened, tier=type_pb2.TIER_T1))
    raised = (await owed(world))["FIRST_CONTACT"]
    assert raised.promise_id == first.promise_id
    assert instant(raised.due_at) == instant(screened["received_at"]) + timedelta(hours=24)
    world.clock.move(hours=1)
    await world.hears(decided(world, screened, tier=type_pb2.TIER_T3))
    assert (await owed(world))["FIRST_CONTACT"].due_at == raised.due_at


async def told(world: World, of: pb.Investigation) -> list[str]:
    """The facts of an investigation, by name, in the order of its versions."""
    return [type(fact).__name__ for _, fact in await world.facts(of.investigation_id)]


async def test_what_is_raised_to_t0_sends_somebody_to_the_scene_by_the_clock_of_the_receipt(world: World) -> None:
    """R038."""
    screened = report(world, "T2")
    await world.hears(decided(world, screened))
    world.clock.move(minutes=30)

    await world.hears(decided(world, screened, tier=type_pb2.TIER_T0))

    raised = await investigation(world, screened)
    scene = (await owed(world))["ON_SCENE"]
    assert raised.tier == type_pb2.TIER_T0
    assert scene.owner.staff_id == raised.worker_id
    assert instant(scene.due_at) == instant(screened["received_at"]) + timedelta(hours=2)
    assert await told(world, raised) == ["InvestigationOpened", "WorkerAssigned", "InvestigationRaised"]
    await world.hears(decided(world, screened, tier=type_pb2.TIER_T0))
    assert await investigation(world, screened) == raised


async def test_a_leader_who_opens_it_at_a_higher_tier_moves_what_it_owes_too(world: World) -> None:
    """R038: not only a decision that triage tells of."""
    screened = report(world, "T2")
    await world.hears(decided(world, screened))
    wanted = {name: screened[name] for name in ("report_id", "reference", "office", "received_at", "alleged_victims")}
    request = pb.OpenInvestigationRequest(idempotency_key=key(), tier=type_pb2.TIER_T1, **wanted)
    leader = await world.person(world.people.supervisor)
    assert (await leader.OpenInvestigation(request, timeout=DEADLINE)).investigation.tier == type_pb2.TIER_T1
    first = (await owed(world))["FIRST_CONTACT"]
    assert instant(first.due_at) == instant(screened["received_at"]) + timedelta(hours=24)


async def test_a_child_found_later_is_owed_a_first_contact_though_the_others_were_seen(world: World) -> None:
    screened = report(world, "T1")
    await world.hears(decided(world, screened))
    await contact(world, await investigation(world, screened), "SEEN_IN_PERSON")
    assert "FIRST_CONTACT" not in await owed(world)
    world.clock.move(minutes=30)

    await world.hears(decided(world, screened, alleged_victims=["c1", "c2"]))

    first = (await owed(world))["FIRST_CONTACT"]
    assert instant(first.received_at) == instant(screened["received_at"])
    await contact(world, await investigation(world, screened), "SEEN_IN_PERSON", child="c2")
    assert "FIRST_CONTACT" not in await owed(world)


async def test_what_is_screened_in_after_all_is_investigated_after_all(world: World) -> None:
    """R038: opened at T0 by itself, screened out, and that was reversed."""
    screened = report(world, "T0")
    await world.hears(ReportRecommended(**screened))
    before = await owed(world)
    await world.hears(decided(world, screened, **OUT))
    assert (await investigation(world, screened)).state == pb.INVESTIGATION_STATE_CLOSED
    world.clock.move(hours=1)

    await world.hears(decided(world, screened))

    again = await investigation(world, screened)
    after = await owed(world)
    assert (again.state, again.worker_id) == (pb.INVESTIGATION_STATE_ASSIGNED, world.people.worker)
    assert set(after) == {"ON_SCENE", "FIRST_CONTACT", "FINDING"}
    assert {kind: promise.due_at for kind, promise in after.items()} == {kind: before[kind].due_at for kind in after}
    assert (await told(world, again))[-3:] == ["InvestigationClosed", "InvestigationReopened", "WorkerAssigned"]
    await contact(world, again, "SEEN_IN_PERSON")
    assert set(await owed(world)) == {"FINDING"}


async def test_a_child_who_was_seen_before_it_was_closed_is_owed_no_second_first_contact(world: World) -> None:
    screened = report(world, "T0")
    await world.hears(ReportRecommended(**screened))
    await contact(world, await investigation(world, screened), "SEEN_IN_PERSON")
    await world.hears(decided(world, screened, **OUT))
    world.clock.move(hours=1)

    await world.hears(decided(world, screened))

    assert set(await owed(world)) == {"FINDING"}


async def test_a_finding_is_not_undone_by_the_decision_that_it_answers(world: World) -> None:
    """At T0 the finding may be made before the screener has decided."""
    screened = report(world, "T0")
    await world.hears(ReportRecommended(**screened))
    await contact(world, await investigation(world, screened), "SEEN_IN_PERSON")
    await found(world, await investigation(world, screened))

    await world.hears(decided(world, screened))

    assert (await investigation(world, screened)).state == pb.INVESTIGATION_STATE_CLOSED
    assert await owed(world) == {}


async def test_what_asks_for_more_after_the_finding_opens_it_again_and_the_children_are_seen_again(
    world: World,
) -> None:
    """R038."""
    screened = report(world, "T2")
    await world.hears(decided(world, screened))
    await contact(world, await investigation(world, screened), "SEEN_IN_PERSON")
    await found(world, await investigation(world, screened))
    world.clock.move(hours=20)

    await world.hears(decided(world, screened, tier=type_pb2.TIER_T1))

    again = await investigation(world, screened)
    assert list(again.contacted) == []
    assert set(await owed(world)) == {"FIRST_CONTACT", "FINDING"}
    first = (await owed(world))["FIRST_CONTACT"]
    assert instant(first.due_at) == instant(screened["received_at"]) + timedelta(hours=24)
    await contact(world, again, "SEEN_IN_PERSON")
    await found(world, await investigation(world, screened))
    assert await owed(world) == {}


async def test_what_an_investigation_owes_that_was_opened_again_is_expected_by_name(world: World) -> None:
    screened = report(world, "T0")
    await world.hears(ReportRecommended(**screened))
    await world.hears(decided(world, screened, **OUT))
    world.clock.move(hours=1)
    await world.hears(decided(world, screened))
    again = await investigation(world, screened)
    (fact,) = [f for _, f in await world.facts(again.investigation_id) if isinstance(f, InvestigationReopened)]

    (expected,) = EXPECTATIONS[fact.DESCRIPTOR.full_name](fact)

    wanted = {"kinds": ["FINDING"], "type": "investigation", "id": again.investigation_id, "closed": False}
    async with world.database.transaction() as uow:
        assert await ledger.missing(uow, [wanted | {"cause": expected.cause}]) == []
        assert await ledger.missing(uow, [wanted | {"cause": "never"}]) == [0]


async def test_a_decision_waits_for_the_investigation_without_keeping_the_offices_certificates(world: World) -> None:
    """Whoever records a contact holds the investigation first: each would otherwise wait for the other."""
    screened = report(world, "T0")
    await world.hears(ReportRecommended(**screened))
    standing = await investigation(world, screened)
    async with world.database.transaction() as uow:
        await store.lock_investigation(uow, UUID(standing.investigation_id))
        deciding = asyncio.create_task(world.hears(decided(world, screened)))
        await eventually(lambda: somebody_waits(world))
        await ledger.lock_chain(uow, screened["office"])
    await deciding
    assert "SCREENING_DECISION" not in await owed(world)


async def somebody_waits(world: World) -> bool:
    """Whether a transaction of this casework waits for another."""
    async with world.database.transaction() as uow:
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(await uow.fetchval(waiting))
