"""Overrides over the wire: who may, on which conditions, and that a refusal leaves no decision (R030, R033)."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest

from chassis.client import refusal_of
from chassis.errors import Code
from deploy.local.infrastructure import Addresses
from hotline.triage.v1 import triage_events_pb2 as events
from hotline.triage.v1 import triage_service_pb2 as pb
from hotline.type.v1 import type_pb2
from tests.integration.triage.screening_desk import (
    LONG,
    MINOR,
    NOTHING_ALLEGED,
    Person,
    acting_on,
    decision_on,
    submitted,
)
from tests.reports import screening_facts
from tests.services import RunningService, facts_about

TOPIC = "hotline.triage.decision.v1"
SCREEN_IN, SCREEN_OUT = pb.SCREENING_SCREEN_IN, pb.SCREENING_SCREEN_OUT
WORKS_ON_REPORTS = ["INTAKE_SPECIALIST", "SCREENER", "INVESTIGATOR", "SUPERVISOR", "MANAGER", "DIRECTOR"]
T0, T1, T2, T3 = type_pb2.TIER_T0, type_pb2.TIER_T1, type_pb2.TIER_T2, type_pb2.TIER_T3


async def a_t1(desk: Any, screener: Any) -> pb.Decision:
    return await decision_on(screener, await submitted(desk, rang=just_now()))


async def a_t2(desk: Any, screener: Any, **answers: str | int) -> pb.Decision:
    facts = screening_facts(None, (["PA2"], MINOR | answers))
    return await decision_on(screener, await submitted(desk, facts=facts, rang=just_now()))


def just_now() -> datetime:
    """A receipt whose deadlines are all ahead."""
    return datetime.now(UTC) - timedelta(minutes=5)


async def test_a_screener_goes_up_with_a_reason(desk: Any, screener: Any, wren: Person, stack: Addresses) -> None:
    seen = await a_t2(desk, screener)

    decided = await wren.decide("OverrideDecision", seen, screening=SCREEN_IN, tier=T0, reason="He is on his way.")

    assert (decided.state, decided.decided_tier, decided.overridden) == (pb.DECISION_STATE_DECIDED, T0, True)
    assert (decided.reason, decided.decided_by) == ("He is on his way.", str(wren.id))
    _, record = await facts_about(stack, TOPIC, seen.report_id, 2)
    fact = events.DecisionMade.FromString(record.value or b"")
    assert (fact.tier, fact.overridden, fact.decided_by) == (T0, True, str(wren.id))
    assert "ON_SCENE" in fact.clocks
    assert b"on his way" not in (record.value or b"")


@pytest.mark.parametrize("role", WORKS_ON_REPORTS)
async def test_whoever_works_on_reports_may_say_that_it_is_more_urgent(
    desk: Any, screener: Any, wren: Person, triage: RunningService, role: str
) -> None:
    """R033: upward anyone, also after somebody has decided."""
    somebody = Person(triage, role)
    raised = await somebody.decide(
        "OverrideDecision", await a_t2(desk, screener), screening=SCREEN_IN, tier=T1, reason="He is on his way."
    )
    assert (raised.decided_tier, raised.decided_by) == (T1, str(somebody.id))

    confirmed = await wren.decide("ConfirmDecision", await a_t2(desk, screener))
    raised = await somebody.decide("OverrideDecision", confirmed, screening=SCREEN_IN, tier=T0, reason="He is there.")
    assert (raised.decided_tier, raised.decided_by) == (T0, str(somebody.id))


@pytest.mark.parametrize("role", ["ADMIN", "SERVICE"])
async def test_who_does_not_work_on_reports_decides_nothing(
    desk: Any, screener: Any, triage: RunningService, role: str
) -> None:
    seen = await a_t2(desk, screener)
    request = acting_on("OverrideDecision", seen, screening=SCREEN_IN, tier=T1, reason="He is on his way.")
    refusal = await Person(triage, role).refused("OverrideDecision", request)
    assert (refusal.code, refusal.reason) == (Code.PERMISSION_DENIED, "ROLE_NOT_ALLOWED")


@pytest.mark.parametrize("role", sorted(set(WORKS_ON_REPORTS) - {"SCREENER", "SUPERVISOR"}))
async def test_who_does_not_screen_neither_lowers_nor_renames(
    desk: Any, screener: Any, wren: Person, triage: RunningService, role: str
) -> None:
    somebody = Person(triage, role)
    taken = await wren.decide("TakeReport", await a_t2(desk, screener))
    nothing_alleged = await decision_on(screener, await submitted(desk, facts=NOTHING_ALLEGED, participants=[]))
    for seen, otherwise in (
        (taken, {"screening": SCREEN_IN, "tier": T3}),
        (taken, {"screening": pb.SCREENING_ALTERNATIVE}),
        (nothing_alleged, {"screening": pb.SCREENING_INFORMATION}),
    ):
        request = acting_on("OverrideDecision", seen, reason=LONG, history_reviewed=True, **otherwise)
        refusal = await somebody.refused("OverrideDecision", request)
        assert (refusal.code, refusal.reason) == (Code.PERMISSION_DENIED, "ROLE_NOT_ALLOWED")
        assert await wren.sees(seen.report_id) == seen


async def test_a_supervisor_lowers_what_a_screener_has_taken(
    desk: Any, screener: Any, wren: Person, soren: Person, stack: Addresses
) -> None:
    taken = await wren.decide("TakeReport", await a_t2(desk, screener))
    assert taken.taken_by == str(wren.id)

    lower = {"screening": SCREEN_IN, "tier": T3, "reason": LONG, "history_reviewed": True}
    decided = await soren.decide("OverrideDecision", taken, **lower)

    assert (decided.decided_tier, decided.decided_by, decided.version) == (T3, str(soren.id), 3)
    *_, record = await facts_about(stack, TOPIC, decided.report_id, 3)
    assert events.DecisionMade.FromString(record.value or b"").tier == T3


@pytest.mark.parametrize(
    ("given", "reason", "path"),
    [
        ({"tier": type_pb2.TIER_T4}, "DOWNGRADE_NOT_ALLOWED", "tier"),
        ({"reason": "There is time."}, "REASON_REQUIRED", "reason"),
        ({"history_reviewed": False}, "DOWNGRADE_NOT_ALLOWED", "history_reviewed"),
    ],
)
async def test_each_broken_condition_is_named_and_nothing_is_decided(
    desk: Any, screener: Any, wren: Person, soren: Person, given: dict[str, Any], reason: str, path: str
) -> None:
    taken = await wren.decide("TakeReport", await a_t2(desk, screener))
    lower = {"screening": SCREEN_IN, "tier": T3, "reason": LONG, "history_reviewed": True} | given

    refusal = await soren.refused("OverrideDecision", acting_on("OverrideDecision", taken, **lower))

    assert (refusal.code, refusal.reason, list(refusal.fields)) == (Code.INVALID_ARGUMENT, reason, [path])
    assert await soren.sees(taken.report_id) == taken


async def test_nobody_lowers_while_it_is_unknown_who_can_reach_the_child(
    desk: Any, screener: Any, wren: Person, soren: Person
) -> None:
    taken = await wren.decide("TakeReport", await a_t2(desk, screener, access="UNKNOWN"))
    lower = acting_on("OverrideDecision", taken, screening=SCREEN_IN, tier=T3, reason=LONG, history_reviewed=True)
    refusal = await soren.refused("OverrideDecision", lower)
    assert (refusal.reason, list(refusal.fields)) == ("DOWNGRADE_NOT_ALLOWED", ["children[0].facts.access"])


async def test_a_screener_does_not_go_down(desk: Any, screener: Any, wren: Person) -> None:
    seen = await a_t2(desk, screener)
    for lower in ({"screening": SCREEN_IN, "tier": T3}, {"screening": SCREEN_OUT}, {"screening": pb.SCREENING_SERVICE}):
        request = acting_on("OverrideDecision", seen, reason=LONG, history_reviewed=True, **lower)
        refusal = await wren.refused("OverrideDecision", request)
        assert (refusal.code, refusal.reason) == (Code.PERMISSION_DENIED, "ROLE_NOT_ALLOWED")
    assert await wren.sees(seen.report_id) == seen


async def test_a_supervisor_does_not_lower_what_they_screened_themselves(
    desk: Any, screener: Any, soren: Person
) -> None:
    confirmed = await soren.decide("ConfirmDecision", await a_t2(desk, screener))
    request = acting_on("OverrideDecision", confirmed, screening=SCREEN_IN, tier=T3, reason=LONG, history_reviewed=True)
    refusal = await soren.refused("OverrideDecision", request)
    assert (refusal.reason, list(refusal.fields)) == ("FOUR_EYES", ["actor"])
    assert await soren.sees(confirmed.report_id) == confirmed


async def requested(desk: Any, screener: Any, by: Person, after: Person) -> pb.Decision:
    """A T1 that a supervisor wants to be a T2."""
    taken = await after.decide("TakeReport", await a_t1(desk, screener))
    lower = {"screening": SCREEN_IN, "tier": T2, "reason": LONG, "history_reviewed": True}
    return await by.decide("OverrideDecision", taken, **lower)


async def test_from_t1_a_manager_decides_whether_it_is_lowered(
    desk: Any, screener: Any, wren: Person, soren: Person, mara: Person, stack: Addresses
) -> None:
    asked = await requested(desk, screener, soren, wren)
    assert (asked.state, asked.decided) == (pb.DECISION_STATE_RECOMMENDED, pb.SCREENING_UNSPECIFIED)
    assert (asked.override_request.requested_by, asked.override_request.tier) == (str(soren.id), T2)

    decided = await mara.decide("ApproveOverride", asked)

    assert (decided.decided_tier, decided.decided_by, decided.approved_by) == (T2, str(soren.id), str(mara.id))
    *_, request, made = await facts_about(stack, TOPIC, asked.report_id, 4)
    assert events.OverrideRequested.FromString(request.value or b"").requested_by == str(soren.id)
    fact = events.DecisionMade.FromString(made.value or b"")
    assert (fact.tier, fact.decided_by, fact.approved_by) == (T2, str(soren.id), str(mara.id))
    (settled,) = (await mara.history(asked.report_id)).override_requests
    assert (settled.outcome, settled.settled_by) == ("APPROVED", str(mara.id))


async def test_an_approver_who_is_the_screener_is_refused_by_code_and_path_and_nothing_is_decided(
    desk: Any, screener: Any, wren: Person, soren: Person, triage: RunningService, stack: Addresses
) -> None:
    asked = await requested(desk, screener, soren, wren)
    for person in (wren, soren):
        manager = Person(triage, "MANAGER", person.id)
        refusal = await manager.refused("ApproveOverride", acting_on("ApproveOverride", asked))
        assert (refusal.reason, list(refusal.fields)) == ("FOUR_EYES", ["actor"])
    assert await soren.sees(asked.report_id) == asked


@pytest.mark.parametrize("role", ["SCREENER", "SUPERVISOR", "DIRECTOR", "ADMIN", "SERVICE"])
async def test_only_a_manager_approves(triage: RunningService, role: str) -> None:
    nothing = pb.Decision(report_id="00000000-0000-4000-8000-000000000000", version=1)
    refusal = await Person(triage, role).refused("ApproveOverride", acting_on("ApproveOverride", nothing))
    assert (refusal.code, refusal.reason) == (Code.PERMISSION_DENIED, "ROLE_NOT_ALLOWED")


async def test_a_manager_may_say_no(
    desk: Any, screener: Any, wren: Person, soren: Person, mara: Person, stack: Addresses
) -> None:
    asked = await requested(desk, screener, soren, wren)
    stays = await mara.decide("RefuseOverride", asked, reason="The grandmother cannot stay the night.")
    assert (stays.state, stays.recommended_tier, stays.HasField("override_request")) == (asked.state, T1, False)
    *_, record = await facts_about(stack, TOPIC, asked.report_id, 4)
    assert events.OverrideRefused.FromString(record.value or b"").refused_by == str(mara.id)
    (settled,) = (await mara.history(asked.report_id)).override_requests
    assert (settled.outcome, settled.refused_because) == ("REFUSED", "The grandmother cannot stay the night.")


async def test_of_two_managers_one_is_told_that_it_has_changed(
    desk: Any, screener: Any, wren: Person, soren: Person, mara: Person, triage: RunningService
) -> None:
    asked = await requested(desk, screener, soren, wren)
    answers = await asyncio.gather(
        mara.decide("ApproveOverride", asked),
        Person(triage, "MANAGER").decide("RefuseOverride", asked, reason="No."),
        return_exceptions=True,
    )
    (told,) = (answer for answer in answers if isinstance(answer, grpc.aio.AioRpcError))
    assert (refusal_of(told).code, refusal_of(told).reason) == (Code.ABORTED, "CONFLICT")
    assert len([answer for answer in answers if isinstance(answer, pb.Decision)]) == 1


async def test_a_screener_who_confirms_meanwhile_overtakes_the_request(
    desk: Any, screener: Any, wren: Person, soren: Person, mara: Person
) -> None:
    asked = await requested(desk, screener, soren, wren)
    decided = await wren.decide("ConfirmDecision", asked)
    assert (decided.decided_tier, decided.HasField("override_request")) == (T1, False)
    refusal = await mara.refused("ApproveOverride", acting_on("ApproveOverride", decided))
    assert refusal.reason == "WRONG_STATE"
    (settled,) = (await mara.history(asked.report_id)).override_requests
    assert settled.outcome == "OVERTAKEN"


async def test_t0_is_never_lowered(desk: Any, screener: Any, wren: Person, soren: Person) -> None:
    facts = screening_facts(None, (["PA2"], MINOR | {"violence_now": "YES"}))
    seen = await decision_on(screener, await submitted(desk, facts=facts, rang=just_now()))
    taken = await wren.decide("TakeReport", seen)
    request = acting_on("OverrideDecision", taken, screening=SCREEN_IN, tier=T1, reason=LONG, history_reviewed=True)
    refusal = await soren.refused("OverrideDecision", request)
    assert (refusal.reason, list(refusal.fields)) == ("DOWNGRADE_NOT_ALLOWED", ["tier"])


async def test_nobody_overrides_what_has_changed_since_they_saw_it(
    desk: Any, screener: Any, wren: Person, soren: Person
) -> None:
    seen = await a_t2(desk, screener)
    await wren.decide("TakeReport", seen)
    request = acting_on("OverrideDecision", seen, screening=SCREEN_IN, tier=T1, reason="He came back.")
    refusal = await soren.refused("OverrideDecision", request)
    assert (refusal.code, refusal.metadata["version"]) == (Code.ABORTED, "2")


async def test_what_could_not_be_screened_is_refused_with_the_paths_of_what_to_ask(
    desk: Any, screener: Any, wren: Person
) -> None:
    facts = screening_facts(None, (["PA2"], {"danger_now": "NO"}))
    seen = await decision_on(screener, await submitted(desk, facts=facts))
    request = acting_on("OverrideDecision", seen, screening=SCREEN_IN, tier=T1, reason="It sounds bad.")
    refusal = await wren.refused("OverrideDecision", request)
    assert (refusal.reason, "NOT_ASKED: children[0].facts.age_months" in refusal.message) == ("WRONG_STATE", True)


async def test_one_key_overrides_once(desk: Any, screener: Any, wren: Person, database: Any) -> None:
    seen = await a_t2(desk, screener)
    request = acting_on("OverrideDecision", seen, screening=SCREEN_IN, tier=T1, reason="He came back.")
    answers = await asyncio.gather(*(wren.do("OverrideDecision", request) for _ in range(5)))
    assert len({answer.SerializeToString(deterministic=True) for answer in answers}) == 1
    assert await database.fetchval("SELECT count(*) FROM triage.verdict WHERE report_id = $1", seen.report_id) == 1
