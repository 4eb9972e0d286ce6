"""More is known of a report: what follows the new facts, and what stands (R038)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from policy.screening import ScreeningError
from services.triage.model import overrides
from services.triage.model.decisions import (
    Decision,
    DecisionState,
    Submission,
    decided,
    evaluated,
    merged,
    not_evaluated,
    recommendation_of,
    rescreened,
    taken,
)
from services.triage.model.overrides import Circumstances, Override
from services.triage.model.urgency import Response, Screening
from tests.unit.triage.reports import PACK, RANG, REPORT, SCREENER, SUPERVISOR, confirmed_by, told, waiting

AMENDED_AT = RANG + timedelta(days=3)
LONG = "The alleged person moved out in May and the grandmother, who lives there now, was spoken to twice today."


def amended(decision: Decision, **answers: Any) -> Decision:
    """The decision after an amendment with these answers."""
    report = replace(told(**answers), version=2, amended_at=AMENDED_AT)
    return rescreened(decision, report, evaluated(report, PACK))


def of(decision: Decision) -> Response:
    return recommendation_of(decision).response


def test_what_waits_follows_the_new_facts_with_the_clock_of_the_receipt() -> None:
    decision = amended(waiting(), violence_now="YES")
    assert of(decision) == Response(Screening.SCREEN_IN, "T0")
    assert (decision.state, decision.version, decision.report_version) == (DecisionState.RECOMMENDED, 2, 2)
    assert decision.received_at == RANG
    assert recommendation_of(decision).whole["due"]["ON_SCENE"].startswith("2026-11-02T13:30:00")


def test_what_was_decided_waits_again_when_it_turns_out_more_urgent() -> None:
    decision = amended(confirmed_by(SCREENER), violence_now="YES")
    assert (decision.state, decision.verdict) == (DecisionState.RECOMMENDED, None)
    assert of(decision).tier == "T0"


def test_nothing_is_lowered_by_itself_but_offered_to_people() -> None:
    before = confirmed_by(SCREENER)
    decision = amended(before, severity=1, access="LATER", protective_adult="YES")
    assert (decision.state, decision.verdict) == (DecisionState.DECIDED, before.verdict)
    assert of(decision).tier == "T3"
    assert decision.lower_offered
    assert not before.lower_offered


def test_what_a_person_raised_stands_while_the_facts_ask_for_no_more() -> None:
    asked = Override(Screening.SCREEN_IN, "T0", "He is on his way.", history_reviewed=False)
    circumstances = Circumstances(PACK, contacted=False)
    raised = overrides.overridden(
        waiting(told(severity=1)), asked, circumstances, request_id=UUID(int=9), by=SCREENER, at=RANG
    )
    decision = amended(raised, severity=2)
    assert (of(decision).tier, decision.verdict) == ("T1", raised.verdict)
    assert not decision.lower_offered


def test_what_a_person_lowered_stands_while_the_recommendation_stays_the_same() -> None:
    lowered = decided(
        taken(waiting(told(severity=1)), by=SCREENER),
        Response(Screening.SCREEN_IN, "T3"),
        follow_up=recommendation_of(waiting()).follow_up,
        by=SUPERVISOR,
        at=RANG,
        reason=LONG,
    )
    assert amended(lowered, severity=1, last_incident_days=3).verdict == lowered.verdict
    assert amended(lowered, severity=2).state is DecisionState.RECOMMENDED


def test_a_request_to_lower_is_overtaken_by_new_facts() -> None:
    asked = Override(Screening.SCREEN_IN, "T2", LONG, history_reviewed=True)
    requested = overrides.overridden(
        taken(waiting(), by=SCREENER),
        asked,
        Circumstances(PACK, contacted=False),
        request_id=UUID(int=9),
        by=SUPERVISOR,
        at=RANG,
    )
    assert requested.request is not None
    assert amended(requested, last_incident_days=2).request is None


@pytest.mark.parametrize("before", [waiting(), confirmed_by(SCREENER)])
def test_facts_that_can_no_longer_be_screened_put_a_report_on_top(before: Decision) -> None:
    error = ScreeningError("NOT_ASKED", ["children[0].facts.access"], "ask")
    decision = rescreened(before, replace(REPORT, version=2), not_evaluated(error))
    assert (decision.state, decision.recommendation, decision.verdict) == (DecisionState.NEEDS_FACTS, None, None)


def test_facts_that_are_completed_can_be_screened() -> None:
    error = ScreeningError("NOT_ASKED", ["children[0].facts.access"], "ask")
    waiting_for_facts = rescreened(waiting(), replace(REPORT, version=2), not_evaluated(error))
    decision = amended(waiting_for_facts)
    assert (decision.state, decision.problem, of(decision).tier) == (DecisionState.RECOMMENDED, None, "T1")


def test_a_duplicate_that_tells_something_new_waits_on_its_own_again() -> None:
    duplicate = merged(waiting(), waiting(other()))
    decision = amended(duplicate, last_incident_days=2)
    assert (decision.state, decision.merged_into) == (DecisionState.RECOMMENDED, None)


def test_its_screeners_stay_its_screeners() -> None:
    assert amended(confirmed_by(SCREENER), violence_now="YES").screeners == (SCREENER,)


def other() -> Submission:
    return replace(REPORT, report_id=UUID(int=2))
