"""The screening part of a pack as the evaluator walks it: facts, conditions and tables (compiled in compiling.py)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import cel

from policy.errors import PackInvalid
from policy.packs import Pack

if TYPE_CHECKING:
    from policy.screening.grounds import Grounds

Value = bool | int | str | None
"""A resolved fact, as conditions see it: an answer YES is True."""

Found = TypeVar("Found")
"""What follows from values."""

LARGEST_INTEGER = 2**26 - 1
"""No answer is larger: what a pack computes even of two of them stays below 2**53, which RFC 8785 writes exactly."""


class Absent(Enum):
    """An answer that is none: asked but not known, or not asked (which is as good as left out)."""

    UNKNOWN = "UNKNOWN"
    NOT_ASKED = "NOT_ASKED"


# Combinations kept at most: about as many as reports bring, far fewer than a proof tries.
_MOST_KNOWN = 4096


class Kept(Generic[Found]):
    """What follows from the values of some names, found once for each combination of them: reports are much alike."""

    def __init__(self, names: Iterable[str], find: Callable[[dict[str, Value]], Found]) -> None:
        self._names = names = tuple(names)
        self._find = find
        # Of a single name `itemgetter` gives the bare value, and of none there is no `itemgetter`.
        self._read: Callable[[Mapping[str, Value]], Any] = itemgetter(*names) if names else lambda _values: ()
        self._known: dict[Any, Found] = {}

    def of(self, values: Mapping[str, Value]) -> Found:
        """What follows where these are the values, among them those of its names."""
        # A name has values of one kind only, so that True and 1, which are equal, never stand for one another here.
        read = self._read(values)
        try:
            return self._known[read]
        except KeyError:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
        each = read if len(self._names) != 1 else (read,)
        found = self._known[read] = self._find(dict(zip(self._names, each, strict=True)))
        return found


class Condition:
    """A CEL expression of the pack, compiled; `names` are the names it reads, `where` is its place in the pack.

    Its value depends on nothing but theirs, and is kept: binding a name costs as much as evaluating with it.
    """

    of: Callable[[Mapping[str, Value]], Any]
    """Its value where these are the values, among them those of its names; `PackInvalid` if it has none."""

    def __init__(self, source: str, execute: Callable[[cel.Context], Any], names: frozenset[str], where: str) -> None:
        self.source = source
        self.where = where
        self.names = names
        self._execute = execute
        # Many a condition is nothing but a name: its value is that of the name, and nothing has to be kept.
        self.of = itemgetter(source) if source in names else Kept(sorted(names), self._evaluated).of

    def _evaluated(self, values: dict[str, Value]) -> Any:
        try:
            return self._execute(cel.Context(values))
        except (ArithmeticError, RuntimeError, TypeError, ValueError) as error:
            raise PackInvalid([self.where], f"the condition {self.source!r} has no value: {error}") from error


@dataclass(frozen=True, slots=True, eq=False)
class Fact:
    """One fact that may be asked: what it accepts, how UNKNOWN is read, and which way danger lies.

    `values` are those of a fact that is not an integer, from least to most dangerous if it has a direction; `benign` is
    the least dangerous value, None without a direction. A `reference` is true if a report is named.
    """

    id: str
    text: str
    words: Mapping[str, Value | Absent]
    minimum: int
    maximum: int
    integer: bool
    reference: bool
    required: str | None
    danger_now: bool
    unknown: Value
    unknown_by: Condition | None
    missing_is: Value
    missing_when: Condition | None
    danger: str
    values: tuple[Value, ...]
    benign: Value

    @property
    def may_lean(self) -> bool:
        """Whether the value assumed where it is not given may be another than the least dangerous one."""
        return self.danger != "none" and (self.unknown_by is not None or self.unknown != self.benign)

    def said(self, value: Value) -> str | int | None:
        """A value in the words of the input; of a report that is named, only that it is."""
        if self.reference:
            return "given" if value else None
        if isinstance(value, bool):
            return "YES" if value else "NO"
        return value


@dataclass(frozen=True, slots=True)
class Named:
    """A condition with a name: a derived fact, something asked of any child, a clock that is owed."""

    id: str
    by: Condition
    danger: str = "higher"


@dataclass(frozen=True, slots=True, eq=False)
class Reasoned:
    """A rule that is quoted, with its grounds, when it applies."""

    id: str
    when: Condition
    because: str
    cite: str
    grounds: Grounds


@dataclass(frozen=True, slots=True, eq=False)
class ScreeningRule(Reasoned):
    """One row of the screening table."""

    result: str = "SCREEN_IN"
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Screened:
    """The first row of the screening table that holds.

    `leaning` are the report's facts without which an earlier row would hold: of those that may be assumed to be another
    than the least dangerous value, so that an assumption may have kept that row from holding.
    """

    rule: ScreeningRule
    leaning: tuple[Fact, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Line(Reasoned):
    """One line of a family's tree; a `fallback` counts only if no line above it matched. Tier 0 is the most urgent."""

    family: str = ""
    tier: int = 0
    fallback: bool = False


