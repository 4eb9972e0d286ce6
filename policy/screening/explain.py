"""The explanation: each step of a decision as a sentence of the pack, with its facts and its citation (R108)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from policy.due import rule
from policy.screening.resolved import Resolved
from policy.screening.rules import Fact, Line, Value

if TYPE_CHECKING:
    from policy.screening.evaluate import Course, Judged, Raised


def sentences(course: Course) -> Iterator[str]:
    """The explanation of a decision, in the order in which it was made."""
    say, screening = course.rules.sentences, course.screening
    result = " ".join(filter(None, (screening.result, screening.reason)))
    yield say["screening"].format(result=result, because=screening.because, cite=screening.cite)
    for judged in course.children:
        for line in judged.lines:
            yield _line(course, judged, line)
    for raised in course.raised:
        yield _upgrade(course, raised)
    for marker in (*course.tasks, *course.cross_reports):
        yield say["marker"].format(id=marker.id, because=marker.because, cite=marker.cite)
    yield from _due(course)
    for subject, resolved in _subjects(course):
        yield from _unknown(course, subject, resolved)
    yield from _assumed(course)


def _line(course: Course, judged: Judged, line: Line) -> str:
    return course.rules.sentences["line"].format(
        child=judged.child.id,
        line=f"{line.family}:{line.id}",
        tier=course.rules.tiers[line.tier],
        because=line.because,
        facts=_quoted(line.facts, judged.resolved.facts, even_benign=line.fallback),
        cite=line.cite,
    )


def _upgrade(course: Course, raised: Raised) -> str:
    upgrade, tiers = raised.upgrade, course.rules.tiers
    return course.rules.sentences["upgrade"].format(
        id=upgrade.id,
        before=tiers[raised.before],
        after=tiers[raised.after],
        because=upgrade.because,
        facts=_quoted(upgrade.facts, course.resolved.facts, even_benign=False),
        cite=upgrade.cite,
    )


def _quoted(facts: Iterable[Fact], values: Mapping[str, Value], even_benign: bool) -> str:
    """The facts a rule rests on, those that point toward danger, in brackets."""
    told = [
        f"{fact.id} {fact.said(values[fact.id])}" for fact in facts if even_benign or values[fact.id] != fact.benign
    ]
    return f"({', '.join(told)}) " if told else ""


def _due(course: Course) -> Iterator[str]:
    rules, office = course.rules, course.report.office
    tier = None if course.tier is None else rules.tiers[course.tier]
    for kind, at in course.due.items():
        clock = rules.pack.clock(kind, tier, office)
        cite = ", ".join(rules.pack.document["clocks"][kind]["cite"])
        yield rules.sentences["due"].format(
            kind=kind, at=at.isoformat(), rule=rule(clock), counted_from=clock.counted_from, cite=cite
        )


def _subjects(course: Course) -> Iterator[tuple[str, Resolved]]:
    yield "The report", course.resolved
    for judged in course.children:
        yield f"Child {judged.child.id}", judged.resolved


def _unknown(course: Course, subject: str, resolved: Resolved) -> Iterator[str]:
    answers = resolved.answers
    for fact in answers.unknown:
        sentence = "not_asked" if fact in answers.not_asked else "unknown_danger" if fact.danger_now else "unknown"
        yield _of_fact(course, sentence, subject, resolved, fact)


def _assumed(course: Course) -> Iterator[str]:
    """What was assumed for a fact not given, where it mattered: it led to a rule, or kept one from holding."""
    rules, report = course.rules, course.resolved
    leaning = {fact.id for judged in course.children for line in judged.lines for fact in line.leaning}
    leaning |= {fact.id for raised in course.raised for fact in raised.upgrade.leaning}
    leaning |= {fact.id for fact in _decisive(course)}
    for fact in rules.report_facts.values() if leaning else ():
        if fact.id in leaning and _leans(fact, report):
            yield _of_fact(course, "assumed", "The report", report, fact)
    for judged in course.children:
        own = {fact.id for line in judged.lines for fact in line.leaning}
        for fact in rules.child_facts.values() if own else ():
            if fact.id in own and _leans(fact, judged.resolved):
                yield _of_fact(course, "assumed", f"Child {judged.child.id}", judged.resolved, fact)


def _leans(fact: Fact, resolved: Resolved) -> bool:
    """Whether a value was assumed that is not the least dangerous one; only such a value can have led anywhere."""
    return resolved.assumed(fact) and resolved.facts[fact.id] != fact.benign


def _decisive(course: Course) -> Iterator[Fact]:
    """Assumed facts of the report without which an earlier rule of screening would have held."""
    values = course.resolved.values
    for earlier in course.rules.screening:
        if earlier is course.screening:
            return
        for fact in earlier.leaning:
            if _leans(fact, course.resolved) and earlier.when.of({**values, fact.id: fact.benign}):
                yield fact


def _of_fact(course: Course, sentence: str, subject: str, resolved: Resolved, fact: Fact) -> str:
    value = fact.said(resolved.facts[fact.id])
    return course.rules.sentences[sentence].format(subject=subject, fact=fact.id, text=fact.text, value=value)
