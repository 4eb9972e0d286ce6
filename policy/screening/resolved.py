"""From answers to what conditions read: every fact resolved, then what follows from a child's facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from policy.screening.answers import Answers, Child, Report
from policy.screening.rules import Fact, Rules, Value


@dataclass(slots=True)
class Resolved:
    """A report or a child with every fact resolved.

    `facts` are the values of its facts (a child's has the report's beside them); `values` all that conditions read.
    """

    facts: Mapping[str, Value]
    values: Mapping[str, Value]
    answers: Answers

    def assumed(self, fact: Fact) -> bool:
        """Whether nobody was asked this fact and none had to be, so that its value is the pack's."""
        return fact.id not in self.answers.known and fact not in self.answers.unknown


def resolve_report(rules: Rules, report: Report) -> Resolved:
    """The report's facts, with what is ticked for any child."""
    values = {**rules.unticked, **rules.report_defaults, **report.answers.known}
    _tick(rules, values, {code for child in report.children for code in child.criteria})
    assumed = _read_as(rules.report_read_by, values)
    values |= {name: value for name, value in assumed.items() if name not in report.answers.known}
    return Resolved(values, values, report.answers)


def resolve_child(rules: Rules, report: Resolved, child: Child) -> Resolved:
    """A child's facts and what is derived from them, with its own criteria and the report's facts beside them."""
    answers = child.answers
    values = {**report.values, **rules.unticked, **rules.child_defaults, **answers.known}
    _tick(rules, values, child.criteria)
    values["danger_now"] = any(map(answers.known.get, rules.danger_now))
    values["danger_now_unknown"] = any(fact.danger_now for fact in answers.unknown)
    for name in rules.counted:
        values[f"{name}_unknown"] = name not in answers.known
    assumed = _read_as(rules.child_read_by, values)
    values |= {name: value for name, value in assumed.items() if name not in answers.known}
    return Resolved(values, {**values, **{item.id: item.by.of(values) for item in rules.derived}}, answers)


def _tick(rules: Rules, values: dict[str, Value], criteria: Iterable[str]) -> None:
    for code in criteria:
        values[code] = values[rules.criteria[code]] = values["criterion"] = True


def _read_as(facts: Iterable[Fact], values: Mapping[str, Value]) -> Mapping[str, Value]:
    """What the pack reads a fact as that nobody answered, where that depends on what is known: the safe direction."""
    return {fact.id: fact.unknown_by.of(values) for fact in facts if fact.unknown_by}
