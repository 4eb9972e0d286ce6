"""How far two screeners agree about the same reports: percent agreement and Cohen's kappa, with intervals (R040)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import sqrt

from policy.intervals import Z95, Interval, proportion_interval


@dataclass(frozen=True, slots=True)
class Agreement:
    """The agreement of two raters over `pairs` reports.

    `agreed` of them were rated alike; `share` is that as a part of 1, None without a pair. `kappa` is what is left of
    it beyond chance, from -1 to 1; None where chance alone would agree on everything, so that nothing can be said.
    """

    pairs: int
    agreed: int
    share: float | None
    share_interval: Interval | None
    kappa: float | None
    kappa_interval: Interval | None


def agreement(ratings: Iterable[tuple[str, str]]) -> Agreement:
    """The agreement of the first rater with the second, each pair being their codes for one report."""
    cells = Counter(ratings)
    pairs = cells.total()
    if not pairs:
        return Agreement(0, 0, None, None, None, None)
    agreed = sum(count for (first, second), count in cells.items() if first == second)
    shares = {cell: count / pairs for cell, count in cells.items()}
    first, second = _margins(shares)
    by_chance = sum(share * second.get(code, 0.0) for code, share in first.items())
    share, interval = agreed / pairs, proportion_interval(agreed, pairs)
    # Exact in the counts: both raters gave one and the same code to every report.
    if len(cells) == 1 and agreed == pairs:
        return Agreement(pairs, agreed, share, interval, None, None)
    kappa = (share - by_chance) / (1 - by_chance)
    reach = Z95 * sqrt(_variance(shares, first, second, share, by_chance) / pairs)
    within = Interval(max(-1.0, kappa - reach), min(1.0, kappa + reach))
    return Agreement(pairs, agreed, share, interval, kappa, within)


def _margins(shares: Mapping[tuple[str, str], float]) -> tuple[Mapping[str, float], Mapping[str, float]]:
    first: defaultdict[str, float] = defaultdict(float)
    second: defaultdict[str, float] = defaultdict(float)
    for (one, other), share in shares.items():
        first[one] += share
        second[other] += share
    return first, second


def _variance(
    shares: Mapping[tuple[str, str], float],
    first: Mapping[str, float],
    second: Mapping[str, float],
    agreed: float,
    by_chance: float,
) -> float:
    """The large-sample variance of kappa for one pair (Fleiss, Cohen and Everitt, 1969)."""
    left = 1 - by_chance
    like = sum(
        share * (left - (first[one] + second[one]) * (1 - agreed)) ** 2
        for (one, other), share in shares.items()
        if one == other
    )
    unlike = sum(
        share * (second.get(one, 0.0) + first.get(other, 0.0)) ** 2
        for (one, other), share in shares.items()
        if one != other
    )
    whole = like + (1 - agreed) ** 2 * unlike - (agreed * by_chance - 2 * by_chance + agreed) ** 2
    return max(0.0, whole) / left**4
