"""A recorded decision comes out byte for byte the same, or the first difference is named (R102, R109)."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from replay_desk import UNPROTECTED, as_recorded
from screening_desk import PACK, report

from policy.canonical import canonical
from policy.errors import PackMissing, PolicyError
from policy.packs import PackRef, Packs
from policy.replay import Difference, Held, Recorded, first_difference, recorded, replay
from policy.screening import Decision
from tools.invented_reports import as_recorded as invented_record
from tools.invented_reports import invented

FACTS = report(UNPROTECTED)


def read(**changed: Any) -> Recorded:
    return recorded(json.dumps({**as_recorded(FACTS), **changed}))


def difference(**changed: Any) -> Difference:
    found = replay(PACK, read(**changed))
    assert isinstance(found, Difference)
    return found


def output_with(change: dict[str, Any]) -> dict[str, Any]:
    return copy.deepcopy(as_recorded(FACTS)["output"]) | change


def test_the_same_facts_and_pack_give_the_same_bytes() -> None:
    again = replay(PACK, read())
    assert isinstance(again, Decision)
    assert again.canonical() == canonical(as_recorded(FACTS)["output"])


def test_three_hundred_invented_reports_come_out_as_they_were_recorded() -> None:
    lines = [json.dumps(invented_record(item, PACK)) for item in invented(300, seed=11)]
    items = [item for item in map(recorded, lines) if item.output is not None]
    assert len(items) > 290
    assert [found for item in items if isinstance(found := replay(PACK, item), Difference)] == []


@pytest.mark.parametrize(
    ("change", "path", "was", "becomes"),
    [
        ({"tier": "T4"}, "tier", '"T4"', '"T2"'),
        ({"tasks": ["CALL_911"]}, "tasks[0]", '"CALL_911"', "nothing"),
        ({"children": [{"id": "c1", "tier": "T2", "lines": ["PA:P9"]}]}, "children[0].lines[0]", '"PA:P9"', '"PA:P10"'),
        ({"evaluator": "0", "tier": "T4"}, "evaluator", '"0"', '"1"'),
        ({"mood": "calm"}, "mood", '"calm"', "nothing"),
        ({"incomplete": False}, "incomplete", "false", "[]"),
    ],
)
def test_the_first_path_that_differs_is_named_with_both_values(
    change: dict[str, Any], path: str, was: str, becomes: str
) -> None:
    found = difference(output=output_with(change))
    assert (found.path, found.recorded, found.replayed) == (path, was, becomes)


def test_one_is_not_true_and_an_absent_entry_is_not_null() -> None:
    assert first_difference({"a": 1}, {"a": True}) == ("a", "1", "true")
    assert first_difference({"a": None}, {}) == ("a", "null", "nothing")
    assert first_difference({"a": [1, {"b": 2}]}, {"a": [1, {"b": 2}]}) is None


def test_recorded_text_that_is_not_canonical_is_a_difference_though_it_says_the_same() -> None:
    text = canonical(as_recorded(FACTS)["output"]).decode()
    assert isinstance(replay(PACK, read(output=text)), Decision)
    found = difference(output=text.replace('"tier":', '"tier": '))
    assert (found.path, found.recorded) == ("", "text that is not in canonical form")
    assert difference(output="T1, I think").recorded == "text that is not JSON"


def test_facts_that_can_no_longer_be_screened_are_a_difference() -> None:
    without_age = copy.deepcopy(FACTS)
    del without_age["children"][0]["facts"]["age_months"]
    found = difference(facts=without_age)
    assert found.replayed == "the error NOT_ASKED at children[0].facts.age_months"


def test_a_pack_is_found_by_its_hash_and_by_nothing_less() -> None:
    held = Held(Packs())
    assert held.pack(PACK.ref).sha256 == PACK.sha256
    with pytest.raises(PackMissing, match="install the packs as they were then"):
        held.pack(PackRef(PACK.id, PACK.version, "0" * 64))
    with pytest.raises(PackMissing, match=r"seed-default is held in the versions 1\.0\.0"):
        held.pack(PackRef(PACK.id, "9.9.9", PACK.sha256))


@pytest.mark.parametrize(
    ("line", "paths"),
    [
        ("not json", ()),
        ('{"report_id": NaN}', ()),
        ("[]", ()),
        ("{}", ("report_id",)),
        ('{"report_id": 7}', ("report_id",)),
        ('{"report_id": "r"}', ("facts",)),
        ('{"report_id": "r", "facts": {}, "output": {}}', ("pack",)),
        ('{"report_id": "r", "facts": {}, "output": {}, "pack": {"id": "p", "version": "1"}}', ("pack.sha256",)),
        ('{"report_id": "r", "facts": {}, "channel": 3}', ("channel",)),
        (
            '{"report_id": "r", "facts": {}, "pack": {"id": "p", "version": "1", "sha256": "0"}, "output": "\\ud800"}',
            (),
        ),
    ],
)
def test_a_line_that_is_no_recorded_decision_is_refused_by_its_path(line: str, paths: tuple[str, ...]) -> None:
    with pytest.raises(PolicyError) as error:
        recorded(line)
    assert (error.value.code, error.value.paths) == ("BAD_RECORD", paths)


def test_a_report_that_could_not_be_screened_has_nothing_to_replay() -> None:
    item = recorded('{"report_id": "r", "facts": {"report": {"reporter": "MANDATED"}}, "output": null}')
    assert (item.output, item.pack, item.reporter) == (None, None, "MANDATED")


def test_since_counts_from_the_evaluation_or_else_from_the_receipt() -> None:
    since = datetime(2026, 11, 23, tzinfo=UTC)
    assert read().evaluated_since(since) is False
    assert read(evaluated_at="2026-11-23T00:00:00+00:00").evaluated_since(since) is True
