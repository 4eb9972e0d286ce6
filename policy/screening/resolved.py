"""From answers to what conditions read: UNKNOWN and what was not given resolved, then what follows from a child's facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cel

from policy.screening.answers import Answers, Child, Report
from policy.screening.rules import Fact, Rules


@dataclass(slots=True)
class Resolved:
    """A report or a child with every fact resolved: `values` by fact, as `context` for conditions.

    `assumed` are the facts that were not given and did not have to be.
    """

    values: dict[str, Any]
    context: cel.Context
    answers: Answers

    def assumed(self, fact: Fact) -> bool:
        """Whether nobody was asked this fact and none had to be, so that its value is the pack's."""
        return fact.id not in self.answers.known and fact not in self.answers.unknown


def resolve_report(rules: Rules, report: Report) -> Resolved:
    """The report's facts, with what is ticked for any child."""
    ticked = {code for child in report.children for code in child.criteria}
    return _resolve(rules, rules.report_facts, report.answers, _ticked(rules, ticked), rules.report_names)


def resolve_child(rules: Rules, report: Resolved, child: Child) -> Resolved:
    """A child's facts and what is derived from them, with its own criteria and the report's facts beside them."""
    known, unknown = child.answers.known, {fact.id for fact in child.answers.unknown}
    beside = {name: report.values[name] for name in rules.report_names_in_children}
    beside["danger_now"] = any(known.get(name) for name in rules.danger_now)
    beside["danger_now_unknown"] = not unknown.isdisjoint(rules.danger_now)
    for fact in rules.counted:
        beside[f"{fact}_unknown"] = fact not in known
    given = _ticked(rules, set(child.criteria)) | beside
    resolved = _resolve(rules, rules.child_facts, child.answers, given, rules.child_names)
    for item in rules.derived:
        resolved.context.add_variable(item.id, item.by.of(resolved.context))
    return resolved


def _ticked(rules: Rules, ticked: set[str]) -> dict[str, Any]:
    """What conditions read of the criteria: each one, its family, and whether there is any."""
    names = {*ticked, *(rules.criteria[code] for code in ticked)}
    return {**dict.fromkeys(rules.tickable, False), **dict.fromkeys(names, True), "criterion": bool(ticked)}


def _resolve(
    rules: Rules, facts: Mapping[str, Fact], answers: Answers, beside: Mapping[str, Any], read: frozenset[str]
) -> Resolved:
    """Constants first, in one context; then, in page order, the values that depend on others."""
    values: dict[str, Any] = {**{name: fact.unknown for name, fact in facts.items()}, **answers.known}
    seen = {**values, **beside, **{name: values[name] is not None for name in rules.references & facts.keys()}}
    context = cel.Context({name: value for name, value in seen.items() if name in read})
    for name, fact in facts.items():
        if fact.unknown_by is not None and name not in answers.known:
            values[name] = fact.unknown_by.of(context)
            context.add_variable(name, values[name])
    return Resolved(values, context, answers)
