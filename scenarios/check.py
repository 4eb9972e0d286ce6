"""From a file to a scenario that can be played, or to every mistake in it, each with its line and field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from policy.errors import PolicyError
from policy.packs import Pack, Packs
from policy.screening import ScreeningError, screen
from scenarios import acts
from scenarios.model import Contact, Report, Scenario
from scenarios.ring import report_facts
from scenarios.source import Mistake, ScenarioError, Source, Step, read

_ANY_TIME = "2026-01-01T12:00:00Z"

Wrong = tuple[tuple[Step, ...], str]
"""Where something is wrong, and what."""


def load(path: Path, packs: Packs | None = None) -> Scenario:
    """The scenario in a file; raises ScenarioError with every mistake found, OSError if the file cannot be read."""
    source = read(path)
    try:
        scenario = Scenario.model_validate(source.data)
    except ValidationError as problem:
        raise ScenarioError(list(_mistakes(source, problem))) from problem
    wrong = list(_meaning(scenario, packs or Packs()))
    if wrong:
        raise ScenarioError([source.mistake(where, message) for where, message in wrong])
    return scenario


def _mistakes(source: Source, problem: ValidationError) -> Iterator[Mistake]:
    errors: list[dict[str, Any]] = [dict(error) for error in problem.errors()]
    for error in errors:
        # A list whose only member is wrong is called empty too; the member's own mistake says it all.
        inside = any(other["loc"][: len(error["loc"])] == error["loc"] for other in errors if other is not error)
        if not (error["type"] == "too_short" and inside):
            yield _mistake(source, error)


def _mistake(source: Source, error: dict[str, Any]) -> Mistake:
    match error["type"]:
        case "too_short":
            message = f"is too short: it needs at least {error['ctx']['min_length']}"
        case "missing":
            message = "is missing"
        case "extra_forbidden":
            message = "is not a key of this place"
        case "union_tag_not_found":
            message = "says nobody's act: it needs does"
        case "union_tag_invalid":
            message = f"does {error['ctx']['tag']!r}: the verbs are {error['ctx']['expected_tags']}"
        case _:
            message = str(error["msg"]).removeprefix("Value error, ")
    return source.mistake(_without_tags(source, error), message)


def _without_tags(source: Source, error: dict[str, Any]) -> tuple[Step, ...]:
    """The error's path without the steps that are pydantic's own, such as the tag of the act that was chosen."""
    path: tuple[Step, ...] = ()
    for step in error["loc"]:
        if source.stands((*path, step)) or (error["type"] == "missing" and step == error["loc"][-1]):
            path = (*path, step)
    return path


def _meaning(scenario: Scenario, packs: Packs) -> Iterator[Wrong]:
    yield from _staff(scenario)
    yield from _order(scenario)
    try:
        rules = _Rules(packs.get(scenario.pack))
    except PolicyError as problem:
        yield ("pack",), problem.message
        return
    for index, contact in enumerate(scenario.contacts):
        for where, message in _contact(scenario, contact, rules):
            yield ("contacts", index, *where), message


def _staff(scenario: Scenario) -> Iterator[Wrong]:
    if acts.ASSIGNED in scenario.staff:
        yield ("staff", acts.ASSIGNED), "stands for whoever is assigned, and can name nobody"
    for slug, person in scenario.staff.items():
        if person.supervisor is not None:
            yield from _known(scenario, ("staff", slug, "supervisor"), person.supervisor)
    for index, absence in enumerate(scenario.absences):
        yield from _known(scenario, ("absences", index, "who"), absence.who)
        if absence.until is not None and absence.until <= absence.since:
            yield ("absences", index, "until"), "lies before since"


def _order(scenario: Scenario) -> Iterator[Wrong]:
    seen: set[str] = set()
    last = timedelta(0)
    for index, contact in enumerate(scenario.contacts):
        if contact.id in seen:
            yield ("contacts", index, "id"), f"{contact.id} is another contact's id already"
        if contact.at < last:
            yield ("contacts", index, "at"), "lies before the contact above: write contacts in the order they ring"
        if contact.at >= scenario.until:
            yield ("contacts", index, "at"), "lies after the end of the shift, which is until"
        earlier = contact.report.duplicate_of if contact.report else None
        if earlier is not None and earlier not in seen:
            yield ("contacts", index, "report", "duplicate_of"), f"{earlier} is no contact above this one"
        seen.add(contact.id)
        last = max(last, contact.at)


def _contact(scenario: Scenario, contact: Contact, rules: _Rules) -> Iterator[Wrong]:
    named: dict[tuple[Step, ...], str | None] = {
        ("taken_by",): contact.taken_by,
        ("callback", "to"): contact.callback.to if contact.callback else None,
        ("voicemail", "to"): contact.voicemail.to if contact.voicemail else None,
        ("expect", "assigned"): contact.expect.assigned,
    }
    for where, slug in named.items():
        if slug is not None:
            yield from _known(scenario, where, slug)
    if scenario.taker_of(contact) is None:
        yield ("taken_by",), "nobody takes this contact: no one of the staff is an INTAKE_SPECIALIST"
    if contact.report is not None:
        yield from rules.facts(contact, contact.report)
    for index, act in enumerate(contact.people):
        for where, message in _act(scenario, contact, act, rules):
            yield ("people", index, *where), message
    for where, message in _expectation(scenario, contact, rules):
        yield ("expect", *where), message


def _act(scenario: Scenario, contact: Contact, act: acts.Act, rules: _Rules) -> Iterator[Wrong]:
    if act.who != acts.ASSIGNED:
        yield from _known(scenario, ("who",), act.who)
    if isinstance(act, acts.Assign | acts.Delegate | acts.CheckMessage) and act.to is not None:
        yield from _known(scenario, ("to",), act.to)
    if isinstance(act, acts.OfDecision | acts.OfInvestigation) and contact.report is None:
        yield ("does",), f"{act.does} needs a report, and this contact brings none"
    if isinstance(act, acts.Arrive | acts.See | acts.TryToSee):
        yield from _child(contact, act.child)
    if isinstance(act, acts.OfPromise):
        yield from rules.kind(("promise",), act.promise)
        if act.promise not in contact.expect.promises:
            yield ("promise",), f"this contact does not expect a promise of kind {act.promise}"
    if isinstance(act, acts.Escalate):
        yield from rules.rung(("rung",), act.promise, act.rung)
    yield from rules.moment(("when",), act.when.kind, act.when.rung)


def _expectation(scenario: Scenario, contact: Contact, rules: _Rules) -> Iterator[Wrong]:
    expect = contact.expect
    if (expect.decision or expect.assigned) and contact.report is None:
        yield ("decision" if expect.decision else "assigned",), "needs a report, and this contact brings none"
    if contact.report is not None and expect.decision is None:
        yield ("decision",), "is missing: a report is screened, and the file must say to what end"
    for kind, promises in expect.promises.items():
        yield from rules.kind(("promises", kind), kind)
        for index, promised in enumerate(promises):
            for number, told in enumerate(promised.told or ()):
                line: tuple[Step, ...] = ("promises", kind, index, "told", number)
                yield from _known(scenario, line, told.who)
                yield from rules.rung(line, kind, told.rung)
            if promised.kept_by is not None:
                yield from _known(scenario, ("promises", kind, index, "kept_by"), promised.kept_by)
    for index, message in enumerate(expect.messages):
        yield from _known(scenario, ("messages", index), message.who)
    for index, moment in enumerate(expect.order):
        yield from rules.moment(("order", index), moment.kind, moment.rung)


def _known(scenario: Scenario, where: tuple[Step, ...], slug: str) -> Iterator[Wrong]:
    if slug not in scenario.staff:
        yield where, f"nobody of the staff is called {slug}; there are {', '.join(scenario.staff)}"


def _child(contact: Contact, child: str) -> Iterator[Wrong]:
    children = [each.id for each in contact.report.children] if contact.report else []
    if child not in children:
        yield ("child",), f"the report has no child {child}; it has {', '.join(children) or 'none'}"


def _in_file(path: str) -> tuple[Step, ...]:
    """Where in a contact a path of the screening input stands: `children[0].facts.access`, `report.setting`."""
    steps = [int(step) if step.isdigit() else step for step in re.findall(r"\w+", path)]
    return ("report", *steps) if steps[0] == "children" else ("report", "facts", *steps[1:])


@dataclass(frozen=True)
class _Rules:
    """What the scenario's pack knows: screening facts, kinds of promise, and the rungs of their ladders."""

    pack: Pack

    def facts(self, contact: Contact, report: Report) -> Iterator[Wrong]:
        """Facts that the pack cannot screen, unless that is what the scenario is about."""
        decision = contact.expect.decision
        if decision is not None and decision.screening == "NEEDS_FACTS":
            return
        children = [{"id": c.id, "criteria": list(c.criteria), "facts": c.answers} for c in report.children]
        duplicate = {"duplicate_of": report.duplicate_of} if report.duplicate_of else {}
        asked = {"received_at": _ANY_TIME, "report": report_facts(contact) | duplicate, "children": children}
        try:
            screen(self.pack, asked)
        except ScreeningError as problem:
            for path in problem.paths:
                yield _in_file(path), problem.message

    def kind(self, where: tuple[Step, ...], kind: str) -> Iterator[Wrong]:
        if kind not in self.pack.kinds:
            yield where, f"pack {self.pack.id} knows no promise {kind}; it knows {', '.join(self.pack.kinds)}"

    def rung(self, where: tuple[Step, ...], kind: str, rung: str) -> Iterator[Wrong]:
        if kind in self.pack.kinds and rung not in (rungs := list(self._rungs(kind))):
            yield where, f"no ladder of {kind} has a rung {rung}; there are {', '.join(dict.fromkeys(rungs))}"

    def moment(self, where: tuple[Step, ...], kind: str, rung: str) -> Iterator[Wrong]:
        if kind:
            yield from self.kind(where, kind)
        if rung:
            yield from self.rung(where, kind, rung)

    def _rungs(self, kind: str) -> Iterable[str]:
        for tier in ("T0", "T1", "T2", "T3", "T4", None):
            if self.pack.has_clock(kind, tier):
                yield from (rung.name for rung in self.pack.ladder(kind, tier).rungs)
