"""What another pack would have decided: moves, first contacts and groups, counted exactly (R109)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from replay_desk import as_recorded, packs_with_trial, shift
from screening_desk import PACK, child, report

from policy.impact import REFUSED, SCREEN_OUT, Change, Effect, Impact, Part
from policy.packs import Pack, Packs
from policy.replay import recorded, replay
from policy.screening import Decision


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    return Packs(packs_with_trial(tmp_path_factory.mktemp("trial"))).get("trial")


def compared(entries: Iterable[dict[str, Any]], other: Pack) -> tuple[Impact, list[Change]]:
    impact, changes = Impact.of(other), []
    for entry in entries:
        item = recorded(json.dumps(entry))
        before = replay(PACK, item)
        assert isinstance(before, Decision)
        changes.append(impact.compare(item, PACK, before, other))
    return impact, [change for change in changes if change]


def test_moves_are_a_matrix_of_responses(trial: Pack) -> None:
    impact, _ = compared(shift(), trial)
    assert dict(impact.moves) == {
        ("T2", "T3"): 1,
        ("T2", "T1"): 1,
        (SCREEN_OUT, "T3"): 1,
        ("T4", SCREEN_OUT): 1,
        ("T0", "T0"): 1,
    }
    assert impact.rows() == ("T0", "T1", "T2", "T3", "T4", SCREEN_OUT)
    assert impact.examples["T2", "T1"] == ["more"]
    assert ("T0", "T0") not in impact.examples


def test_the_changed_decisions_are_named_with_what_changes_in_them(trial: Pack) -> None:
    _, changes = compared(shift(), trial)
    told = {change.report_id: (change.before, change.after, change.parts) for change in changes}
    assert told["less"] == ("T2", "T3", (Part.TIER,))
    assert told["more"][:2] == ("T2", "T1")
    assert set(told["more"][2]) == {Part.TIER, Part.DUE}
    assert set(told["added"][2]) == {Part.SCREENING, Part.DUE}
    assert "same" not in told


def test_first_contacts_added_saved_and_moved_are_counted(trial: Pack) -> None:
    impact, _ = compared(shift(), trial)
    assert impact.effects == {
        Effect.DECISIONS: 5,
        Effect.CHANGED: 4,
        Effect.MORE_URGENT: 2,
        Effect.LESS_URGENT: 2,
        Effect.SCREENED_IN_BEFORE: 4,
        Effect.SCREENED_IN_AFTER: 4,
        Effect.CONTACTS_ADDED: 1,
        Effect.CONTACTS_SAVED: 1,
        Effect.CONTACTS_SOONER: 1,
    }


def test_a_pack_that_only_moves_clocks_changes_due_times_and_no_response() -> None:
    impact, changes = compared(shift(), Packs().get("il-300"))
    assert all(before == after for before, after in impact.moves)
    assert {change.parts for change in changes} == {(Part.DUE,)}
    assert impact.effects[Effect.CONTACTS_SOONER] == 3


def test_every_group_has_its_own_counts(trial: Pack) -> None:
    """R041: by channel, language and class of reporter, and by county."""
    impact, _ = compared(shift(), trial)
    channels = dict(impact.values("channel"))
    assert (channels["VOICE"][Effect.DECISIONS], channels["VOICE"][Effect.CHANGED]) == (3, 2)
    assert (channels["WEB"][Effect.CONTACTS_ADDED], channels["WEB"][Effect.CONTACTS_SAVED]) == (1, 1)
    reporters = dict(impact.values("reporter"))
    assert reporters["ANONYMOUS"][Effect.LESS_URGENT] == 1
    assert {name: of[Effect.DECISIONS] for name, of in reporters.items()} == {
        "PERMISSIVE": 3,
        "ANONYMOUS": 1,
        "MANDATED": 1,
    }
    assert [name for name, _ in impact.values("language")] == ["en"]
    assert [name for name, _ in impact.values("county")] == ["harbor"]


def test_without_a_county_the_office_stands_for_it_and_what_is_not_known_says_so(trial: Pack) -> None:
    impact, _ = compared([as_recorded({**report(child("PA2")), "office": "harbor-south"})], trial)
    assert [name for name, _ in impact.values("county")] == ["harbor-south"]
    assert [name for name, _ in impact.values("channel")] == ["not recorded"]


def test_facts_the_other_pack_cannot_screen_are_refusals_and_nothing_is_guessed(tmp_path: Path) -> None:
    folder = packs_with_trial(tmp_path)
    pack = (folder / "trial/1.0.0/pack.yaml").read_text()
    stricter = pack + "child_facts:\n  - {id: sole_carer, required: with_criterion}\n"
    (folder / "trial/1.0.0/pack.yaml").write_text(stricter)
    asked, not_asked = child("PA2"), child("PA2")
    del not_asked["facts"]["sole_carer"]
    impact, changes = compared([as_recorded(report(asked)), as_recorded(report(not_asked))], Packs(folder).get("trial"))
    assert impact.refusals == {"NOT_ASKED": 1}
    assert [(change.after, change.parts) for change in changes] == [(REFUSED, (Part.REFUSED,))]
    assert impact.effects[Effect.MORE_URGENT] == impact.effects[Effect.LESS_URGENT] == 0


def test_parts_counted_apart_add_up_to_the_whole(trial: Pack) -> None:
    whole, _ = compared(shift() * 3, trial)
    together = Impact.of(trial)
    for part in (shift(), shift(), shift()):
        together.absorb(compared(part, trial)[0])
    assert together.as_json() == whole.as_json()
    assert whole.examples["T2", "T1"] == ["more"] * 3
