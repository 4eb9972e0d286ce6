"""A report that repeats another is closed into it, and never answered less for that."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from policy.errors import Refused
from policy.screening import ScreeningError
from services.triage.model.decisions import (
    Decision,
    DecisionState,
    Submission,
    confirmed,
    merged,
    not_evaluated,
    opened,
    taken,
)
from tests.unit.triage.reports import REPORT, SCREENER, confirmed_by, nothing_told, told, waiting


def another(report: Submission = REPORT, number: int = 2) -> Submission:
    return replace(report, report_id=UUID(int=number), reference="M4XK-7TD0")


def refused(duplicate: Decision, into: Decision) -> Refused:
    with pytest.raises(Refused) as error:
        merged(duplicate, into)
    return error.value


@pytest.mark.parametrize("into", [waiting(another()), confirmed_by(SCREENER, another(told(violence_now="YES")))])
def test_a_duplicate_refers_to_the_report_that_it_repeats(into: Decision) -> None:
    decision = merged(waiting(), into)
    assert (decision.state, decision.merged_into) == (DecisionState.MERGED, into.report_id)


@pytest.mark.parametrize("into", [waiting(another(told(severity=1))), confirmed_by(SCREENER, another(nothing_told()))])
def test_no_urgency_is_lost_in_a_merge(into: Decision) -> None:
    refusal = refused(waiting(), into)
    assert (refusal.reason, refusal.field) == ("DOWNGRADE_NOT_ALLOWED", "into_report_id")


def test_what_nobody_could_screen_may_be_urgent() -> None:
    unknown = opened(REPORT, not_evaluated(ScreeningError("NOT_ASKED", ["report.child_under_18"], "ask")))
    assert refused(unknown, waiting(another(told(violence_now="YES")))).field == "into_report_id"


@pytest.mark.parametrize("report", [told(violence_now="YES"), REPORT, told(severity=1), nothing_told()])
def test_nothing_is_merged_into_what_nobody_could_screen(report: Submission) -> None:
    """Nobody knows how urgent that one is, and what is owed because of the duplicate would be void."""
    unknown = opened(another(), not_evaluated(ScreeningError("NOT_ASKED", ["report.child_under_18"], "ask")))
    for duplicate in (waiting(report), confirmed_by(SCREENER, report)):
        refusal = refused(duplicate, unknown)
        assert (refusal.reason, refusal.field) == ("DOWNGRADE_NOT_ALLOWED", "into_report_id")


def test_a_report_is_merged_once_and_not_into_itself_nor_into_a_merged_one() -> None:
    gone = merged(waiting(another()), waiting(another(number=3)))
    assert refused(waiting(), waiting()).reason == "INVALID_REQUEST"
    assert refused(gone, waiting()).reason == "WRONG_STATE"
    assert refused(waiting(), gone).field == "into_report_id"


def test_nobody_decides_on_a_merged_report() -> None:
    gone = merged(waiting(), waiting(another()))
    with pytest.raises(Refused, match="merged into another"):
        confirmed(gone, by=SCREENER, at=REPORT.received_at)
    with pytest.raises(Refused, match="merged into another"):
        taken(gone, by=SCREENER)
