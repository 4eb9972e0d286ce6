"""Intervals: how far a figure from few reports may be from what many would show."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

Z95 = 1.959963984540054
"""How many standard errors reach 95 % of a normal distribution, both ways."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % interval: the figure lies from `low` to `high`."""

    low: float
    high: float


def proportion_interval(count: int, total: int) -> Interval:
    """The Wilson score interval of `count` in `total`; from 0 to 1 if there is nothing to count.

    Wilson's, because it stays honest where groups are small and shares near nothing: rare languages, rare tiers.
    """
    if total == 0:
        return Interval(0.0, 1.0)
    share, z2 = count / total, Z95 * Z95
    middle = (share + z2 / (2 * total)) / (1 + z2 / total)
    reach = Z95 * sqrt(share * (1 - share) / total + z2 / (4 * total * total)) / (1 + z2 / total)
    # Rounding may put a bound on the wrong side of the share itself, or of nothing and all.
    return Interval(max(0.0, min(share, middle - reach)), min(1.0, max(share, middle + reach)))
