"""What holds of screening whatever is reported: 5,000 reports in all, 100,000 by `make properties`."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from math import ceil
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from screening_desk import CALM_CHILD, CALM_REPORT, DANGER_NOW, PACK

from cli.policy import Screener
from policy.canonical import canonical
from policy.packs import Packs
from policy.screening import Decision, ScreeningError, screen
from policy.screening.compiling import rules_of
from policy.screening.rules import LARGEST_INTEGER, Fact
from policy.screening.thresholds import telling_values

RULES = rules_of(PACK)
SCREENER = Screener(Packs(), PACK.id, explain_why=False)
CASES = int(os.environ.get("HOTLINE_CASES", "5000"))
PROPERTIES = 7
"""So many share the cases; rounded up, for they are at least as many in all as is said."""
whatever_is_reported = settings(
    max_examples=ceil(CASES / PROPERTIES), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
pytestmark = pytest.mark.timeout(300 * ceil(CASES / 5000))

TIERS = {tier: position for position, tier in enumerate(RULES.tiers)}
FACTS = {**RULES.report_facts, **RULES.child_facts}
CRITERIA = sorted(RULES.criteria)


def answers(fact: Fact) -> list[Any]:
    if fact.reference:
        return [None, "r-17", "UNKNOWN"]
    return [*(fact.said(value) for value in telling_values(fact, RULES.sources)), "UNKNOWN"]


def changes(facts: Mapping[str, Fact]) -> st.SearchStrategy[dict[str, Any]]:
    """A few facts with an answer each; None where an optional fact is not given at all."""
    possible = [(fact.id, answer) for fact in facts.values() for answer in answers(fact)]
    left_out = [(fact.id, None) for fact in facts.values() if not fact.required]
    return st.lists(st.sampled_from(possible + left_out), max_size=12).map(dict)


def given_facts(calm: Mapping[str, Any], changed: Mapping[str, Any]) -> dict[str, Any]:
    """Calm facts with these changes; a fact changed to None is not given."""
    return {key: answer for key, answer in {**calm, **changed}.items() if answer is not None}


CHILD = st.tuples(st.lists(st.sampled_from(CRITERIA), max_size=4, unique=True), changes(RULES.child_facts))
RECEIVED = ["2026-11-22T17:30:00-06:00", "2026-03-08T01:59:59-06:00", "2028-02-29T08:00:00Z"]
REPORTS = st.builds(
    lambda report, children, received: {
        "received_at": received,
        "report": given_facts(CALM_REPORT, report),
        "children": [
            {"id": f"c{number}", "criteria": criteria, "facts": given_facts(CALM_CHILD, facts)}
            for number, (criteria, facts) in enumerate(children)
        ],
    },
    changes(RULES.report_facts),
    st.lists(CHILD, min_size=1, max_size=3),
    st.sampled_from(RECEIVED),
)


def urgency(decision: Decision) -> int:
    """Higher is more urgent; without a tier there is none."""
    return -1 if decision.tier is None else len(TIERS) - TIERS[decision.tier]


def answer_to(facts: dict[str, Any]) -> Decision | ScreeningError:
    try:
        return screen(PACK, facts)
    except ScreeningError as error:
        return error


def changed(facts: dict[str, Any], child: int | None, fact: str, answer: Any) -> dict[str, Any]:
    copy: dict[str, Any] = json.loads(json.dumps(facts))
    (copy["report"] if child is None else copy["children"][child]["facts"])[fact] = answer
    return copy


RUBBISH = st.recursive(
    st.none()
    | st.booleans()
    | st.floats()
    | st.text(st.characters(exclude_categories=()))
    | st.integers().filter(lambda number: number < 0 or number > LARGEST_INTEGER)
    | st.sampled_from(["0001-01-01T00:00:00+06:00", "1899-12-31T23:59:59Z", "9999-12-31T23:59:59-06:00", "\ud800"]),
    st.lists,
)


@st.composite
def turned_toward_danger(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """A report, and the same with one fact turned toward danger."""
    facts = draw(REPORTS)
    fact = FACTS[draw(st.sampled_from([fact.id for fact in FACTS.values() if fact.danger != "none"]))]
    child = None if fact.id in RULES.report_facts else draw(st.integers(0, len(facts["children"]) - 1))
    values = telling_values(fact, RULES.sources)
    less = draw(st.integers(0, len(values) - 2))
    more = draw(st.integers(less + 1, len(values) - 1))
    return (
        changed(facts, child, fact.id, fact.said(values[less])),
        changed(facts, child, fact.id, fact.said(values[more])),
    )


@whatever_is_reported
@given(REPORTS)
def test_every_report_that_was_asked_has_one_whole_answer(facts: dict[str, Any]) -> None:
    """R029, R030."""
    decision = screen(PACK, facts)
    alleged = any(child["criteria"] for child in facts["children"])
    assert decision.screening in {"SCREEN_IN", "SCREEN_OUT"}
    assert (decision.reason is None) is (decision.screening == "SCREEN_IN")
    assert (decision.tier is not None) is alleged
    assert decision.screening == "SCREEN_OUT" or alleged
    assert [child.id for child in decision.children] == [child["id"] for child in facts["children"]]
    for child, given_child in zip(decision.children, facts["children"], strict=True):
        assert (child.tier is not None) is bool(given_child["criteria"])
        assert {line.split(":")[0] for line in child.lines} == {
            RULES.criteria[code] for code in given_child["criteria"]
        }
    assert ("FIRST_CONTACT" in decision.due) is (decision.screening == "SCREEN_IN")
    assert ("RECALL_REPORTER" in decision.due) is ("RECALL_REPORTER" in decision.tasks)
    assert all(at.utcoffset() is not None for at in decision.due.values())
    assert decision.explanation
    assert not any("{" in sentence for sentence in decision.explanation)


@whatever_is_reported
@given(REPORTS, st.randoms(use_true_random=False))
def test_the_same_facts_give_the_same_bytes_in_whatever_order(facts: dict[str, Any], random: Any) -> None:
    """Same facts, same pack, same output, byte for byte."""

    def shuffled(value: Any) -> Any:
        if not isinstance(value, dict):
            return [shuffled(item) for item in value] if isinstance(value, list) else value
        entries = list(value.items())
        random.shuffle(entries)
        return {key: shuffled(item) for key, item in entries}

    decision = screen(PACK, facts)
    assert screen(PACK, shuffled(facts)).canonical() == decision.canonical() == canonical(decision.as_json())


@whatever_is_reported
@given(turned_toward_danger())
def test_a_fact_turned_toward_danger_never_lowers_urgency_nor_takes_a_report_out(
    pair: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    """Principle of the trees, over readings, trees, families, children and upgrades together."""
    calmer, graver = (screen(PACK, facts) for facts in pair)
    assert urgency(graver) >= urgency(calmer)
    assert graver.screening == "SCREEN_IN" or calmer.screening == "SCREEN_OUT"
    assert "CALL_911" in graver.tasks or "CALL_911" not in calmer.tasks


@whatever_is_reported
@given(REPORTS, st.data())
def test_one_more_criterion_never_lowers_urgency(facts: dict[str, Any], data: st.DataObject) -> None:
    before = screen(PACK, facts)
    child = data.draw(st.integers(0, len(facts["children"]) - 1))
    code = data.draw(st.sampled_from(CRITERIA))
    assume(code not in facts["children"][child]["criteria"])
    more = json.loads(json.dumps(facts))
    more["children"][child]["criteria"].append(code)
    assert urgency(screen(PACK, more)) >= urgency(before)


@whatever_is_reported
@given(REPORTS, st.data())
def test_unknown_is_never_less_urgent_than_no(facts: dict[str, Any], data: st.DataObject) -> None:
    """R011, and the principle of the safe direction."""
    fact = data.draw(st.sampled_from([fact for fact in FACTS.values() if fact.danger in ("YES", "NO")]))
    child = None if fact.id in RULES.report_facts else data.draw(st.integers(0, len(facts["children"]) - 1))
    unknown = screen(PACK, changed(facts, child, fact.id, "UNKNOWN"))
    no = screen(PACK, changed(facts, child, fact.id, "NO"))
    assert urgency(unknown) >= urgency(no)


@whatever_is_reported
@given(REPORTS, st.data())
def test_a_required_fact_that_was_not_asked_is_named_or_listed(facts: dict[str, Any], data: st.DataObject) -> None:
    """No decision waits for a question only if a child is in danger now at T0."""
    asked = [(None, "child_under_18")]
    asked += [
        (n, fact) for n, child in enumerate(facts["children"]) if child["criteria"] for fact in (*DANGER_NOW, "access")
    ]
    child, fact = data.draw(st.sampled_from(asked))
    path = f"report.{fact}" if child is None else f"children[{child}].facts.{fact}"
    without = changed(facts, child, fact, "NOT_ASKED")
    if fact == "child_suicidal" and child is not None:
        age = facts["children"][child]["facts"]["age_months"]
        assume(age == "UNKNOWN" or age >= 60)
    answer = answer_to(without)
    if isinstance(answer, ScreeningError):
        assert (answer.code, answer.paths) == ("NOT_ASKED", (path,))
    else:
        assert (answer.incomplete, answer.tier) == ((path,), "T0")
        assert any(each["facts"].get(now) == "YES" for each in without["children"] for now in DANGER_NOW)


@whatever_is_reported
@given(REPORTS, RUBBISH, st.data())
def test_rubbish_is_an_error_with_a_place_never_a_decision_or_a_crash(
    facts: dict[str, Any], rubbish: Any, data: st.DataObject
) -> None:
    """Extreme times and numbers, floating ones and half characters among it; whatever it is, the answer is JSON."""
    broken: Any = json.loads(json.dumps(facts))
    place = data.draw(
        st.sampled_from(["received_at", "office", "report", "children", "criteria", "facts", "fact", "new"])
    )
    child = broken["children"][0]
    if place in ("criteria", "facts"):
        child[place] = rubbish
    elif place == "fact":
        fact = data.draw(st.sampled_from(sorted(RULES.child_facts)))
        assume(rubbish not in RULES.child_facts[fact].words if isinstance(rubbish, str) else True)
        child["facts"][fact] = rubbish
    else:
        broken[place if place != "new" else f"new {rubbish}"] = rubbish
    assume(rubbish not in ([], None) or place not in ("criteria", "office", "report"))
    assume(not (place == "office" and isinstance(rubbish, str)))
    answer = json.loads(SCREENER.answer(json.dumps(broken).encode())[0])
    assert "error" in answer, f"decided on rubbish in {place}: {rubbish!r}"
    assert answer["error"]["paths"] or answer["error"]["code"] == "BAD_JSON"
