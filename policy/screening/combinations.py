"""What the conditions of a pack read, as axes of a space, and where in it each of them holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from policy.screening.rules import Condition, Line, Rules, Value
from policy.screening.space import Axis, Space
from policy.screening.thresholds import telling_values


def axis_of(rules: Rules, name: str, conditions: Iterable[str]) -> Axis:
    """The values of a name that these conditions tell apart; what is ticked, derived or asked of any child is a bit."""
    fact = rules.report_facts.get(name) or rules.child_facts.get(name)
    if fact is not None:
        return Axis(name, telling_values(fact, conditions), ordered=fact.danger != "none")
    direction = next((item.danger for item in (*rules.derived, *rules.any_child) if item.id == name), "higher")
    ordered = direction != "none" and not name.endswith("_unknown")
    return Axis(name, (True, False) if direction == "lower" else (False, True), ordered)


def _step_by_step(rules: Rules, names: frozenset[str]) -> Mapping[str, Condition]:
    """The derived facts among these names that are computed from what they rest on, because that is read elsewhere too.

    The other derived facts vary freely, as a bit: nothing else here depends on what they rest on.
    """
    derived = {item.id: item.by for item in rules.derived if item.id in names}
    raw = names - derived.keys()
    return {
        name: by
        for name, by in derived.items()
        if not by.names.isdisjoint(raw)
        or any(not by.names.isdisjoint(other.names) for also, other in derived.items() if also != name)
        or (name in rules.child_facts and rules.child_facts[name].integer)
    }


class Conditions:
    """Some conditions over all combinations of what they read."""

    def __init__(self, rules: Rules, conditions: Iterable[Condition]) -> None:
        conditions = tuple(conditions)
        names = frozenset[str]().union(*(condition.names for condition in conditions))
        self._derived = _step_by_step(rules, names)
        read = (names - self._derived.keys()).union(*(by.names for by in self._derived.values()))
        sources = [condition.source for condition in (*conditions, *self._derived.values())]
        self.space = Space([axis_of(rules, name, sources) for name in sorted(read)])

    def values(self, chosen: Mapping[str, Value]) -> dict[str, Value]:
        """A combination with what is derived from it."""
        derivable = {name: by for name, by in self._derived.items() if by.names <= chosen.keys()}
        return {**chosen, **{name: by.of(chosen) for name, by in derivable.items()}}

    def where(self, condition: Condition) -> int:
        """The combinations for which a condition holds."""
        read = set().union(
            *(self._derived[name].names if name in self._derived else {name} for name in condition.names)
        )
        return self.space.where(sorted(read), lambda chosen: bool(condition.of(self.values(chosen))))

    def matched(self, tree: Iterable[Line]) -> dict[str, int]:
        """Where each line of a tree counts: it matches and, if it is a fallback, no line above it does."""
        found, above = dict[str, int](), 0
        for line in tree:
            found[line.id] = self.where(line.when) & ~(above if line.fallback else 0)
            above |= found[line.id]
        return found

    def by_tier(self, tree: tuple[Line, ...]) -> dict[int, int]:
        """The combinations to which a tree gives each tier, most urgent first."""
        matched, settled = self.matched(tree), 0
        found = dict[int, int]()
        for line in sorted(tree, key=lambda line: line.tier):
            found[line.tier] = found.get(line.tier, 0) | matched[line.id] & ~settled
            settled |= matched[line.id]
        return found


def said(value: Value) -> str:
    """A value in words."""
    return {True: "YES", False: "NO", None: "none"}[value] if isinstance(value, bool) or value is None else str(value)


def shown(values: Mapping[str, Value], *without: str) -> str:
    """A combination in words."""
    return ", ".join(f"{name} {said(value)}" for name, value in values.items() if name not in without)