def matches(tree: Iterable[Line], values: Mapping[str, Value]) -> tuple[Line, ...]:
    """The lines of a tree that match, in table order."""
    matched: list[Line] = []
    for line in tree:
        if not (line.fallback and matched) and line.when.of(values):
            matched.append(line)
    return tuple(matched)


@dataclass(frozen=True, slots=True)
class Raise:
    """One effect of an upgrade: at least tier `to`, or `steps` tiers more urgent."""

    when: Condition
    grounds: Grounds
    to: int | None
    steps: int

    def applied(self, tier: int) -> int:
        """The tier after this effect; never less urgent than before."""
        return max(tier - self.steps, 0) if self.to is None else min(tier, self.to)


@dataclass(frozen=True, slots=True)
class Upgrade:
    """One row of the upgrades."""

    id: str
    raises: tuple[Raise, ...]
    because: str
    cite: str


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """A pack's screening, ready to be walked."""

    pack: Pack
    families: tuple[str, ...]
    criteria: Mapping[str, str]
    report_facts: Mapping[str, Fact]
    child_facts: Mapping[str, Fact]
    danger_now: tuple[str, ...]
    required_of_report: tuple[Fact, ...]
    required_always: tuple[Fact, ...]
    required_with_criterion: tuple[Fact, ...]
    derived: tuple[Named, ...]
    any_child: tuple[Named, ...]
    grounds_of_any: Mapping[str, Grounds]
    screening: tuple[ScreeningRule, ...]
    tiers: tuple[str, ...]
    trees: Mapping[str, tuple[Line, ...]]
    upgrades: tuple[Upgrade, ...]
    tasks: tuple[Reasoned, ...]
    cross_reports: tuple[Reasoned, ...]
    sentences: Mapping[str, str]
    sources: tuple[str, ...]

    # What follows from the above, computed once because every decision needs it: values before anything is known, of
    # the report's facts, of what it is told of its children and its outcome, of a child; of each fact that is a number,
    # the name that says that it is not known; which rows of each table hold: of the trees (`matching`), of `any_child`
    # (`told`), of screening (None if none does), of the effects of upgrades, of tasks, cross-reports and clocks.
    report_defaults: Mapping[str, Value]
    report_untold: Mapping[str, bool]
    report_read_by: tuple[Fact, ...]
    child_untold: Mapping[str, Value]
    child_read_by: tuple[Fact, ...]
    undecided: Mapping[str, bool]
    counted: Mapping[str, str]
    matching: Mapping[str, Kept[tuple[Line, ...]]]
    told: Kept[tuple[str, ...]]
    screened_when: Kept[Screened | None]
    raised_when: Kept[tuple[Raise, ...]]
    tasks_when: Kept[tuple[Reasoned, ...]]
    cross_reports_when: Kept[tuple[Reasoned, ...]]
    clocks_when: Kept[tuple[str, ...]]

    @property
    def lines(self) -> tuple[Line, ...]:
        """Every line of every tree, in table order."""
        return tuple(line for tree in self.trees.values() for line in tree)
