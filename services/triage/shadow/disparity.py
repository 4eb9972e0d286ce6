"""Whom a model fails, and how often: its errors in each group of reports beside those in all (R042).

The threshold is this report's own: in the product no score leads to anything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from policy.intervals import Interval, proportion_interval

THRESHOLD = 0.5


@dataclass(frozen=True, slots=True)
class Scored:
    """One report with its score, what the first visit found, and the groups it belongs to, by dimension."""

    score: float
    unsafe: bool
    groups: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Share:
    """`count` of `total`, and where the true share lies; an empty group says nothing."""

    count: int
    total: int

    @property
    def interval(self) -> Interval:
        return proportion_interval(self.count, self.total)


@dataclass(frozen=True, slots=True)
class Group:
    """How a model does in one group.

    `unsafe` is what was found, `expected` the mean score, which should be near it; `missed` the unsafe children below
    the threshold, `alarmed` the safe ones at or above it.
    """

    value: str
    unsafe: Share
    expected: float
    missed: Share
    alarmed: Share


def disparity(scored: Iterable[Scored]) -> Mapping[str, tuple[Group, ...]]:
    """Each dimension with its groups, the largest first."""
    members: defaultdict[str, defaultdict[str, list[Scored]]] = defaultdict(lambda: defaultdict(list))
    for item in scored:
        for dimension, value in item.groups.items():
            members[dimension][value].append(item)
    return {
        dimension: tuple(sorted((group(value, items) for value, items in values.items()), key=_largest_first))
        for dimension, values in members.items()
    }


def group(value: str, items: list[Scored]) -> Group:
    """How a model does on these reports."""
    unsafe = [item for item in items if item.unsafe]
    safe = [item for item in items if not item.unsafe]
    return Group(
        value,
        Share(len(unsafe), len(items)),
        sum(item.score for item in items) / len(items),
        Share(sum(item.score < THRESHOLD for item in unsafe), len(unsafe)),
        Share(sum(item.score >= THRESHOLD for item in safe), len(safe)),
    )


def ranking(scored: Iterable[Scored]) -> float:
    """How often an unsafe report has a higher score than a safe one (the area under the curve); ties count half."""
    ordered = sorted(scored, key=_score)
    wins, below, unsafe = 0.0, 0, 0
    for _, tied in groupby(ordered, key=_score):
        found = [item.unsafe for item in tied]
        harmed = sum(found)
        wins += harmed * (below + (len(found) - harmed) / 2)
        below += len(found) - harmed
        unsafe += harmed
    if not unsafe or not below:
        raise ValueError("a ranking needs reports of both kinds")
    return wins / (unsafe * below)


def _score(item: Scored) -> float:
    return item.score


def _largest_first(of: Group) -> tuple[int, str]:
    return -of.unsafe.total, of.value
