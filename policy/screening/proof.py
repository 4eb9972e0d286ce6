"""The proof of a pack, by enumeration: what a pack may not do, however its people write it.

Each tree, over every combination of what its lines read, is total (one tier), monotone toward danger (no fact turned
toward danger lowers urgency) and without a dead line (each decides somewhere). What trees read through derived facts,
readings of UNKNOWN, screening rules and upgrades are proven each on their own; monotone steps compose to a whole.
Combinations that cannot occur are covered too: what holds for more holds for less.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise, product

from policy.errors import PackInvalid
from policy.packs import Pack
from policy.screening.coherence import incoherent, inverted_clocks, receipts
from policy.screening.combinations import Conditions, axis_of, said, shown
from policy.screening.compiling import rules_of
from policy.screening.evaluate import upgraded
from policy.screening.rules import Condition, Fact, Line, Named, Rules, Value, matches
from policy.screening.space import Axis, Space

FORBIDDEN = frozenset(
    {"race", "ethnic", "ethnicity", "nationality", "religion", "benefit", "benefits", "welfare", "income", "poverty"}
    | {"disability", "disabled", "marital", "married", "neighbourhood", "neighborhood", "zip"}
)
"""What urgency may not be measured by: no field of an input may speak of it."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One part of a pack that was proven, over how many combinations; or not, with what was found first."""

    part: str
    combinations: int
    failures: tuple[str, ...] = ()


def prove(pack: Pack) -> Iterator[Checked]:
    """Prove every part of a pack; `PackInvalid` if it does not even compile.

    Of a pack that names what is not there, or two things alike, nothing more can be said.
    """
    names = Checked("names", len(pack.kinds), tuple(incoherent(pack.document)))
    yield names
    if names.failures:
        return
    rules = rules_of(pack)
    yield _inputs(rules)
    yield from _derivations(rules)
    yield from _unknowns(rules)
    yield _screening(rules)
    for family in rules.trees:
        yield _tree(rules, family)
    yield _upgrades(rules)
    yield from _followings(rules)
    yield Checked(f"clocks: {len(pack.kinds)}", len(pack.kinds) * receipts(), tuple(inverted_clocks(pack)))


def _inputs(rules: Rules) -> Checked:
    """No forbidden input, in the name of a fact or of an answer."""
    failures = [
        f"{word} may not be asked: urgency is not measured by {', '.join(sorted(found))}"
        for fact in (*rules.report_facts.values(), *rules.child_facts.values())
        for word in (fact.id, *map(str, fact.words))
        if (found := FORBIDDEN & set(word.lower().split("_")))
    ]
    return Checked("no forbidden input", len(rules.report_facts) + len(rules.child_facts), tuple(failures))


def _tree(rules: Rules, family: str) -> Checked:
    tree = rules.trees[family]
    conditions = Conditions(rules, (line.when for line in tree))
    space, matched = conditions.space, conditions.matched(tree)
    failures = [*_gaps(space, matched.values()), *_falls(rules, tree, conditions, matched), *_dead(tree, matched)]
    return Checked(
        f"tree {family}: {len(tree)} lines", space.size, tuple(f"tree {family}: {text}" for text in failures)
    )


def _gaps(space: Space, matched: Iterable[int]) -> Iterator[str]:
    gap = space.everything
    for where in matched:
        gap &= ~where
    if gap:
        yield f"no line matches {shown(space.first(gap))}: add a line for what is left over"


def _falls(rules: Rules, tree: tuple[Line, ...], conditions: Conditions, matched: Mapping[str, int]) -> Iterator[str]:
    """Facts toward danger that lower urgency: the combination with the least danger on which it happens."""
    reached = 0
    for tier in sorted({line.tier for line in tree}):
        for line in tree:
            reached |= matched[line.id] if line.tier == tier else 0
        for axis, less, more, where in conditions.space.fallen(reached):
            before = conditions.space.first(where)
            after = {**before, axis.name: more}
            yield (
                f"not monotone: {axis.name} {said(more)} instead of {said(less)} lowers "
                f"{_judged(rules, tree, conditions, before)} to {_judged(rules, tree, conditions, after)}, "
                f"with {shown(before, axis.name)}"
            )


