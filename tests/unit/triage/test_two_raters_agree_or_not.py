"""Second, blind ratings, and what their agreement is (R040)."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid5

import pytest

from policy.errors import Refused
from services.triage.model import ratings
from services.triage.model.decisions import Decision
from services.triage.model.ratings import Agreement, agreement
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


def pairs(table: list[list[int]]) -> list[tuple[str, str]]:
    return [
        (str(row), str(column))
        for row, counts in enumerate(table)
        for column, count in enumerate(counts)
        for _ in range(count)
    ]


def test_kappa_and_its_interval_are_those_of_the_literature() -> None:
    """The worked example of Fleiss, Cohen and Everitt (1969)."""
    found = agreement(pairs([[75, 1, 4], [5, 4, 1], [0, 0, 10]]))
    assert (found.pairs, found.agreed) == (100, 89)
    assert found.kappa is not None
    assert found.interval is not None
    assert found.kappa == pytest.approx(0.676, abs=0.0005)
    assert (found.interval[1] - found.interval[0]) / 2 / 1.96 == pytest.approx(0.088, abs=0.0005)


def test_chance_agreement_is_no_agreement() -> None:
    found = agreement(pairs([[25, 25], [25, 25]]))
    assert found.agreed == 50
    assert found.kappa == pytest.approx(0.0)


def test_where_nobody_ever_differs_kappa_may_not_be_defined() -> None:
    assert agreement([]) == Agreement(0, 0)
    assert agreement([("T1", "T1")] * 9) == Agreement(9, 9)
    assert agreement([("T1", "T1"), ("T2", "T2")]) == Agreement(2, 2, 1.0, (1.0, 1.0))
