"""More is known of a report: intake keeps both versions, triage screens again with the first clock (R038)."""

from __future__ import annotations

import json
from typing import Any

import grpc
import pytest

from chassis.client import refusal_of
from chassis.errors import Code
from deploy.local.infrastructure import Addresses
from hotline.intake.v1 import intake_events_pb2 as intake_events
from hotline.intake.v1 import intake_service_pb2 as intake
from hotline.triage.v1 import triage_events_pb2 as events
from hotline.triage.v1 import triage_service_pb2 as pb
from hotline.type.v1 import type_pb2
from policy.canonical import canonical
from policy.packs import Packs
from policy.screening import screen
from tests.integration.triage.screening_desk import Person, acting_on, decision_on, submitted
from tests.reports import A_FRIGHTENED_CHILD, RANG, at, key, screening_facts
from tests.services import TIMEOUT, facts_about
from tests.waiting import eventually

TOPIC = "hotline.triage.decision.v1"


def amendment(report_id: str, *, version: int = 1, **changed: Any) -> intake.AmendReportRequest:
    answers = changed.pop("answers", {"violence_now": "YES"})
    given: dict[str, Any] = {
        "idempotency_key": key(),
        "report_id": report_id,
        "version": version,
        "facts": screening_facts(None, (["PA2"], A_FRIGHTENED_CHILD | answers)),
        "narrative": "The child called again: it is happening now.",
    }
    return intake.AmendReportRequest(**given | changed)


async def rescreened(screener: Any, report_id: str, report_version: int = 2) -> pb.Decision:
    async def seen() -> pb.Decision | None:
        answer = await screener.GetDecision(pb.GetDecisionRequest(report_id=report_id), timeout=TIMEOUT)
        decision: pb.Decision = answer.decision
        return decision if decision.report_version == report_version else None

    return await eventually(seen)


async def test_intake_keeps_every_version_of_what_was_said(desk: Any, stack: Addresses) -> None:
    report_id = await submitted(desk)
    stranger = intake.Participant(id="a2", role=intake.Participant.ROLE_OTHER, name="Lark Example")

    amended = (await desk.AmendReport(amendment(report_id, new_participants=[stranger]), timeout=TIMEOUT)).report

    assert (amended.version, amended.received_at) == (2, at(RANG))
    assert [person.id for person in amended.participants] == ["c1", "a1", "a2"]
    first = (await desk.GetReport(intake.GetReportRequest(report_id=report_id, version=1), timeout=TIMEOUT)).report
    assert (first.narrative, first.version) == ("The child said that it happened again.", 1)
    assert "violence_now" not in first.facts.children[0].facts
    newest = (await desk.GetReport(intake.GetReportRequest(report_id=report_id), timeout=TIMEOUT)).report
    assert newest == amended
    _, record = await facts_about(stack, "hotline.intake.report.v1", report_id, 2)
    fact = intake_events.ReportAmended.FromString(record.value or b"")
    assert (fact.version, fact.received_at, fact.facts) == (2, at(RANG), amended.facts)
    assert b"happening now" not in (record.value or b"")
    assert b"Lark" not in (record.value or b"")


async def test_of_two_who_amend_at_once_one_is_told(desk: Any) -> None:
    report_id = await submitted(desk)
    await desk.AmendReport(amendment(report_id), timeout=TIMEOUT)
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await desk.AmendReport(amendment(report_id), timeout=TIMEOUT)
    refusal = refusal_of(error.value)
    assert (refusal.code, refusal.reason, refusal.metadata["version"]) == (Code.ABORTED, "CONFLICT", "2")


async def test_no_child_is_taken_out_of_its_report(desk: Any) -> None:
    two = screening_facts(None, (["PA2"], A_FRIGHTENED_CHILD), ([], {"danger_now": "NO"}))
    report_id = await submitted(desk, facts=two)
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await desk.AmendReport(amendment(report_id), timeout=TIMEOUT)
    assert list(refusal_of(error.value).fields) == ["facts.children"]


