"""Reviews of screen-outs: by rule, and by lot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid5

import pytest

from policy.errors import Refused
from services.triage.model import reviews, sampling
from services.triage.model.decisions import Decision, Review
from services.triage.model.urgency import Response, Screening
from tests.unit.triage.reports import PACK, RANG, REPORT, SCREENER, SUPERVISOR, confirmed_by, nothing_told

IDS = [uuid5(UUID(int=0), str(n)) for n in range(10_000)]
DRAWN = next(report_id for report_id in IDS if sampling.drawn_for_review(report_id))
NOT_DRAWN = next(report_id for report_id in IDS if not sampling.drawn_for_review(report_id))


def screened_out(*, report_id: UUID = NOT_DRAWN, reporter: str = "MANDATED") -> Decision:
    facts = nothing_told().facts
    told = {**facts, "report": {**facts["report"], "reporter": reporter}}
    report = replace(REPORT, report_id=report_id, facts=told)
    return confirmed_by(SCREENER, report)


def test_a_screen_out_is_reviewed_where_a_rule_of_the_pack_says_so() -> None:
    assert (screened_out().review, screened_out().drawn_for_review) == (Review.DUE, False)


def test_of_the_others_only_what_was_drawn_is_reviewed() -> None:
    drawn = screened_out(report_id=DRAWN, reporter="PERMISSIVE")
    assert (drawn.review, drawn.drawn_for_review) == (Review.DUE, True)
    assert drawn.verdict is not None
    assert drawn.verdict.follow_up.tasks == ("REVIEW_SCREEN_OUT",)
    assert screened_out(reporter="PERMISSIVE").review is None


def test_what_is_screened_in_is_not_reviewed_even_if_drawn() -> None:
    assert confirmed_by(SCREENER, replace(REPORT, report_id=DRAWN)).review is None


@pytest.mark.parametrize("draw", [sampling.drawn_for_review, sampling.drawn_for_rating])
def test_a_tenth_is_drawn(draw: Callable[[UUID], bool]) -> None:
    assert 900 < sum(draw(report_id) for report_id in IDS) < 1100


def test_the_draw_of_a_report_can_be_repeated_for_ever() -> None:
    """Written down, so that no change of the code changes who was drawn."""
    assert [n for n in range(60) if sampling.drawn_for_review(UUID(int=n))] == [1, 19, 22, 27, 53]
    assert [n for n in range(60) if sampling.drawn_for_rating(UUID(int=n))] == [10]


def test_the_two_draws_are_independent() -> None:
    both = sum(sampling.drawn_for_review(report_id) and sampling.drawn_for_rating(report_id) for report_id in IDS)
    assert 60 < both < 140


def test_a_second_person_upholds() -> None:
    decision = reviews.upheld(screened_out(), by=SUPERVISOR)
    assert (decision.review, decision.reviewed_by, decision.version) == (Review.UPHELD, SUPERVISOR, 3)
    assert decision.verdict == screened_out().verdict


def test_a_reversal_screens_in_with_the_clock_of_the_receipt() -> None:
    overturned = reviews.overturned(screened_out(), by=SUPERVISOR)
    at = RANG + timedelta(hours=20)
    decision = reviews.screened_in(overturned, "T2", pack=PACK, by=SUPERVISOR, at=at, reason="The school saw marks.")
    assert decision.verdict is not None
    assert decision.verdict.response == Response(Screening.SCREEN_IN, "T2")
    assert (decision.verdict.decided_by, decision.verdict.decided_at) == (SUPERVISOR, at)
    assert {"FIRST_CONTACT", "REPORTER_CONFIRMATION"} <= set(decision.verdict.follow_up.clocks)
    assert (decision.received_at, decision.review, decision.version) == (RANG, Review.REVERSED, 4)


def test_a_reversal_without_a_tier_needs_one() -> None:
    overturned = reviews.overturned(screened_out(), by=SUPERVISOR)
    with pytest.raises(Refused) as error:
        reviews.screened_in(overturned, None, pack=PACK, by=SUPERVISOR, at=RANG, reason="Marks.")
    assert error.value.field == "tier"


@pytest.mark.parametrize("review", [reviews.upheld, reviews.overturned])
def test_who_screened_out_does_not_review(review: Callable[..., Decision]) -> None:
    with pytest.raises(Refused) as error:
        review(screened_out(), by=SCREENER)
    assert (error.value.reason, error.value.field) == ("FOUR_EYES", "actor")


def test_what_is_not_due_is_not_reviewed() -> None:
    for decision in (screened_out(reporter="PERMISSIVE"), reviews.upheld(screened_out(), by=SUPERVISOR)):
        with pytest.raises(Refused, match="no review of this report is due"):
            reviews.upheld(decision, by="staff-9")