def _judged(rules: Rules, tree: tuple[Line, ...], conditions: Conditions, chosen: Mapping[str, Value]) -> str:
    values = conditions.values(chosen)
    lines = matches(tree, values)
    tier = rules.tiers[min(line.tier for line in lines)] if lines else "no tier"
    return f"{tier} ({', '.join(line.id for line in lines)})"


def _dead(tree: tuple[Line, ...], matched: Mapping[str, int]) -> Iterator[str]:
    for line in tree:
        urgent = 0
        for other in tree:
            urgent |= matched[other.id] if other.id != line.id and other.tier <= line.tier else 0
        if not matched[line.id] & ~urgent:
            yield f"line {line.id} is dead: wherever it matches, another line as urgent matches too"


def _derivations(rules: Rules) -> Iterator[Checked]:
    """What is derived, and what is asked of any child, turns toward danger when anything it rests on does."""
    for title, items in (("derived facts", rules.derived), ("asked of any child", rules.any_child)):
        combinations, failures = 0, list[str]()
        for item in items:
            size, found = _rises(rules, item.id, item.by, _danger_in(item))
            combinations += size
            failures += found
        yield Checked(f"{title}: {len(items)}", combinations, tuple(failures))


def _rises(rules: Rules, name: str, by: Condition, urgency: Callable[[Value], int]) -> tuple[int, list[str]]:
    axes = [axis_of(rules, read, [by.source]) for read in sorted(by.names)]
    size, steps = _steps(axes, lambda values: urgency(by.of(values)))
    return size, [f"{name} is not monotone: {text}" for text in steps]


def _danger_in(item: Named) -> Callable[[Value], int]:
    """How much danger a value of what is derived, or asked of any child, means."""

    def danger(value: Value) -> int:
        if not isinstance(value, int):
            raise PackInvalid([item.by.where], f"{item.by.source!r} is neither true or false nor a whole number")
        return -value if item.danger == "lower" else int(value)

    return danger


def _steps(axes: list[Axis], urgency: Callable[[Mapping[str, Value]], int]) -> tuple[int, list[str]]:
    """All combinations of a few axes, and each step toward danger that lowers `urgency`; the first of every axis."""
    names = [axis.name for axis in axes]
    found = {
        values: urgency(dict(zip(names, values, strict=True))) for values in product(*(axis.values for axis in axes))
    }
    failures: dict[str, str] = {}
    for position, axis in enumerate(axes):
        for less, more in pairwise(axis.values) if axis.ordered else ():
            for values, before in found.items():
                if values[position] == less and found[(*values[:position], more, *values[position + 1 :])] < before:
                    rest = shown(dict(zip(names, values, strict=True)), axis.name)
                    failures.setdefault(axis.name, f"{axis.name} {said(more)} instead of {said(less)}, with {rest}")
    return len(found), list(failures.values())


def _unknowns(rules: Rules) -> Iterator[Checked]:
    """UNKNOWN is read as an answer there is, never as less urgent than NO, and rises with danger as facts do."""
    combinations, failures = 0, list[str]()
    for fact in (*rules.report_facts.values(), *rules.child_facts.values()):
        if fact.unknown_by:
            size, found = _reading(rules, fact, fact.unknown_by)
        else:
            size, found = 1, _misread(fact, fact.unknown)
        combinations += size
        failures += found
    facts = len(rules.report_facts) + len(rules.child_facts)
    yield Checked(f"readings of UNKNOWN: {facts} facts", combinations, tuple(failures))


def _reading(rules: Rules, fact: Fact, by: Condition) -> tuple[int, list[str]]:
    size, falls = _rises(rules, f"the reading of {fact.id}", by, _danger_of(fact))
    axes = [axis_of(rules, read, [by.source]) for read in sorted(by.names)]
    names = [axis.name for axis in axes]
    read = {by.of(dict(zip(names, values, strict=True))) for values in product(*(axis.values for axis in axes))}
    return size, [*falls, *(text for value in read for text in _misread(fact, value))]


