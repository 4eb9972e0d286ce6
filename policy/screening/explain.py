"""The explanation: each step of a decision as a sentence of the pack, with its facts and its citation (R108).

The facts of a step are its grounds (grounds.py), so that what is not said there changed nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from functools import lru_cache
from typing import TYPE_CHECKING

from policy.due import rule
from policy.screening.grounds import Grounds, Resting, in_words
from policy.screening.resolved import Resolved
from policy.screening.rules import Fact, Line, Reasoned, Rules, ScreeningRule

if TYPE_CHECKING:
    from policy.screening.evaluate import Course, Judged, Raised


def sentences(course: Course) -> Iterator[str]:
    """The explanation of a decision, in the order in which it was made."""
    return _Account(course).sentences()


class _Account:
    """One explanation as it is told; it remembers which facts it quoted that nobody gave, of the report or a child."""

    def __init__(self, course: Course) -> None:
        self._course = course
        self._rules = course.rules
        self._say = course.rules.sentences
        self._not_given: set[str] = set()
        self._not_given_of: dict[int, set[str]] = {}

    def sentences(self) -> Iterator[str]:
        course, rules = self._course, self._rules
        yield _result_sentence(rules, course.screening, tuple(self._of_report(course.screening.grounds)))
        for judged in course.children:
            for line in judged.lines:
                yield self._line(judged, line)
        for raised in course.raised:
            yield self._upgrade(raised)
        for marker in (*course.tasks, *course.cross_reports):
            yield _marker_sentence(rules, marker, tuple(self._of_report(marker.grounds)))
        yield from _due(course)
        for subject, resolved in _subjects(course):
            if resolved.answers.unknown:
                yield from self._unknown(subject, resolved)
        yield from self._assumed()

    def _line(self, judged: Judged, line: Line) -> str:
        sentence = _line_sentence(self._rules, line, tuple(self._of_child(judged, line.grounds)))
        return sentence.replace(_LATER, judged.child.id)

    def _upgrade(self, raised: Raised) -> str:
        upgrade, tiers, values = raised.upgrade, self._rules.tiers, self._course.resolved.values
        tier, told = raised.before, list[str]()
        for effect in upgrade.raises:
            if effect.when.of(values) and effect.applied(tier) < tier:
                tier = effect.applied(tier)
                told += self._of_report(effect.grounds)
        return self._say["upgrade"].format(
            id=upgrade.id,
            before=tiers[raised.before],
            after=tiers[raised.after],
            because=upgrade.because,
            facts=in_words(told),
            cite=upgrade.cite,
        )

    def _of_report(self, grounds: Grounds) -> list[str]:
        """The grounds of one of the report's rules: those of the report, then child by child."""
        course = self._course
        resting = grounds.of(course.resolved.values)
        self._not_given |= resting.facts.difference(course.report.answers.known)
        # The result itself is what the first sentence says.
        outcome = [name for name in resting.others if name in self._rules.undecided and name != course.screening.result]
        told = [", ".join([*outcome, *resting.said])] if outcome or resting.said else []
        if resting.others or resting.absent:
            each = [(judged.child.id, dict.fromkeys(self._of_one(judged, resting))) for judged in course.children]
            told += [f"child {name}: {', '.join(of_child)}" for name, of_child in each if of_child]
        return told

    def _of_one(self, judged: Judged, resting: Resting) -> list[str]:
        """What a report's rule rests on of one child: what is ticked, what its rules ask of any child, what matched."""
        told = self._ticked(judged, resting)
        for name, grounds in self._asked_of_any(resting):
            if name in judged.told or name in resting.absent:
                told += self._of_child(judged, grounds)
        return [*told, *(f"{line.family}:{line.id}" for line in judged.lines if line.id in resting.others)]

    def _of_child(self, judged: Judged, grounds: Grounds) -> Sequence[str]:
        """The grounds of a rule about one child."""
        resting = grounds.of(judged.resolved.facts)
        if not_given := resting.facts.difference(judged.child.answers.known):
            self._not_given_of.setdefault(judged.child.index, set()).update(not_given)
        if not resting.others and not resting.absent:
            return resting.said
        return [*self._ticked(judged, resting), *resting.said, *self._danger_now(judged, resting)]

    def _asked_of_any(self, resting: Resting) -> Iterator[tuple[str, Grounds]]:
        asked = self._rules.grounds_of_any
        return ((name, asked[name]) for name in (*resting.others, *resting.absent) if name in asked)

    def _ticked(self, judged: Judged, resting: Resting) -> list[str]:
        families = self._rules.criteria
        return [c for c in judged.child.criteria if c in resting.others or families[c] in resting.others]

    def _danger_now(self, judged: Judged, resting: Resting) -> Iterator[str]:
        if "danger_now" in resting.absent:
            yield "danger_now NO"
        if "danger_now" in resting.others:
            yield from (f"{name} YES" for name in self._rules.danger_now if judged.resolved.facts[name])
        if "danger_now_unknown" in resting.others:
            yield from (f"{fact.id} UNKNOWN" for fact in judged.resolved.answers.unknown if fact.danger_now)

    def _unknown(self, subject: str, resolved: Resolved) -> Iterator[str]:
        answers = resolved.answers
        for fact in answers.unknown:
            sentence = "not_asked" if fact in answers.not_asked else "unknown_danger" if fact.danger_now else "unknown"
            yield self._of_fact(sentence, subject, resolved, fact)

    def _assumed(self) -> Iterator[str]:
        """What was assumed for a fact not given, where it mattered: a step rests on it, or it kept one from being."""
        course, of_report, of_child = self._course, self._rules.report_facts, self._rules.child_facts
        names = self._not_given.union(*self._not_given_of.values(), (fact.id for fact in _decisive(course)))
        yield from self._assumed_of("The report", course.resolved, names, of_report)
        for index, names in sorted(self._not_given_of.items()):
            judged = course.children[index]
            yield from self._assumed_of(f"Child {judged.child.id}", judged.resolved, names, of_child)

    def _assumed_of(
        self, subject: str, resolved: Resolved, names: Set[str], facts: Mapping[str, Fact]
    ) -> Iterator[str]:
        for fact in facts.values() if names else ():
            if fact.id in names and resolved.assumed(fact):
                yield self._of_fact("assumed", subject, resolved, fact)

    def _of_fact(self, sentence: str, subject: str, resolved: Resolved, fact: Fact) -> str:
        value = fact.said(resolved.facts[fact.id])
        return self._say[sentence].format(subject=subject, fact=fact.id, text=fact.text, value=value)


