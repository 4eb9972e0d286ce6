"""What waits for a person, in which order, and how it is decided."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import grpc
import pytest

from chassis.client import refusal_of
from chassis.errors import Code, Refusal
from deploy.local.infrastructure import Addresses
from hotline.triage.v1 import triage_events_pb2 as events
from hotline.triage.v1 import triage_service_pb2 as pb
from hotline.triage.v1 import triage_service_pb2_grpc as rpc
from hotline.type.v1 import type_pb2
from services.triage.__main__ import _DESCRIPTOR
from services.triage.api import ACCESS
from tests.integration.triage.screening_desk import decision_on, submitted
from tests.reports import RANG, key, screening_facts
from tests.services import TIMEOUT, RunningService, facts_about

NOBODY = "00000000-0000-4000-8000-000000000000"
ALONE = screening_facts(None, (["NE1"], {"alone_now": "YES", "age_months": 20, "relation": "CAREGIVER"}))
NOTHING_ALLEGED = screening_facts(None, ([], {"danger_now": "NO", "age_months": 90}))
NOT_ASKED = screening_facts(None, (["PA2"], {"danger_now": "NO"}))


def confirming(decision: pb.Decision, **changed: Any) -> pb.ConfirmDecisionRequest:
    given: dict[str, Any] = {
        "idempotency_key": key(),
        "report_id": decision.report_id,
        "version": decision.version,
    }
    return pb.ConfirmDecisionRequest(**given | changed)


async def refused(call: Any, request: Any) -> Refusal:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await call(request, timeout=TIMEOUT)
    return refusal_of(error.value)


async def test_the_queue_has_what_nobody_could_screen_on_top_then_urgency_then_age(desk: Any, screener: Any) -> None:
    """R023."""
    office = f"office-{uuid4().hex[:8]}"
    later = RANG + timedelta(hours=1)
    reports = {
        "nothing alleged, oldest": await submitted(
            desk, office=office, facts=NOTHING_ALLEGED, participants=[], rang=RANG - timedelta(days=1)
        ),
        "T1, later": await submitted(desk, office=office, rang=later),
        "T1": await submitted(desk, office=office),
        "T0, later": await submitted(desk, office=office, facts=ALONE, participants=[], rang=later),
        "not asked, latest": await submitted(desk, office=office, facts=NOT_ASKED, rang=later + timedelta(hours=1)),
    }
    await asyncio.gather(*(decision_on(screener, report_id) for report_id in reports.values()))

    queue = await screener.ListQueue(pb.ListQueueRequest(office=office), timeout=TIMEOUT)

    names = {report_id: name for name, report_id in reports.items()}
    assert [names[decision.report_id] for decision in queue.decisions] == [
        "not asked, latest",
        "T0, later",
        "T1",
        "T1, later",
        "nothing alleged, oldest",
    ]


async def test_a_person_decides_and_the_decision_says_who_and_when(
    desk: Any, triage: RunningService, screener: Any, stack: Addresses
) -> None:
    """R033."""
    seen, person = await decision_on(screener, await submitted(desk)), uuid4()
    before = datetime.now(UTC)

    async with triage.acting_as("SUPERVISOR", subject=person) as channel:
        answer = await rpc.TriageServiceStub(channel).ConfirmDecision(confirming(seen), timeout=TIMEOUT)

    decided = answer.decision
    assert (decided.state, decided.decided) == (pb.DECISION_STATE_DECIDED, pb.SCREENING_SCREEN_IN)
    assert (decided.decided_tier, decided.decided_by, decided.version) == (type_pb2.TIER_T1, str(person), 2)
    assert before <= decided.decided_at.ToDatetime(UTC) <= datetime.now(UTC)
    assert (decided.recommendation_json, decided.pack) == (seen.recommendation_json, seen.pack)

    recommendation, decision = await facts_about(stack, "hotline.triage.decision.v1", seen.report_id, 2)

    recommended = events.ReportRecommended.FromString(recommendation.value or b"")
    fact = events.DecisionMade.FromString(decision.value or b"")
    assert (fact.screening, fact.tier, fact.decided_by) == (decided.decided, decided.decided_tier, str(person))
    assert fact.decided_at == decided.decided_at
    assert not fact.overridden
    assert (fact.pack, fact.tasks, fact.cross_reports) == (
        recommended.pack,
        recommended.tasks,
        recommended.cross_reports,
    )
    assert (fact.alleged_victims, fact.clocks) == (recommended.alleged_victims, recommended.clocks)
    assert [dict(record.headers)["ce_sequence"] for record in (recommendation, decision)] == [b"1", b"2"]


async def test_what_is_decided_waits_no_longer(desk: Any, screener: Any) -> None:
    office = f"office-{uuid4().hex[:8]}"
    seen = await decision_on(screener, await submitted(desk, office=office))
    await screener.ConfirmDecision(confirming(seen), timeout=TIMEOUT)
    assert not (await screener.ListQueue(pb.ListQueueRequest(office=office), timeout=TIMEOUT)).decisions


async def test_a_decision_confirmed_twice_with_one_key_is_made_once(desk: Any, screener: Any, database: Any) -> None:
    request = confirming(await decision_on(screener, await submitted(desk)))
    answers = await asyncio.gather(*(screener.ConfirmDecision(request, timeout=TIMEOUT) for _ in range(10)))
    assert len({answer.SerializeToString(deterministic=True) for answer in answers}) == 1
    assert await database.fetchval("SELECT count(*) FROM chassis.outbox WHERE aggregateid = $1", request.report_id) == 2


async def test_of_two_people_who_decide_at_once_one_is_told_that_it_has_changed(desk: Any, screener: Any) -> None:
    seen = await decision_on(screener, await submitted(desk))

    answers = await asyncio.gather(
        *(screener.ConfirmDecision(confirming(seen), timeout=TIMEOUT) for _ in range(2)), return_exceptions=True
    )

    (told,) = (answer for answer in answers if isinstance(answer, grpc.aio.AioRpcError))
    refusal = refusal_of(told)
    assert (refusal.code, refusal.reason, refusal.metadata["version"]) == (Code.ABORTED, "CONFLICT", "2")


async def test_a_decision_that_is_made_stays(desk: Any, screener: Any) -> None:
    seen = await decision_on(screener, await submitted(desk))
    decided = (await screener.ConfirmDecision(confirming(seen), timeout=TIMEOUT)).decision
    refusal = await refused(screener.ConfirmDecision, confirming(decided))
    assert (refusal.code, refusal.reason) == (Code.FAILED_PRECONDITION, "WRONG_STATE")


async def test_nobody_confirms_what_could_not_be_screened(desk: Any, screener: Any) -> None:
    waiting = await decision_on(screener, await submitted(desk, facts=NOT_ASKED))
    refusal = await refused(screener.ConfirmDecision, confirming(waiting))
    assert (refusal.code, refusal.reason) == (Code.FAILED_PRECONDITION, "WRONG_STATE")


async def test_a_version_must_be_named(screener: Any) -> None:
    refusal = await refused(screener.ConfirmDecision, confirming(pb.Decision(report_id=NOBODY)))
    assert (refusal.code, list(refusal.fields)) == (Code.INVALID_ARGUMENT, ["version"])


async def test_a_report_nobody_has_heard_of_is_not_found(screener: Any) -> None:
    for call, request in (
        (screener.GetDecision, pb.GetDecisionRequest(report_id=NOBODY)),
        (screener.ConfirmDecision, pb.ConfirmDecisionRequest(idempotency_key=key(), report_id=NOBODY, version=1)),
    ):
        assert (await refused(call, request)).code is Code.NOT_FOUND


@pytest.mark.parametrize("role", ["INTAKE_SPECIALIST", "INVESTIGATOR", "MANAGER", "DIRECTOR", "ADMIN", "SERVICE"])
async def test_only_screeners_and_supervisors_decide(triage: RunningService, role: str) -> None:
    async with triage.acting_as(role) as channel:
        request = confirming(pb.Decision(report_id=NOBODY, version=1))
        refusal = await refused(rpc.TriageServiceStub(channel).ConfirmDecision, request)
    assert (refusal.code, refusal.reason) == (Code.PERMISSION_DENIED, "ROLE_NOT_ALLOWED")


def test_every_call_of_triage_has_its_row_in_the_access_table() -> None:
    assert set(ACCESS) == {method.name for method in _DESCRIPTOR.methods}
