"""The decision on a report, as the model makes it (R029-R033)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from policy.canonical import canonical, sha256
from policy.errors import PackNotInForce, Refused
from policy.packs import DEFAULT_PACK, Packs
from policy.screening import ScreeningError, screen
from services.triage.model.decisions import (
    Decision,
    DecisionState,
    Problem,
    confirmed,
    evaluated,
    not_evaluated,
    opened,
)
from services.triage.model.urgency import Screening
from tests.unit.triage.reports import FACTS, PACK, RANG, REPORT


def a_decision() -> Decision:
    return opened(REPORT, evaluated(REPORT, PACK))


def test_a_report_waits_for_a_person_with_what_the_pack_recommends() -> None:
    """R029, R031."""
    decision = a_decision()
    assert decision.state is DecisionState.RECOMMENDED
    assert decision.recommendation is not None
    assert (decision.recommendation.screening, decision.recommendation.tier) == (Screening.SCREEN_IN, "T1")
    assert decision.recommendation.clocks == ("FINDING", "FIRST_CONTACT", "REPORTER_CONFIRMATION", "SCREENING_DECISION")
    assert decision.verdict is None


def test_what_is_recorded_can_be_screened_again_byte_for_byte() -> None:
    """R102."""
    decision = a_decision()
    assert decision.recommendation is not None
    assert decision.recommendation.pack == PACK.ref
    assert decision.recommendation.whole["facts_sha256"] == sha256(decision.facts)
    assert canonical(screen(PACK, decision.facts).as_json()) == canonical(decision.recommendation.whole)


def test_the_same_instant_in_another_zone_is_the_same_facts() -> None:
    elsewhere = replace(REPORT, received_at=RANG.astimezone(timezone(timedelta(hours=-6))))
    assert elsewhere.screening_input() == REPORT.screening_input()


def test_the_alleged_victims_are_the_children_with_a_criterion() -> None:
    assert a_decision().alleged_victims == ("c1",)


@pytest.mark.parametrize(("reporter", "mandated"), [("MANDATED", True), ("PERMISSIVE", False), ("UNKNOWN", False)])
def test_only_a_mandated_reporter_owes_a_confirmation(reporter: str, mandated: bool) -> None:
    facts = FACTS | {"report": FACTS["report"] | {"reporter": reporter}}
    report = replace(REPORT, facts=facts)
    decision = opened(report, evaluated(report, PACK))
    assert decision.mandated_reporter is mandated
    assert decision.recommendation is not None
    assert ("REPORTER_CONFIRMATION" in decision.recommendation.clocks) is mandated


def test_facts_that_were_not_asked_are_named_and_nothing_is_guessed() -> None:
    not_asked = FACTS | {"children": [{"id": "c1", "criteria": ["PA2"], "facts": {"danger_now": "NO"}}]}
    report = replace(REPORT, facts=not_asked)
    with pytest.raises(ScreeningError) as error:
        evaluated(report, PACK)

    decision = opened(report, not_evaluated(error.value))

    assert decision.state is DecisionState.NEEDS_FACTS
    assert decision.problem == Problem(
        "NOT_ASKED",
        tuple(
            f"children[0].facts.{name}"
            for name in ("age_months", "relation", "access", "protective_adult", "safe_place")
        ),
    )
    assert decision.recommendation is None


def test_a_report_from_before_every_pack_goes_to_a_person() -> None:
    with pytest.raises(PackNotInForce) as error:
        Packs().in_force(DEFAULT_PACK, datetime(1990, 1, 1, tzinfo=UTC))
    assert opened(REPORT, not_evaluated(error.value)).problem == Problem("PACK_NOT_IN_FORCE", (DEFAULT_PACK,))


def test_a_person_agrees_by_name_and_time() -> None:
    """R033."""
    decided = confirmed(a_decision(), by="staff-7", at=RANG + timedelta(minutes=9))
    assert decided.state is DecisionState.DECIDED
    assert decided.verdict is not None
    assert (decided.verdict.screening, decided.verdict.tier) == (Screening.SCREEN_IN, "T1")
    assert (decided.verdict.decided_by, decided.verdict.overridden) == ("staff-7", False)
    assert decided.version == 2
    assert decided.recommendation == a_decision().recommendation


def test_a_decision_stays_as_it_was_made() -> None:
    decided = confirmed(a_decision(), by="staff-7", at=RANG)
    with pytest.raises(Refused, match="WRONG_STATE"):
        confirmed(decided, by="staff-8", at=RANG)


def test_nobody_can_agree_with_a_recommendation_that_is_not_there() -> None:
    waiting = opened(REPORT, not_evaluated(ScreeningError("NOT_ASKED", ["report.child_under_18"], "ask")))
    with pytest.raises(Refused, match="WRONG_STATE: nothing is recommended"):
        confirmed(waiting, by="staff-7", at=RANG)
