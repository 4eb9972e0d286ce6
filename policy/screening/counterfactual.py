"""Counterfactuals: which single fact, had it been different, would change the tier or the screening (R040, R043)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from policy.packs import Pack
from policy.screening.answers import ScreeningError
from policy.screening.compiling import rules_of
from policy.screening.evaluate import screen
from policy.screening.rules import Absent, Fact, Rules
from policy.screening.thresholds import telling_values


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """What another answer to a fact would do; `child` is None for a fact of the report, `answer` if none was given."""

    child: str | None
    fact: str
    answer: str | int | None
    instead: str | int | None
    screening: str
    reason: str | None
    tier: str | None

    def as_json(self) -> dict[str, Any]:
        """As JSON holds it, named as in the output of screening."""
        return asdict(self)


def why(pack: Pack, facts: Mapping[str, Any]) -> tuple[Counterfactual, ...]:
    """Every single answer that would change tier or screening; whole numbers are tried around the pack's thresholds.

    An answer that would call for further questions first changes nothing by itself and is left out.
    """
    rules, before = rules_of(pack), screen(pack, facts)
    found = []
    for child, fact, answer, instead, changed in _changes(rules, facts):
        try:
            after = screen(pack, changed)
        except ScreeningError:
            continue
        if (after.screening, after.reason, after.tier) != (before.screening, before.reason, before.tier):
            found.append(Counterfactual(child, fact.id, answer, instead, after.screening, after.reason, after.tier))
    return tuple(found)


def _changes(rules: Rules, facts: Mapping[str, Any]) -> Iterator[tuple[str | None, Fact, Any, Any, Mapping[str, Any]]]:
    """The facts of a report with one answer changed at a time."""
    report = facts.get("report", {})
    for fact in rules.report_facts.values():
        for answer, instead in _answers(rules, fact, report):
            yield None, fact, answer, instead, {**facts, "report": {**report, fact.id: instead}}
    for index, child in enumerate(facts["children"]):
        given = child.get("facts", {})
        for fact in rules.child_facts.values():
            for answer, instead in _answers(rules, fact, given):
                changed = {**child, "facts": {**given, fact.id: instead}}
                children = [*facts["children"][:index], changed, *facts["children"][index + 1 :]]
                yield child["id"], fact, answer, instead, {**facts, "children": children}


def _answers(rules: Rules, fact: Fact, given: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    """The answer a fact has, with each other one it might have had."""
    answer = given.get(fact.id, "NO" if fact.danger_now and given.get("danger_now") else None)
    others = [fact.said(value) for value in telling_values(fact, rules.sources)]
    if fact.reference:
        # Which report is named changes nothing: only one more, or one less, does.
        others = [None] if answer not in (None, *(word.value for word in Absent)) else ["given"]
    else:
        others.append("UNKNOWN")
    return ((answer, instead) for instead in others if instead != answer)