def _danger_of(fact: Fact) -> Callable[[Value], int]:
    """How much danger an answer to a fact means; what is no answer to it is not compared."""

    def danger(value: Value) -> int:
        if fact.danger == "none":
            return 0
        if value in fact.values:
            return fact.values.index(value)
        if type(value) is int:
            return -value if fact.danger == "lower" else value
        return 0

    return danger


def _misread(fact: Fact, value: Value) -> list[str]:
    if fact.integer:
        right = type(value) is int and fact.minimum <= value <= fact.maximum
        return [] if right else [f"{fact.id}: UNKNOWN is read as {value}, which is no answer to it"]
    if fact.reference:
        return []
    if value not in fact.values:
        return [f"{fact.id}: UNKNOWN is read as {value}, which is no answer to it"]
    no = False if False in fact.values else "NO"
    if fact.danger != "none" and no in fact.values and fact.values.index(value) < fact.values.index(no):
        return [f"{fact.id}: UNKNOWN is read as {said(value)}, which is less urgent than NO"]
    return []


def _screening(rules: Rules) -> Checked:
    """Some rule holds for every report, each decides for some, and no fact toward danger takes a report out."""
    conditions = Conditions(rules, (rule.when for rule in rules.screening))
    space, left, taken_in, failures = conditions.space, conditions.space.everything, 0, list[str]()
    for rule in rules.screening:
        decides = conditions.where(rule.when) & left
        left &= ~decides
        taken_in |= decides if rule.result == "SCREEN_IN" else 0
        if not decides:
            failures.append(f"screening: the rule {rule.id} is dead: the rules above it leave it nothing")
    if left:
        failures.append(f"screening: no rule holds for {shown(space.first(left))}")
    for axis, less, more, where in space.fallen(taken_in):
        rest = shown(space.first(where), axis.name)
        failures.append(f"screening: {axis.name} {said(more)} instead of {said(less)} takes a report out, with {rest}")
    return Checked(f"screening: {len(rules.screening)} rules", space.size, tuple(failures))


def _upgrades(rules: Rules) -> Checked:
    """The tier after upgrades is never less urgent than before, and rises with the tree's tier and with danger."""
    tiers = range(len(rules.tiers))
    conditions = [effect.when for upgrade in rules.upgrades for effect in upgrade.raises]
    names = sorted(frozenset[str]().union(*(condition.names for condition in conditions)))
    axes = [axis_of(rules, name, [condition.source for condition in conditions]) for name in names]
    lowered = list[str]()

    def urgency(values: Mapping[str, Value]) -> int:
        before = int(values["tier of the trees"] or 0)
        after, _ = upgraded(rules, values, before)
        if after is None or after > before:
            lowered.append(f"upgrades: {rules.tiers[before]} becomes less urgent, with {shown(values)}")
        return -(before if after is None else after)

    size, falls = _steps([*axes, Axis("tier of the trees", tuple(reversed(tiers)))], urgency)
    return Checked(f"upgrades: {len(rules.upgrades)}", size, (*lowered[:1], *(f"upgrades: {text}" for text in falls)))


def _followings(rules: Rules) -> Iterator[Checked]:
    """Every task and cross-report is set for some report and not for every one."""
    for title, items in (("tasks", rules.tasks), ("cross-reports", rules.cross_reports)):
        combinations, failures = 0, list[str]()
        for item in items:
            names = sorted(item.when.names)
            space = Space([axis_of(rules, name, [item.when.source]) for name in names])
            holds = space.where(names, _holding(item.when))
            combinations += space.size
            if holds in (0, space.everything):
                failures.append(f"{title}: {item.id} is set for {'every' if holds else 'no'} report")
        yield Checked(f"{title}: {len(items)}", combinations, tuple(failures))


def _holding(condition: Condition) -> Callable[[Mapping[str, Value]], bool]:
    return lambda chosen: bool(condition.of(chosen))
