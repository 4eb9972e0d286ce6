"""The evaluator: facts and a pack in, a recommendation out. It reads no clock and no file; the rules are the pack's.

    answers    what was said, checked                               answers.py
    resolved   UNKNOWN read in the safe direction, what follows     resolved.py
    judged     each child by the tree of each family alleged        here
    decided    screening, tier, upgrades, tasks, cross-reports      here
    explained  every step as a sentence of the pack                 explain.py

All lines of a tree are evaluated and the most urgent match wins, so that no fact toward danger can lower urgency
(R029-R033, R038, R039, R102, R108).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

from policy.canonical import canonical_plain
from policy.due import due_at
from policy.errors import PackInvalid
from policy.packs import Pack
from policy.screening import explain
from policy.screening.answers import Child, Report, ScreeningError, read
from policy.screening.compiling import rules_of
from policy.screening.decision import ChildDecision, Decision, Unknown
from policy.screening.resolved import Resolved, resolve_child, resolve_report
from policy.screening.rules import Fact, Line, Reasoned, Rules, ScreeningRule, Upgrade, Value

EVALUATOR = "1"
"""The version of this evaluator; it rises when the same facts and pack would be answered differently."""


SOMEBODY_GOES = frozenset({"SCREEN_IN", "ALTERNATIVE"})
"""What a person may decide that sends somebody to the child; whatever else they call it, nobody goes (R033)."""

_NOT_OF_AN_ALTERNATIVE = frozenset({"FINDING"})


@dataclass(slots=True)
class Judged:
    """A child with the lines that matched, and the most urgent of their tiers (None if nothing is alleged of it).

    `told` names what the report's rules ask of any child and holds of this one.
    """

    child: Child
    resolved: Resolved
    lines: tuple[Line, ...]
    tier: int | None
    told: tuple[str, ...]


@dataclass(slots=True)
class Raised:
    """An upgrade that changed the tier."""

    upgrade: Upgrade
    before: int
    after: int


@dataclass(slots=True)
class Course:
    """The whole way from a report to its recommendation, for explaining it."""

    rules: Rules
    report: Report
    resolved: Resolved
    children: tuple[Judged, ...]
    screening: ScreeningRule
    leaning: tuple[Fact, ...]
    tier_tree: int | None
    tier: int | None
    raised: tuple[Raised, ...]
    tasks: tuple[Reasoned, ...]
    cross_reports: tuple[Reasoned, ...]
    due: Mapping[str, datetime]


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What must be done besides the response: codes of tasks and cross-reports, and the clocks counted from receipt."""

    tasks: tuple[str, ...]
    cross_reports: tuple[str, ...]
    clocks: tuple[str, ...]


def follow_up(pack: Pack, facts: Mapping[str, Any], screening: str, tier: str | None) -> FollowUp:
    """What the pack asks for once a person has decided so, whatever it recommended itself.

    A pack knows two answers, that somebody goes and that nobody does: INFORMATION and SERVICE are asked what a
    SCREEN_OUT is, and an ALTERNATIVE what a SCREEN_IN is, but for the finding, which it does not make. The reason for
    which the pack screened out stands: it is what the facts say. `ClockUndefined` if somebody goes without a tier.
    """
    rules = rules_of(pack)
    course = _course(rules, read(rules, facts))
    answer = "SCREEN_IN" if screening in SOMEBODY_GOES else "SCREEN_OUT"
    outcome = _outcome(rules, answer, course.screening.reason, tier)
    values = {**course.resolved.values, **outcome}
    tasks, cross_reports, due = _follow_up(rules, course.report, values, tier)
    not_owed = _NOT_OF_AN_ALTERNATIVE if screening == "ALTERNATIVE" else frozenset()
    return FollowUp(
        tasks=tuple(task.id for task in tasks),
        cross_reports=tuple(cross_report.id for cross_report in cross_reports),
        clocks=tuple(sorted(due.keys() - not_owed)),
    )


def screen(pack: Pack, facts: Mapping[str, Any]) -> Decision:
    """Screen one report by one pack; `ScreeningError` if its facts allow no decision."""
    rules = rules_of(pack)
    report = read(rules, facts)
    course = _course(rules, report)
    incomplete = report.not_asked()
    if incomplete and not (course.tier == 0 and _danger_reported(course)):
        raise ScreeningError(
            "NOT_ASKED", incomplete, "ask these first; only a child in danger now does not wait for them"
        )
    return Decision(
        pack=pack.ref,
        evaluator=EVALUATOR,
        facts_sha256=hashlib.sha256(canonical_plain(facts)).hexdigest(),
        screening=course.screening.result,
        reason=course.screening.reason,
        tier_tree=_name(rules, course.tier_tree),
        tier=_name(rules, course.tier),
        children=tuple([_child_decision(rules, judged) for judged in course.children]),
        upgrades=tuple([raised.upgrade.id for raised in course.raised]),
        tasks=tuple([task.id for task in course.tasks]),
        cross_reports=tuple([cross_report.id for cross_report in course.cross_reports]),
        incomplete=incomplete,
        due=course.due,
        unknowns=_unknowns(course),
        explanation=tuple(explain.sentences(course)),
    )


