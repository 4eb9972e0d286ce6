"""A person decides SCREEN_IN, ALTERNATIVE, SCREEN_OUT, INFORMATION or SERVICE: what is owed because of each (R033)."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from policy.errors import Refused
from services.triage.model import overrides, sampling
from services.triage.model.decisions import Decision, Review, Submission, Verdict, confirmed
from services.triage.model.overrides import Circumstances, Override
from services.triage.model.urgency import Screening
from tests.unit.triage.reports import PACK, RANG, SCREENER, nothing_told, told, waiting

# A mark on a child of nine, made by somebody at school who is no caregiver: the pack says SCREEN_OUT, NOT_CAREGIVER.
BY_A_STRANGER = told(relation="OTHER", report={"setting": "SCHOOL"})
BY_LOT = next(UUID(int=n) for n in range(60) if sampling.drawn_for_review(UUID(int=n)))
NOT_BY_LOT = next(UUID(int=n) for n in range(60) if not sampling.drawn_for_review(UUID(int=n)))
NOBODY_GOES = [Screening.SCREEN_OUT, Screening.INFORMATION, Screening.SERVICE]


def decided(report: Submission, screening: Screening, tier: str | None = None) -> Decision:
    """The report as one screener decides it."""
    before = waiting(report)
    assert before.recommendation is not None
    if before.recommendation.screening is screening:
        return confirmed(before, by=SCREENER, at=RANG)
    override = Override(screening, tier, "The mother has asked the school for help.", history_reviewed=False)
    circumstances = Circumstances(PACK, contacted=False)
    return overrides.overridden(before, override, circumstances, request_id=UUID(int=9), by=SCREENER, at=RANG)


def verdict_on(report: Submission, screening: Screening) -> Verdict:
    verdict = decided(report, screening).verdict
    assert verdict is not None
    return verdict


def test_the_example_is_screened_out_at_t1_because_no_caregiver_did_it() -> None:
    recommendation = waiting(BY_A_STRANGER).recommendation
    assert recommendation is not None
    assert (recommendation.screening, recommendation.tier) == (Screening.SCREEN_OUT, "T1")
    assert recommendation.whole["reason"] == "NOT_CAREGIVER"


@pytest.mark.parametrize(
    ("screening", "review", "tasks", "clocks"),
    [
        (
            Screening.SCREEN_IN,
            None,
            (),
            ("FINDING", "FIRST_CONTACT", "REPORTER_CONFIRMATION", "SCREENING_DECISION"),
        ),
        (Screening.ALTERNATIVE, None, (), ("FIRST_CONTACT", "REPORTER_CONFIRMATION", "SCREENING_DECISION")),
        (Screening.SCREEN_OUT, Review.DUE, ("SUPERVISOR_FLAG", "REVIEW_SCREEN_OUT"), ("SCREENING_DECISION",)),
        (Screening.INFORMATION, Review.DUE, ("SUPERVISOR_FLAG", "REVIEW_SCREEN_OUT"), ("SCREENING_DECISION",)),
        (Screening.SERVICE, Review.DUE, ("SUPERVISOR_FLAG", "REVIEW_SCREEN_OUT"), ("SCREENING_DECISION",)),
    ],
)
def test_each_kind_of_decision_has_its_tasks_and_clocks_and_all_tell_the_same_others(
    screening: Screening, review: Review | None, tasks: tuple[str, ...], clocks: tuple[str, ...]
) -> None:
    """R033: what the facts say of who did it, and where, holds whatever a person decides."""
    decision = decided(BY_A_STRANGER, screening)
    assert decision.verdict is not None
    assert (decision.verdict.screening, decision.review) == (screening, review)
    assert decision.verdict.follow_up.tasks == tasks
    assert decision.verdict.follow_up.clocks == clocks
    assert decision.verdict.follow_up.cross_reports == ("LAW_ENFORCEMENT", "LICENSING")


@pytest.mark.parametrize("screening", NOBODY_GOES)
def test_a_report_of_another_state_is_transferred_whatever_it_is_called(screening: Screening) -> None:
    assert "TRANSFER" in verdict_on(told(report={"jurisdiction": "OUT"}), screening).follow_up.tasks


@pytest.mark.parametrize("screening", NOBODY_GOES)
def test_the_lot_falls_on_all_whom_nobody_goes_to_see(screening: Screening) -> None:
    by_lot = decided(replace(nothing_told(), report_id=BY_LOT), screening)
    not_by_lot = decided(replace(nothing_told(), report_id=NOT_BY_LOT), screening)
    assert (by_lot.review, by_lot.drawn_for_review) == (Review.DUE, True)
    assert (not_by_lot.review, not_by_lot.drawn_for_review) == (None, False)


def test_a_child_that_cannot_be_found_is_looked_for_by_whoever_goes() -> None:
    hidden = told(relation="OTHER", report={"can_be_located": "NO"})
    for screening in (Screening.SCREEN_IN, Screening.ALTERNATIVE):
        assert "LOCATE" in verdict_on(hidden, screening).follow_up.tasks


@pytest.mark.parametrize("screening", [Screening.SCREEN_IN, Screening.ALTERNATIVE])
def test_nobody_is_sent_without_a_time_by_which_to_go(screening: Screening) -> None:
    with pytest.raises(Refused) as error:
        decided(nothing_told(), screening)
    assert error.value.field == "tier"
    verdict = decided(nothing_told(), screening, tier="T3").verdict
    assert verdict is not None
    assert "FIRST_CONTACT" in verdict.follow_up.clocks
