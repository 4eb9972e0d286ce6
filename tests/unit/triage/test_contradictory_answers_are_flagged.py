"""Answers that cannot both be true are shown to people, and change nothing (R040)."""

from __future__ import annotations

from typing import Any

import pytest

from policy.packs import DEFAULT_PACK, Pack, Packs
from services.triage.model import contradictions as model
from services.triage.model.contradictions import contradictions
from tests.unit.triage.reports import FACTS, RANG


def of(*children: dict[str, Any]) -> dict[str, Any]:
    return {"report": {}, "children": [{"id": f"c{n}", "criteria": [], "facts": c} for n, c in enumerate(children)]}


@pytest.mark.parametrize(
    "answers",
    [
        {"safe_place": "YES", "alone_now": "YES"},
        {"protective_adult": "YES", "alone_now": "YES"},
        {"safe_place": "YES", "access": "NOW"},
        {"severity": 0, "emergency_care": "YES"},
        {"danger_now": "NO", "violence_now": "YES"},
    ],
)
def test_two_answers_that_exclude_each_other_are_named_by_their_paths(answers: dict[str, Any]) -> None:
    (found,) = contradictions(of({}, answers))
    assert found.paths == tuple(f"children[1].facts.{name}" for name in answers)
    assert found.because


@pytest.mark.parametrize("unknown", ["UNKNOWN", "NOT_ASKED", "NO"])
def test_what_is_not_known_contradicts_nothing(unknown: str) -> None:
    assert contradictions(of({"safe_place": "YES", "alone_now": unknown})) == ()


def test_answers_of_two_children_do_not_contradict_each_other() -> None:
    assert contradictions(of({"safe_place": "YES"}, {"alone_now": "YES"})) == ()


def test_an_ordinary_report_contradicts_itself_in_nothing() -> None:
    assert contradictions(FACTS) == ()


def test_every_pair_names_facts_and_values_that_a_pack_knows() -> None:
    """A renamed fact would never be seen again: it fails here."""
    facts = {fact["id"]: fact for fact in Packs().in_force(DEFAULT_PACK, RANG).document["child_facts"]}
    answers = {answer for pair in model.PAIRS for answer in ((pair.fact, pair.value), (pair.other, pair.other_value))}
    for name, value in answers - {("danger_now", "NO")}:
        if isinstance(value, int):
            assert facts[name]["integer"]
        else:
            assert value in facts[name].get("values", ("YES", "NO"))


@pytest.mark.parametrize("pack", Packs().all(), ids=lambda pack: f"{pack.id} {pack.version}")
def test_what_is_danger_now_is_what_each_pack_marks_so(pack: Pack) -> None:
    assert set(model.DANGER_NOW) == {fact["id"] for fact in pack.document["child_facts"] if fact.get("danger_now")}
