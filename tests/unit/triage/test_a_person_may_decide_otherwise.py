"""Overrides: upward freely, downward one tier, by another person, on conditions (R030, R033)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from policy.errors import Refused
from services.triage.model import overrides
from services.triage.model.decisions import Decision, DecisionState, taken
from services.triage.model.overrides import Circumstances, Override
from services.triage.model.urgency import Response, Screening, is_less
from tests.unit.triage.reports import (
    MANAGER,
    PACK,
    RANG,
    SCREENER,
    SUPERVISOR,
    confirmed_by,
    nothing_told,
    told,
    waiting,
)

LATER = RANG + timedelta(minutes=20)
LONG = "The alleged person moved out in May and the grandmother, who lives there now, was spoken to twice today."
NOT_YET = Circumstances(PACK, contacted=False)


def a_t2() -> Decision:
    """A child of nine with a minor mark, whom the alleged person can reach: line P10."""
    return waiting(told(severity=1))


def override(decision: Decision, **given: Any) -> Decision:
    """A supervisor lowers, or whatever else is named."""
    asked: dict[str, Any] = {"screening": Screening.SCREEN_IN, "tier": None, "reason": LONG, "history_reviewed": True}
    asked |= {name: given.pop(name) for name in tuple(given) if name in asked}
    by, at = given.pop("by", SUPERVISOR), given.pop("at", LATER)
    circumstances = Circumstances(PACK, contacted=given.pop("contacted", False))
    assert not given
    return overrides.overridden(decision, Override(**asked), circumstances, request_id=UUID(int=9), by=by, at=at)


def refused(decision: Decision, **given: Any) -> Refused:
    with pytest.raises(Refused) as error:
        override(decision, **given)
    return error.value


def test_the_examples_are_of_the_tiers_they_are_meant_to_be() -> None:
    assert [d.recommendation.tier for d in (waiting(), a_t2()) if d.recommendation] == ["T1", "T2"]


def test_upward_anyone_who_screens_decides_with_a_reason() -> None:
    decision = override(a_t2(), tier="T0", reason="He is on his way to the school.", by=SCREENER)
    assert decision.verdict is not None
    assert decision.verdict.response == Response(Screening.SCREEN_IN, "T0")
    assert (decision.verdict.overridden, decision.verdict.reason) == (True, "He is on his way to the school.")
    assert "ON_SCENE" in decision.verdict.follow_up.clocks
    assert (decision.state, decision.version) == (DecisionState.DECIDED, 2)


def test_what_was_decided_may_still_be_raised() -> None:
    decision = override(confirmed_by(SCREENER), tier="T0", reason="He came back.", by=SCREENER)
    assert decision.verdict is not None
    assert decision.verdict.tier == "T0"


@pytest.mark.parametrize("reason", ["", "   "])
def test_no_override_without_a_reason(reason: str) -> None:
    refusal = refused(a_t2(), tier="T1", reason=reason)
    assert (refusal.reason, refusal.field) == ("REASON_REQUIRED", "reason")


def test_a_supervisor_lowers_by_one_tier_what_another_person_screened() -> None:
    decision = override(taken(a_t2(), by=SCREENER), tier="T3")
    assert decision.verdict is not None
    assert (decision.verdict.tier, decision.verdict.decided_by) == ("T3", SUPERVISOR)
    assert decision.recommendation == a_t2().recommendation


@pytest.mark.parametrize(
    ("given", "reason", "field"),
    [
        ({"tier": "T4"}, "DOWNGRADE_NOT_ALLOWED", "tier"),
        ({"tier": "T3", "reason": LONG[:79]}, "REASON_REQUIRED", "reason"),
        ({"tier": "T3", "reason": LONG[:79] + " " * 40}, "REASON_REQUIRED", "reason"),
        ({"tier": "T3", "history_reviewed": False}, "DOWNGRADE_NOT_ALLOWED", "history_reviewed"),
        ({"tier": "T3", "by": SCREENER}, "FOUR_EYES", "actor"),
        ({"tier": "T3", "contacted": True}, "DOWNGRADE_NOT_ALLOWED", None),
        ({"tier": "T3", "at": RANG + timedelta(days=5)}, "DOWNGRADE_NOT_ALLOWED", None),
        ({"screening": Screening.SCREEN_OUT, "contacted": True}, "DOWNGRADE_NOT_ALLOWED", None),
        ({"screening": Screening.ALTERNATIVE, "history_reviewed": False}, "DOWNGRADE_NOT_ALLOWED", "history_reviewed"),
    ],
)
def test_each_condition_of_less_urgency_is_asked(given: dict[str, Any], reason: str, field: str | None) -> None:
    refusal = refused(taken(a_t2(), by=SCREENER), **given)
    assert (refusal.reason, refusal.field) == (reason, field)


def test_a_reason_of_eighty_characters_is_long_enough() -> None:
    assert override(taken(a_t2(), by=SCREENER), tier="T3", reason=LONG[:80].strip().ljust(80, ".")).verdict


def test_the_last_second_before_the_deadline_is_early_enough() -> None:
    assert override(taken(a_t2(), by=SCREENER), tier="T3", at=RANG + timedelta(days=5, seconds=-1)).verdict


@pytest.mark.parametrize("fact", ["access", "protective_adult", "safe_place"])
def test_nobody_lowers_what_is_not_known(fact: str) -> None:
    """The second child is of a kind with the first, but for what nobody could say."""
    decision = waiting(told([{"severity": 1, fact: "UNKNOWN"}], severity=1))
    refusal = refused(taken(decision, by=SCREENER), tier="T3")
    assert (refusal.reason, refusal.field) == ("DOWNGRADE_NOT_ALLOWED", f"children[1].facts.{fact}")


def test_nobody_lowers_alone_what_nobody_has_screened() -> None:
    refusal = refused(a_t2(), tier="T3")
    assert (refusal.reason, refusal.field) == ("FOUR_EYES", "report_id")


def test_who_took_it_first_is_a_screener_even_after_somebody_else_took_it() -> None:
    twice = taken(taken(a_t2(), by=SUPERVISOR), by=SCREENER)
    assert refused(twice, tier="T3").reason == "FOUR_EYES"


def test_t0_is_never_lowered_by_whoever_and_however() -> None:
    decision = taken(waiting(told(violence_now="YES")), by=SCREENER)
    for given in ({"tier": "T1"}, {"screening": Screening.SCREEN_OUT}, {"screening": Screening.ALTERNATIVE}):
        refusal = refused(decision, **given)
        assert (refusal.reason, refusal.field) == ("DOWNGRADE_NOT_ALLOWED", "tier")


def test_neither_is_what_a_person_raised_to_t0() -> None:
    raised = override(taken(a_t2(), by=SCREENER), tier="T0", reason="He is on his way.", by=SCREENER)
    assert refused(raised, tier="T1").reason == "DOWNGRADE_NOT_ALLOWED"


def test_one_tier_is_counted_from_what_is_recommended_too() -> None:
    """Two supervisors cannot walk a report down the stairs."""
    once = override(taken(a_t2(), by=SCREENER), tier="T3")
    assert refused(once, tier="T4", by="staff-9").field == "tier"


def test_from_t1_a_manager_must_approve_and_nothing_is_decided_before() -> None:
    decision = override(taken(waiting(), by=SCREENER), tier="T2")
    assert (decision.state, decision.verdict) == (DecisionState.RECOMMENDED, None)
    assert decision.request is not None
    assert (decision.request.requested_by, decision.request.response.tier) == (SUPERVISOR, "T2")


def test_the_manager_is_a_third_person() -> None:
    requested = override(taken(waiting(), by=SCREENER), tier="T2")
    for person in (SCREENER, SUPERVISOR):
        with pytest.raises(Refused) as error:
            overrides.approved(requested, NOT_YET, by=person, at=LATER)
        assert (error.value.reason, error.value.field) == ("FOUR_EYES", "actor")


def test_what_a_manager_approves_is_the_requesters_decision_under_both_names() -> None:
    requested = override(taken(waiting(), by=SCREENER), tier="T2")
    decision = overrides.approved(requested, NOT_YET, by=MANAGER, at=LATER)
    assert decision.verdict is not None
    assert (decision.verdict.decided_by, decision.verdict.approved_by) == (SUPERVISOR, MANAGER)
    assert (decision.verdict.tier, decision.request) == ("T2", None)


@pytest.mark.parametrize(
    ("circumstances", "at"), [(Circumstances(PACK, contacted=True), LATER), (NOT_YET, RANG + timedelta(hours=24))]
)
def test_an_approval_may_come_too_late(circumstances: Circumstances, at: datetime) -> None:
    requested = override(taken(waiting(), by=SCREENER), tier="T2")
    with pytest.raises(Refused, match="DOWNGRADE_NOT_ALLOWED"):
        overrides.approved(requested, circumstances, by=MANAGER, at=at)


def test_what_a_manager_refuses_stays_as_it_stood() -> None:
    before = taken(waiting(), by=SCREENER)
    after = overrides.refused(override(before, tier="T2"))
    assert (after.state, after.verdict, after.request) == (before.state, None, None)


def test_screening_out_against_the_pack_keeps_the_tier_and_is_reviewed() -> None:
    decision = override(taken(a_t2(), by=SCREENER), screening=Screening.SCREEN_OUT)
    assert decision.verdict is not None
    assert decision.verdict.response == Response(Screening.SCREEN_OUT, "T2")
    assert "REVIEW_SCREEN_OUT" in decision.verdict.follow_up.tasks
    assert decision.verdict.follow_up.clocks == ("SCREENING_DECISION",)


def test_who_is_screened_in_gets_a_tier() -> None:
    nothing_alleged = waiting(nothing_told())
    assert refused(nothing_alleged, by=SCREENER).field == "tier"
    decision = override(nothing_alleged, tier="T3", by=SCREENER, reason="A teacher called too.")
    assert decision.verdict is not None
    assert "FIRST_CONTACT" in decision.verdict.follow_up.clocks


def test_an_override_that_changes_nothing_is_none() -> None:
    assert refused(waiting(), tier="T1").message == "this is what is recommended: confirm it"
    assert refused(confirmed_by(SCREENER), tier="T1").message == "this is what was decided"


@pytest.mark.parametrize(
    ("response", "than", "less"),
    [
        (("SCREEN_IN", "T1"), ("SCREEN_IN", "T0"), True),
        (("SCREEN_IN", "T0"), ("SCREEN_IN", "T1"), False),
        (("SCREEN_IN", "T1"), ("SCREEN_IN", "T1"), False),
        (("ALTERNATIVE", "T1"), ("SCREEN_IN", "T1"), True),
        (("SCREEN_OUT", "T1"), ("ALTERNATIVE", "T1"), True),
        (("SERVICE", None), ("SCREEN_OUT", None), False),
        (("INFORMATION", None), ("SERVICE", "T4"), True),
        (("SCREEN_IN", "T3"), ("SCREEN_OUT", "T2"), True),
    ],
)
def test_less_is_a_weaker_answer_or_a_later_one(
    response: tuple[str, str | None], than: tuple[str, str | None], less: bool
) -> None:
    one, other = Response(Screening(response[0]), response[1]), Response(Screening(than[0]), than[1])
    assert is_less(one, other) is less