_LATER = "\0"
"""What is filled in last: a sentence is the same for many reports but for whom, or which time, it speaks of."""


@lru_cache(maxsize=8192)
def _result_sentence(rules: Rules, screening: ScreeningRule, told: tuple[str, ...]) -> str:
    result = " ".join(filter(None, (screening.result, screening.reason)))
    return rules.sentences["screening"].format(
        result=result, because=screening.because, facts=in_words(told), cite=screening.cite
    )


@lru_cache(maxsize=8192)
def _marker_sentence(rules: Rules, marker: Reasoned, told: tuple[str, ...]) -> str:
    return rules.sentences["marker"].format(
        id=marker.id, because=marker.because, facts=in_words(told), cite=marker.cite
    )


@lru_cache(maxsize=8192)
def _line_sentence(rules: Rules, line: Line, told: tuple[str, ...]) -> str:
    return rules.sentences["line"].format(
        child=_LATER,
        line=f"{line.family}:{line.id}",
        tier=rules.tiers[line.tier],
        because=line.because,
        facts=in_words([", ".join(told)] if told else ()),
        cite=line.cite,
    )


def _due(course: Course) -> Iterator[str]:
    tier = None if course.tier is None else course.rules.tiers[course.tier]
    for kind, at in course.due.items():
        yield _due_sentence(course.rules, kind, tier, course.report.office).replace(_LATER, at.isoformat())


@lru_cache(maxsize=8192)
def _due_sentence(rules: Rules, kind: str, tier: str | None, office: str | None) -> str:
    clock = rules.pack.clock(kind, tier, office)
    cite = ", ".join(rules.pack.document["clocks"][kind]["cite"])
    return rules.sentences["due"].format(
        kind=kind, at=_LATER, rule=rule(clock), counted_from=clock.counted_from, cite=cite
    )


def _subjects(course: Course) -> Iterator[tuple[str, Resolved]]:
    yield "The report", course.resolved
    for judged in course.children:
        yield f"Child {judged.child.id}", judged.resolved


def _decisive(course: Course) -> Iterator[Fact]:
    """Assumed facts of the report without which an earlier rule of screening would have held."""
    return (fact for fact in course.leaning if _leans(fact, course.resolved))


def _leans(fact: Fact, resolved: Resolved) -> bool:
    """Whether a value was assumed that is not the least dangerous one; only such a value can have led anywhere."""
    return resolved.facts[fact.id] != fact.benign and resolved.assumed(fact)