def _course(rules: Rules, report: Report) -> Course:
    resolved = resolve_report(rules, report)
    children = tuple([judge(rules, resolve_child(rules, resolved, child), child) for child in report.children])
    values = resolved.values
    values |= _told_of_any(children)
    screened = rules.screened_when.of(values) or _nothing_holds(rules, "screening")
    screening = screened.rule
    tier_tree = min((judged.tier for judged in children if judged.tier is not None), default=None)
    tier, raised = upgraded(rules, values, tier_tree)
    values |= _outcome(rules, screening.result, screening.reason, _name(rules, tier))
    tasks, cross_reports, due = _follow_up(rules, report, values, _name(rules, tier))
    return Course(
        rules=rules,
        report=report,
        resolved=resolved,
        children=children,
        screening=screening,
        leaning=screened.leaning,
        tier_tree=tier_tree,
        tier=tier,
        raised=raised,
        tasks=tasks,
        cross_reports=cross_reports,
        due=due,
    )


def judge(rules: Rules, resolved: Resolved, child: Child) -> Judged:
    """Judge a child by the tree of each family with a ticked criterion."""
    values = resolved.values
    lines = [
        line
        for family in rules.families
        if values[family]
        for line in rules.matching[family].of(values) or _nothing_holds(rules, f"trees.{family}")
    ]
    tier = min([line.tier for line in lines], default=None)
    return Judged(child, resolved, tuple(lines), tier, rules.told.of(values))


def _nothing_holds(rules: Rules, table: str) -> NoReturn:
    message = "none of its entries holds for this report: add one for what is left over, and run `hotline packs check`"
    raise PackInvalid([f"{rules.pack.id}@{rules.pack.version}: {table}"], message)


def _told_of_any(children: tuple[Judged, ...]) -> dict[str, bool]:
    """What the report's rules ask of its children and holds of any, and which lines matched."""
    return {name: True for judged in children for name in (*judged.told, *[line.id for line in judged.lines])}


def upgraded(rules: Rules, values: Mapping[str, Value], tier: int | None) -> tuple[int | None, tuple[Raised, ...]]:
    """The tier after all upgrades, and those that changed it; without a tier there is nothing to upgrade."""
    holding = rules.raised_when.of(values)
    if tier is None or not holding:
        return tier, ()
    raised = []
    for upgrade in rules.upgrades:
        before = tier
        for effect in upgrade.raises:
            if effect in holding:
                tier = effect.applied(tier)
        if tier != before:
            raised.append(Raised(upgrade, before, tier))
    return tier, tuple(raised)


def _outcome(rules: Rules, result: str, reason: str | None, tier: str | None) -> dict[str, bool]:
    """What conditions read of a decision: its result, its reason and its tier are true."""
    return {**rules.undecided, **dict.fromkeys(filter(None, (tier, result, reason)), True)}


def _follow_up(
    rules: Rules, report: Report, values: Mapping[str, Value], tier: str | None
) -> tuple[tuple[Reasoned, ...], tuple[Reasoned, ...], Mapping[str, datetime]]:
    """What must be done about it besides the response: tasks, cross-reports, and what is owed by when."""
    tasks = rules.tasks_when.of(values)
    if tasks:
        values = {**values, **{task.id: True for task in tasks}}
    due = {
        kind: due_at(rules.pack.clock(kind, tier, report.office), report.received_at)
        for kind in rules.clocks_when.of(values)
    }
    return tasks, rules.cross_reports_when.of(values), due


def _danger_reported(course: Course) -> bool:
    return any(judged.resolved.values["danger_now"] for judged in course.children)


def _child_decision(rules: Rules, judged: Judged) -> ChildDecision:
    lines = tuple([f"{line.family}:{line.id}" for line in judged.lines])
    return ChildDecision(judged.child.id, _name(rules, judged.tier), lines)


def _unknowns(course: Course) -> tuple[Unknown, ...]:
    """Facts that were unknown or read as such, in page order, the report's first."""
    subjects = ((None, course.resolved), *((judged.child.id, judged.resolved) for judged in course.children))
    return tuple(
        Unknown(name, fact.id, fact.said(resolved.facts[fact.id]))
        for name, resolved in subjects
        for fact in resolved.answers.unknown
    )


def _name(rules: Rules, tier: int | None) -> str | None:
    return None if tier is None else rules.tiers[tier]
