"""What a reporter said, read and checked: known answers, unknown ones, and what was never asked. Nothing is guessed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from policy.errors import PolicyError
from policy.screening.rules import Absent, Fact, Rules, Value

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)")

_YEARS = range(1900, 2200)
"""Of receipts: far from the ends of what a date can be, so that every clock counted from one has a time."""

_OF_A_REPORT = frozenset(("received_at", "office", "report", "children"))
_OF_A_CHILD = frozenset(("id", "criteria", "facts"))


class ScreeningError(PolicyError):
    """The facts allow no decision: `code` says why, `paths` name every place, such as `children[0].facts.access`.

    Codes: NOT_ASKED, UNKNOWN_KEY, BAD_VALUE, MISSING_KEY, DUPLICATE_CHILD, NO_CHILD.
    """


@dataclass(slots=True)
class Answers:
    """The answers to the facts of the report or of one child.

    `unknown` are the facts given as UNKNOWN or, where they had to be asked and were not, read as such; `not_asked` are
    the latter alone. A fact in neither `known` nor `unknown` was not given and did not have to be.
    """

    known: dict[str, Value]
    unknown: list[Fact] = field(default_factory=list)
    not_asked: list[Fact] = field(default_factory=list)


@dataclass(slots=True)
class Child:
    """One child as it was reported."""

    index: int
    id: str
    criteria: tuple[str, ...]
    answers: Answers


@dataclass(slots=True)
class Report:
    """A report as it was given, checked but not resolved."""

    received_at: datetime
    office: str | None
    answers: Answers
    children: tuple[Child, ...]

    def not_asked(self) -> tuple[str, ...]:
        """The paths of all facts that had to be asked and were not."""
        report = [f"report.{fact.id}" for fact in self.answers.not_asked]
        children = (_fact_path(child.index, fact.id) for child in self.children for fact in child.answers.not_asked)
        return (*report, *children)


def read(rules: Rules, facts: Mapping[str, Any]) -> Report:
    """The report in `facts` (the input of screening), or the `ScreeningError` of what is wrong with it."""
    _only_keys(facts, "", _OF_A_REPORT)
    received_at = received(facts)
    office = facts.get("office")
    if office is not None and not _is_id(office):
        raise ScreeningError("BAD_VALUE", ["office"], "the office is named by its id")
    given = _mapping(facts.get("report", {}), "report")
    answers = _answers(rules.report_facts, given, "report", rules.required_of_report, {})
    return Report(received_at, office, answers, _children(rules, facts.get("children")))


def received(facts: Mapping[str, Any]) -> datetime:
    """When the contact rang or wrote: the instant every clock of the report counts from, and its pack is chosen by."""
    text = facts.get("received_at")
    if text is None:
        raise ScreeningError("MISSING_KEY", ["received_at"], "say when the contact was received")
    at = _instant(text) if isinstance(text, str) else None
    if at is not None:
        return at
    message = f"give a time of the years {_YEARS[0]} to {_YEARS[-1]} with its offset, such as 2026-11-22T17:30:00-06:00"
    raise ScreeningError("BAD_VALUE", ["received_at"], message)


@lru_cache(maxsize=64)  # a report is read once to choose its pack by its receipt, and once more by that pack
def _instant(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text.upper()) if _RFC3339.fullmatch(text) else None
    except ValueError:  # such as 30 February: the same mistake as any other text
        return None
    return at if at and at.year in _YEARS else None


def _children(rules: Rules, given: Any) -> tuple[Child, ...]:
    if not isinstance(given, list) or not given:
        raise ScreeningError("NO_CHILD", ["children"], "a report concerns at least one child")
    for index, child in enumerate(given):
        _only_keys(_mapping(child, f"children[{index}]"), f"children[{index}].", _OF_A_CHILD)
    ids = [_child_id(child, index) for index, child in enumerate(given)]
    if twice := [f"children[{index}].id" for index, name in enumerate(ids) if name in ids[:index]]:
        raise ScreeningError("DUPLICATE_CHILD", twice, "two children have the same id")
    criteria = [_criteria(rules, child.get("criteria", []), index) for index, child in enumerate(given)]
    somebody = any(criteria)
    return tuple(
        Child(index, ids[index], ticked, _child_answers(rules, child.get("facts", {}), index, bool(ticked), somebody))
        for index, (child, ticked) in enumerate(zip(given, criteria, strict=True))
    )


def _child_id(child: Mapping[str, Any], index: int) -> str:
    name = child.get("id")
    if not _is_id(name):
        code = "MISSING_KEY" if name is None else "BAD_VALUE"
        message = "every child has an id within its report: letters, digits and . _ : -, never a name"
        raise ScreeningError(code, [f"children[{index}].id"], message)
    return str(name)


def _criteria(rules: Rules, given: Any, index: int) -> tuple[str, ...]:
    path = f"children[{index}].criteria"
    if not isinstance(given, list):
        raise ScreeningError("BAD_VALUE", [path], "criteria are a list of codes")
    wrong = [
        n
        for n, code in enumerate(given)
        if not isinstance(code, str) or code not in rules.criteria or code in given[:n]
    ]
    if wrong:
        raise ScreeningError(
            "BAD_VALUE", [f"{path}[{n}]" for n in wrong], "not a criterion of this pack, or ticked twice"
        )
    return tuple(given)


def _child_answers(rules: Rules, given: Any, index: int, ticked: bool, somebody: bool) -> Answers:
    """The answers about one child; nothing has to be asked if something is alleged of other children only."""
    path = f"children[{index}].facts"
    given = _mapping(given, path)
    asked = ticked or not somebody
    none_now = given.get("danger_now")
    if none_now is not None:
        if none_now != "NO":
            raise ScreeningError("BAD_VALUE", [f"{path}.danger_now"], "only NO answers all danger-now facts at once")
        given = {key: answer for key, answer in given.items() if key != "danger_now"}
    # A call-taker has two minutes: one NO answers every danger-now fact that is not given.
    known: dict[str, Value] = dict.fromkeys(rules.danger_now, False) if none_now or not asked else {}
    required = rules.required_with_criterion if ticked else rules.required_always if asked else ()
    return _answers(rules.child_facts, given, path, required, known)


def _answers(
    facts: Mapping[str, Fact], given: Mapping[str, Any], path: str, required: tuple[Fact, ...], known: dict[str, Value]
) -> Answers:
    _only_keys(given, f"{path}.", facts.keys())
    answers = Answers(known)
    wrong = []
    for key, answer in given.items():
        fact = facts[key]
        value: Any = (
            fact.words.get(answer, _WRONG) if type(answer) is str and not fact.reference else _value(fact, answer)
        )
        if value is _WRONG:
            wrong.append(fact)
        elif value is _UNKNOWN:
            known.pop(key, None)
            answers.unknown.append(fact)
        elif value is not _NOT_ASKED:
            known[key] = value
    if wrong:
        raise ScreeningError("BAD_VALUE", [f"{path}.{fact.id}" for fact in wrong], _expected(wrong[0]))
    _mark_not_asked(facts, answers, required)
    return answers


def _mark_not_asked(facts: Mapping[str, Fact], answers: Answers, required: tuple[Fact, ...]) -> None:
    told = {fact.id for fact in answers.unknown}
    for fact in required:
        if fact.id not in answers.known and fact.id not in told:
            if _goes_without_asking(fact, answers.known):
                answers.known[fact.id] = fact.missing_is
            else:
                answers.not_asked.append(fact)
    if answers.unknown or answers.not_asked:
        page = list(facts)
        answers.unknown = sorted((*answers.unknown, *answers.not_asked), key=lambda fact: page.index(fact.id))


def _goes_without_asking(fact: Fact, known: Mapping[str, Value]) -> bool:
    """Whether the pack answers this fact itself, as it does for whether a small child is suicidal."""
    when = fact.missing_when
    return when is not None and when.names <= known.keys() and bool(when.of(known))


# A member is looked up in its class at the price of several answers.
_UNKNOWN, _NOT_ASKED = Absent.UNKNOWN, Absent.NOT_ASKED
_WRONG = object()


def _value(fact: Fact, answer: Any) -> Any:
    if fact.reference:
        return _reference(answer)
    if fact.integer and type(answer) is int and fact.minimum <= answer <= fact.maximum:
        return answer
    return _WRONG


def _reference(answer: Any) -> Any:
    if answer is None:
        return False
    if not _is_id(answer):
        return _WRONG
    return {word.value: word for word in Absent}.get(answer, True)


def _expected(fact: Fact) -> str:
    if fact.reference:
        return f"{fact.id} is a report's id, or null"
    if fact.integer:
        return f"{fact.id} is a whole number from {fact.minimum} to {fact.maximum}, or one of {', '.join(fact.words)}"
    return f"{fact.id} is one of {', '.join(fact.words)}"


def _fact_path(index: int, fact: str) -> str:
    return f"children[{index}].facts.{fact}"


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _mapping(value: Any, path: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):  # `Mapping` would be asked of the class, which costs as much as a fact
        raise ScreeningError("BAD_VALUE", [path], "named entries are expected here")
    return value


def _only_keys(given: Mapping[str, Any], path: str, allowed: Set[str]) -> None:
    if not given.keys() <= allowed:
        strangers = given.keys() - allowed
        message = (
            f"unknown: {', '.join(sorted(map(str, strangers)))}; nothing is screened on what the pack does not know"
        )
        raise ScreeningError("UNKNOWN_KEY", [f"{path}{key}" for key in sorted(map(str, strangers))], message)
