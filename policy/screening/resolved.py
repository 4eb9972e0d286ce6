"""From answers to what conditions read: every fact resolved, then what follows from a child's facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from policy.screening.answers import Answers, Child, Report
from policy.screening.rules import Fact, Rules, Value


@dataclass(slots=True)
class Resolved:
    """A report or a child with every fact resolved.

    `facts` are the values of its facts (a child's has the report's beside them, and what is ticked); `values` all that
    conditions read.
    """

    facts: Mapping[str, Value]
    values: dict[str, Value]
    answers: Answers

    def assumed(self, fact: Fact) -> bool:
        """Whether nobody was asked this fact and none had to be, so that its value is the pack's."""
        return fact.id not in self.answers.known and fact not in self.answers.unknown


def resolve_report(rules: Rules, report: Report) -> Resolved:
    """The report's facts, with what is ticked for any child; none is judged yet."""
    known = report.answers.known
    facts = {**rules.report_defaults, **known}
    values = {**rules.report_untold, **facts}
    _tick(rules, values, [code for child in report.children for code in child.criteria])
    assumed = _read_as(rules.report_read_by, values, known)
    facts |= assumed
    values |= assumed
    return Resolved(facts, values, report.answers)


def resolve_child(rules: Rules, report: Resolved, child: Child) -> Resolved:
    """A child's facts and what is derived from them, with its own criteria and the report's facts beside them."""
    known = child.answers.known
    facts = {**rules.child_untold, **report.facts, **known}
    _tick(rules, facts, child.criteria)
    facts["danger_now"] = any(map(known.get, rules.danger_now))
    facts["danger_now_unknown"] = any(fact.danger_now for fact in child.answers.unknown)
    for name, unknown in rules.counted.items():
        facts[unknown] = name not in known
    facts |= _read_as(rules.child_read_by, facts, known)
    # A derived fact may sharpen the one it is named after, and both are asked for.
    return Resolved(facts, {**facts, **{item.id: item.by.of(facts) for item in rules.derived}}, child.answers)


def _tick(rules: Rules, values: dict[str, Value], criteria: Iterable[str]) -> None:
    for code in criteria:
        values[code] = values[rules.criteria[code]] = values["criterion"] = True


def _read_as(facts: Iterable[Fact], values: Mapping[str, Value], known: Mapping[str, Value]) -> dict[str, Value]:
    """What the pack reads a fact as that nobody answered, where that depends on what is known: the safe direction."""
    return {fact.id: fact.unknown_by.of(values) for fact in facts if fact.unknown_by and fact.id not in known}
