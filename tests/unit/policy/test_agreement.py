"""Inter-rater agreement, against figures worked out by hand and against resampling (R040)."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy.agreement import agreement
from policy.intervals import Interval, proportion_interval

CODES = st.sampled_from(["T0", "T1", "T2", "T3", "T4"])


def rated(**counts: int) -> list[tuple[str, str]]:
    """`T1_T2=3`: three reports that the first rater called T1 and the second T2."""
    return [(cell[:2], cell[3:]) for cell, count in counts.items() for _ in range(count)]


def test_agreement_beyond_chance_as_worked_out_by_hand() -> None:
    """50 reports, 35 alike; the margins (25:25 and 30:20) alone would give 25."""
    found = agreement(rated(T1_T1=20, T1_T2=5, T2_T1=10, T2_T2=15))
    assert (found.pairs, found.agreed, found.share) == (50, 35, 0.7)
    assert found.kappa == pytest.approx(0.4)


def test_raters_who_agree_as_often_as_chance_have_a_kappa_of_nothing() -> None:
    found = agreement(rated(T1_T1=25, T1_T2=25, T2_T1=25, T2_T2=25))
    assert found.kappa == pytest.approx(0.0)
    assert found.kappa_interval is not None
    assert found.kappa_interval.low < 0 < found.kappa_interval.high


def test_raters_who_always_agree_on_different_codes_have_a_kappa_of_one() -> None:
    found = agreement(rated(T1_T1=10, T3_T3=10))
    assert (found.share, found.kappa) == (1.0, 1.0)


def test_nothing_is_said_beyond_chance_where_only_one_code_was_ever_used() -> None:
    found = agreement(rated(T2_T2=12))
    assert (found.share, found.kappa, found.kappa_interval) == (1.0, None, None)


def test_nothing_is_said_of_no_reports() -> None:
    assert agreement([]) == agreement(iter(()))
    assert (agreement([]).pairs, agreement([]).share, agreement([]).kappa) == (0, None, None)


def test_the_interval_is_the_one_resampling_finds() -> None:
    ratings = rated(T0_T0=30, T0_T1=8, T1_T0=4, T1_T1=70, T1_T2=21, T2_T1=15, T2_T2=90, T2_T3=12, T3_T2=9, T3_T3=41)
    rng = random.Random(5)
    kappas = sorted(agreement(rng.choices(ratings, k=len(ratings))).kappa or 0.0 for _ in range(2_000))
    found = agreement(ratings).kappa_interval
    assert found is not None
    assert found.low == pytest.approx(kappas[50], abs=0.015)
    assert found.high == pytest.approx(kappas[1_949], abs=0.015)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(CODES, CODES), min_size=1, max_size=60))
def test_figures_stay_within_their_bounds_and_within_their_intervals(ratings: list[tuple[str, str]]) -> None:
    found = agreement(ratings)
    assert found.share is not None
    assert found.share_interval is not None
    assert 0 <= found.share_interval.low <= found.share <= found.share_interval.high <= 1
    if found.kappa is not None:
        assert found.kappa_interval is not None
        assert -1 <= found.kappa_interval.low <= found.kappa <= found.kappa_interval.high <= 1


@given(st.lists(st.tuples(CODES, CODES), min_size=1, max_size=60))
def test_it_does_not_matter_who_is_the_first_rater(ratings: list[tuple[str, str]]) -> None:
    one, other = agreement(ratings), agreement((second, first) for first, second in ratings)
    assert one.share == other.share
    assert one.kappa == pytest.approx(other.kappa)


def test_an_interval_of_few_reports_is_wide_and_of_none_says_nothing() -> None:
    few, many = proportion_interval(1, 10), proportion_interval(100, 1_000)
    assert few.low == pytest.approx(0.0179, abs=1e-4)
    assert few.high == pytest.approx(0.4042, abs=1e-4)
    assert few.low < many.low < 0.1 < many.high < few.high
    assert proportion_interval(0, 0) == Interval(0.0, 1.0)
