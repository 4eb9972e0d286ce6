"""The values of a fact that are worth trying: every answer, and for whole numbers those around each threshold."""

from __future__ import annotations

import re
from collections.abc import Iterable

from policy.screening.rules import Fact, Value


def telling_values(fact: Fact, conditions: Iterable[str]) -> tuple[Value, ...]:
    """Values of a fact between which these conditions can tell, from least to most dangerous if it has a direction.

    For a whole number: its least value and, of each number it is compared with, that number and both neighbours.
    """
    if not fact.integer:
        return (False, True) if fact.reference else fact.values
    compared = re.compile(rf"\b{fact.id}\s*(?:<=|>=|<|>|==|!=)\s*(\d+)")
    thresholds = {int(number) for source in conditions for number in compared.findall(source)}
    near = {fact.minimum} | {n + d for n in thresholds for d in (-1, 0, 1) if fact.minimum <= n + d <= fact.maximum}
    return tuple(sorted(near, reverse=fact.danger == "lower"))
