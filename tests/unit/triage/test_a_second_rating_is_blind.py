"""Second, blind ratings of a report (R040)."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid5

import pytest

from policy.errors import Refused
from services.triage.model import ratings
from services.triage.model.decisions import Decision
from services.triage.model.sampling import drawn_for_rating
from services.triage.model.urgency import Response, Screening
from tests.unit.triage.reports import RANG, REPORT, SCREENER, SUPERVISOR, confirmed_by, waiting

IDS = [uuid5(UUID(int=0), str(n)) for n in range(100)]
DRAWN = replace(REPORT, report_id=next(report_id for report_id in IDS if drawn_for_rating(report_id)))
NOT_DRAWN = replace(REPORT, report_id=next(report_id for report_id in IDS if not drawn_for_rating(report_id)))
AGREED = Response(Screening.SCREEN_IN, "T1")


def test_another_screener_rates_what_was_drawn() -> None:
    rating = ratings.rated(ratings.taken(confirmed_by(SCREENER, DRAWN), by="staff-9"), AGREED, by="staff-9", at=RANG)
    assert (rating.response, rating.rated_at) == (AGREED, RANG)


@pytest.mark.parametrize(
    ("decision", "by", "reason"),
    [
        (confirmed_by(SCREENER, DRAWN), SCREENER, "FOUR_EYES"),
        (confirmed_by(SCREENER, NOT_DRAWN), SUPERVISOR, "WRONG_STATE"),
        (waiting(DRAWN), SUPERVISOR, "WRONG_STATE"),
    ],
)
def test_nobody_rates_their_own_nor_what_was_not_drawn_or_waits(decision: Decision, by: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        ratings.taken(decision, by=by)


def test_a_rating_is_given_once_by_who_took_it() -> None:
    rating = ratings.taken(confirmed_by(SCREENER, DRAWN), by="staff-9")
    with pytest.raises(Refused, match="FOUR_EYES"):
        ratings.rated(rating, AGREED, by=SUPERVISOR, at=RANG)
    with pytest.raises(Refused, match="a rating stays"):
        ratings.rated(ratings.rated(rating, AGREED, by="staff-9", at=RANG), AGREED, by="staff-9", at=RANG)
