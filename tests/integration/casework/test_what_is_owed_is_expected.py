"""A fact that got lost on its way is found out: what it should have brought about is not in the ledger."""

from uuid import uuid4

import pytest
from google.protobuf.message import Message

from chassis.contract import stamp
from hotline.casework.v1 import reconciliation_service_pb2 as pb
from hotline.intake.v1.intake_events_pb2 import ComplaintFiled
from hotline.triage.v1 import triage_service_pb2 as triage
from hotline.triage.v1.triage_events_pb2 import ReportMerged, ReportNeedsFacts, ReportRecommended
from hotline.type.v1 import type_pb2
from hotline.type.v1.expected_promise_pb2 import ExpectedPromise
from services.casework import consumers
from services.intake.expectations import EXPECTATIONS as OF_INTAKE
from services.triage.expectations import EXPECTATIONS as OF_TRIAGE
from tests.integration.casework.conftest import DEADLINE, OFFICE, World
from tests.integration.casework.screening import decided, report

EXPECTATIONS = {**OF_INTAKE, **OF_TRIAGE}

# Facts that casework hears and of which no promise is expected, each with the reason.
NOTHING_NEW = {
    "ScreenOutReviewed": "keeps a promise without naming it: while it stays open, people are told",
    "ContactOpened": "counts how calls are answered",
    "ContactClosed": "counts how calls are answered",
    "NotificationSent": "of a promise that is there",
    "NotificationFailed": "of a promise that is there",
}


async def missing(world: World, fact: Message, subject_id: str) -> list[str]:
    """The kinds of promise that the ledger does not have as a fact, told just now, should have brought about."""
    owed = EXPECTATIONS[fact.DESCRIPTOR.full_name](fact)
    expected = [
        ExpectedPromise(
            kinds=one.kinds,
            subject_type=one.subject_type,
            subject_id=subject_id,
            cause=one.cause,
            closed=one.closed,
            unless_open=one.unless_open,
            told_at=stamp(world.clock.now),
        )
        for one in owed
    ]
    request = pb.FindMissingPromisesRequest(expected=expected)
    found = (await (await world.reconciling()).FindMissingPromises(request, timeout=DEADLINE)).missing
    return ["|".join(owed[place].kinds) for place in found]


async def brings_about(world: World, fact: Message, subject_id: str, *kinds: str) -> None:
    """Lost, the fact is missed by these kinds of promise; heard, it is not."""
    assert await missing(world, fact, subject_id) == list(kinds)
    await world.hears(fact)
    assert await missing(world, fact, subject_id) == []


async def test_a_complaint_whose_fact_got_lost_is_missed(world: World) -> None:
    """R088."""
    filed = ComplaintFiled(
        complaint_id=str(uuid4()), reference="C7ZK-M2QX", office=OFFICE, received_at=stamp(world.clock.now), about=1
    )
    await brings_about(world, filed, filed.complaint_id, "COMPLAINT_RESPONSE")


@pytest.mark.parametrize("screened_again", [ReportRecommended, ReportNeedsFacts])
async def test_each_decision_of_a_report_that_is_amended_is_missed_until_it_is_made_and_until_it_is_kept(
    world: World, screened_again: type[Message]
) -> None:
    """R038."""
    screened = report(world, "T3")
    report_id = screened["report_id"]
    await brings_about(world, ReportRecommended(**screened), report_id, "SCREENING_DECISION")
    world.clock.move(minutes=5)
    await brings_about(world, decided(world, screened), report_id, "SCREENING_DECISION")

    world.clock.move(hours=1)
    told = {field.name for field in screened_again.DESCRIPTOR.fields} & screened.keys()
    again = screened_again(**{name: screened[name] for name in told}, amended_at=stamp(world.clock.now))
    await brings_about(world, again, report_id, "SCREENING_DECISION")
    world.clock.move(minutes=5)
    await brings_about(world, decided(world, screened), report_id, "SCREENING_DECISION")
    assert await missing(world, decided(world, screened), report_id) == []


async def test_nothing_more_is_expected_of_a_report_that_is_amended_while_it_waits(world: World) -> None:
    screened = report(world, "T3")
    await world.hears(ReportRecommended(**screened))
    world.clock.move(minutes=5)
    again = ReportRecommended(**screened, amended_at=stamp(world.clock.now))
    assert await missing(world, again, screened["report_id"]) == []


async def test_a_screen_out_is_missed_by_its_review(world: World) -> None:
    screened = report(world)
    await world.hears(ReportRecommended(**screened))
    world.clock.move(minutes=5)
    out = {"screening": triage.SCREENING_SCREEN_OUT, "tasks": ["REVIEW_SCREEN_OUT"], "tier": type_pb2.TIER_T3}
    decision = decided(world, screened, **out)
    await brings_about(world, decision, screened["report_id"], "SCREENING_DECISION", "SCREEN_OUT_REVIEW")


async def test_a_merge_is_missed_by_what_it_should_have_closed(world: World) -> None:
    screened = report(world)
    await world.hears(ReportRecommended(**screened))
    world.clock.move(minutes=5)
    merged = ReportMerged(report_id=screened["report_id"], into_reference="M4XK-7TD0")
    await brings_about(world, merged, screened["report_id"], "SCREENING_DECISION")


def test_whatever_makes_casework_owe_something_is_expected() -> None:
    heard = {name for topic in consumers.subscriptions(None).values() for name in topic}  # type: ignore[arg-type]
    unexpected = {name.rpartition(".")[2] for name in heard - EXPECTATIONS.keys()}
    assert unexpected == NOTHING_NEW.keys()
