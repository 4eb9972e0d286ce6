"""A second person looks at the children whom nobody is going to see."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from deploy.local.infrastructure import Addresses
from hotline.triage.v1 import triage_events_pb2 as events
from hotline.triage.v1 import triage_service_pb2 as pb
from hotline.type.v1 import type_pb2
from services.triage.model.sampling import drawn_for_review
from tests.integration.triage.screening_desk import NOTHING_ALLEGED, Person, acting_on, decision_on, submitted
from tests.reports import RANG, at, screening_facts
from tests.services import RunningService, facts_about

TOPIC = "hotline.triage.decision.v1"
MANDATED = screening_facts(None, ([], {"danger_now": "NO", "age_months": 90}))


async def screened_out(desk: Any, screener: Any, by: Person, facts: Any = MANDATED) -> pb.Decision:
    seen = await decision_on(screener, await submitted(desk, facts=facts, participants=[]))
    return await by.decide("ConfirmDecision", seen)


async def test_what_a_rule_names_is_due_and_the_fact_says_so(
    desk: Any, screener: Any, wren: Person, stack: Addresses
) -> None:
    decided = await screened_out(desk, screener, wren)
    assert (decided.review_due, decided.drawn_for_review) == (True, False)
    _, record = await facts_about(stack, TOPIC, decided.report_id, 2)
    assert "REVIEW_SCREEN_OUT" in events.DecisionMade.FromString(record.value or b"").tasks


async def test_of_the_others_a_tenth_by_lot_and_the_fact_asks_for_its_review(
    desk: Any, screener: Any, wren: Person, stack: Addresses
) -> None:
    """Which are drawn follows from the report's id alone; casework makes the promise from the fact's task."""
    due: dict[bool, pb.Decision] = {}
    for _ in range(300):
        report_id = await submitted(desk, facts=NOTHING_ALLEGED, participants=[])
        drawn = drawn_for_review(UUID(report_id))
        if drawn not in due:
            due[drawn] = await wren.decide("ConfirmDecision", await decision_on(screener, report_id))
        if len(due) == 2:
            break
    assert {drawn: decision.review_due for drawn, decision in due.items()} == {True: True, False: False}
    assert due[True].drawn_for_review
    for drawn, decision in due.items():
        _, record = await facts_about(stack, TOPIC, decision.report_id, 2)
        assert ("REVIEW_SCREEN_OUT" in events.DecisionMade.FromString(record.value or b"").tasks) is drawn


async def test_a_supervisor_upholds(desk: Any, screener: Any, wren: Person, soren: Person, stack: Addresses) -> None:
    decided = await screened_out(desk, screener, wren)

    reviewed = await soren.decide(
        "ReviewScreenOut", decided, outcome=pb.REVIEW_OUTCOME_UPHELD, reason="Nothing is alleged."
    )

    assert (reviewed.review, reviewed.reviewed_by, reviewed.review_due) == (
        pb.REVIEW_OUTCOME_UPHELD,
        str(soren.id),
        False,
    )
    *_, record = await facts_about(stack, TOPIC, decided.report_id, 3)
    fact = events.ScreenOutReviewed.FromString(record.value or b"")
    assert (fact.outcome, fact.reviewed_by) == (pb.REVIEW_OUTCOME_UPHELD, str(soren.id))


async def test_a_reversal_is_a_new_decision_with_the_clock_of_the_receipt(
    desk: Any, screener: Any, wren: Person, soren: Person, stack: Addresses
) -> None:
    decided = await screened_out(desk, screener, wren)
    reverse = {"outcome": pb.REVIEW_OUTCOME_REVERSED, "reason": "The school saw marks.", "tier": type_pb2.TIER_T2}

    reversed_ = await soren.decide("ReviewScreenOut", decided, **reverse)

    assert (reversed_.decided, reversed_.decided_tier) == (pb.SCREENING_SCREEN_IN, type_pb2.TIER_T2)
    assert (reversed_.decided_by, reversed_.review) == (str(soren.id), pb.REVIEW_OUTCOME_REVERSED)
    *_, review, made = await facts_about(stack, TOPIC, decided.report_id, 4)
    assert events.ScreenOutReviewed.FromString(review.value or b"").outcome == pb.REVIEW_OUTCOME_REVERSED
    fact = events.DecisionMade.FromString(made.value or b"")
    assert (fact.screening, fact.tier, fact.overridden) == (pb.SCREENING_SCREEN_IN, type_pb2.TIER_T2, True)
    assert fact.received_at == at(RANG)
    assert "FIRST_CONTACT" in fact.clocks
    versions = [verdict.version for verdict in (await soren.history(decided.report_id)).verdicts]
    assert versions == [2, 4]


async def test_who_screened_out_does_not_review(desk: Any, screener: Any, wren: Person, triage: RunningService) -> None:
    decided = await screened_out(desk, screener, wren)
    herself = Person(triage, "SUPERVISOR", wren.id)
    request = acting_on("ReviewScreenOut", decided, outcome=pb.REVIEW_OUTCOME_UPHELD, reason="Nothing is alleged.")
    refusal = await herself.refused("ReviewScreenOut", request)
    assert (refusal.reason, list(refusal.fields)) == ("FOUR_EYES", ["actor"])
    assert await herself.sees(decided.report_id) == decided


async def test_a_reversal_that_cannot_be_made_leaves_the_review_due(
    desk: Any, screener: Any, wren: Person, soren: Person
) -> None:
    decided = await screened_out(desk, screener, wren)
    request = acting_on("ReviewScreenOut", decided, outcome=pb.REVIEW_OUTCOME_REVERSED, reason="Marks were seen.")
    refusal = await soren.refused("ReviewScreenOut", request)
    assert list(refusal.fields) == ["tier"]
    assert await soren.sees(decided.report_id) == decided