async def test_a_higher_tier_is_told_at_once_with_the_clock_of_the_receipt(
    desk: Any, screener: Any, wren: Person, stack: Addresses
) -> None:
    """What was decided before waits for a person again; casework moves what it promised, only earlier."""
    report_id = await submitted(desk)
    decided = await wren.decide("ConfirmDecision", await decision_on(screener, report_id))
    amended = (await desk.AmendReport(amendment(report_id), timeout=TIMEOUT)).report

    decision = await rescreened(screener, report_id)

    assert (decision.state, decision.recommended_tier) == (pb.DECISION_STATE_RECOMMENDED, type_pb2.TIER_T0)
    assert (decision.received_at, decision.version) == (at(RANG), decided.version + 1)
    *_, record = await facts_about(stack, TOPIC, report_id, 3)
    fact = events.ReportRecommended.FromString(record.value or b"")
    assert (fact.tier, fact.received_at, fact.amended_at) == (type_pb2.TIER_T0, at(RANG), amended.recorded_at)


async def test_a_lower_tier_lowers_nothing_by_itself(desk: Any, screener: Any, wren: Person, stack: Addresses) -> None:
    report_id = await submitted(desk)
    decided = await wren.decide("ConfirmDecision", await decision_on(screener, report_id))
    calmer: dict[str, str | int] = {"severity": 1, "access": "LATER", "protective_adult": "YES"}
    await desk.AmendReport(amendment(report_id, answers=calmer), timeout=TIMEOUT)

    decision = await rescreened(screener, report_id)

    assert (decision.state, decision.decided_tier) == (pb.DECISION_STATE_DECIDED, type_pb2.TIER_T1)
    assert (decision.recommended_tier, decision.lower_offered) == (type_pb2.TIER_T3, True)
    assert decision.decided_at == decided.decided_at
    *_, record = await facts_about(stack, TOPIC, report_id, 3)
    fact = events.ReportRescreened.FromString(record.value or b"")
    assert (fact.tier, fact.decided_tier) == (type_pb2.TIER_T3, type_pb2.TIER_T1)


async def test_the_history_keeps_every_evaluation_byte_for_byte(desk: Any, screener: Any, wren: Person) -> None:
    """R102."""
    report_id = await submitted(desk)
    first = await decision_on(screener, report_id)
    await desk.AmendReport(amendment(report_id), timeout=TIMEOUT)
    second = await rescreened(screener, report_id)

    history = await wren.history(report_id)

    assert [e.report_version for e in history.evaluations] == [1, 2]
    assert [e.recommendation_json for e in history.evaluations] == [
        first.recommendation_json,
        second.recommendation_json,
    ]
    for evaluation in history.evaluations:
        pack = Packs().by_sha256(evaluation.pack.sha256)
        again = canonical(screen(pack, json.loads(evaluation.facts_json)).as_json()).decode()
        assert again == evaluation.recommendation_json


async def test_each_verdict_says_on_which_evaluation_it_was_made(desk: Any, screener: Any, wren: Person) -> None:
    """R102: with it stand the facts, the unknowns, the pack and the recommendation that the person had."""
    report_id = await submitted(desk)
    await wren.decide("ConfirmDecision", await decision_on(screener, report_id))
    await desk.AmendReport(amendment(report_id), timeout=TIMEOUT)
    await wren.decide("ConfirmDecision", await rescreened(screener, report_id))

    history = await wren.history(report_id)

    made_on = {evaluation.report_version: evaluation for evaluation in history.evaluations}
    tiers = [json.loads(made_on[v.report_version].recommendation_json)["tier"] for v in history.verdicts]
    assert ([v.report_version for v in history.verdicts], tiers) == ([1, 2], ["T1", "T0"])


async def test_what_could_not_be_screened_can_be_once_it_is_completed(desk: Any, screener: Any, wren: Person) -> None:
    not_asked = screening_facts(None, (["PA2"], {"danger_now": "NO"}))
    report_id = await submitted(desk, facts=not_asked)
    assert (await decision_on(screener, report_id)).state == pb.DECISION_STATE_NEEDS_FACTS
    await desk.AmendReport(amendment(report_id, answers={}), timeout=TIMEOUT)
    decision = await rescreened(screener, report_id)
    assert (decision.state, decision.problem) == (pb.DECISION_STATE_RECOMMENDED, "")
    assert (await wren.decide("ConfirmDecision", decision)).decided_tier == type_pb2.TIER_T1


async def test_nobody_confirms_what_they_saw_before_the_amendment(desk: Any, screener: Any, wren: Person) -> None:
    report_id = await submitted(desk)
    seen = await decision_on(screener, report_id)
    await desk.AmendReport(amendment(report_id), timeout=TIMEOUT)
    await rescreened(screener, report_id)
    refusal = await wren.refused("ConfirmDecision", acting_on("ConfirmDecision", seen))
    assert (refusal.code, refusal.reason) == (Code.ABORTED, "CONFLICT")
