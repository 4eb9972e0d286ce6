"""The classes of the format, the schema that editors read, the contracts and the demonstration packs agree."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args, get_type_hints

import jsonschema
import pytest

from hotline.casework.v1 import promise_pb2 as ledger
from hotline.intake.v1 import intake_service_pb2 as intake
from hotline.triage.v1 import triage_service_pb2 as triage
from hotline.type.v1 import type_pb2
from policy.clocks import Unit
from policy.packs import Pack, Packs
from scenarios import model
from scenarios.check import load
from scenarios.source import read

FOLDER = Path(model.__file__).parent
SHIFTS = sorted(FOLDER.glob("*.yaml"))
PACKS = Packs()
TIERS = ("T0", "T1", "T2", "T3", "T4", None)


def test_the_schema_is_made_from_the_classes() -> None:
    """Make it anew with `hotline scenario schema > scenarios/schema.json`."""
    assert json.loads((FOLDER / "schema.json").read_text()) == model.Scenario.model_json_schema()


@pytest.mark.parametrize("path", SHIFTS, ids=lambda path: path.stem)
def test_every_shift_here_holds_by_the_schema_and_has_no_mistake(path: Path) -> None:
    jsonschema.validate(read(path).data, json.loads((FOLDER / "schema.json").read_text()))
    assert load(path, PACKS).name == path.stem


def test_the_first_shift_has_fifteen_contacts_or_more_on_every_channel() -> None:
    shift = load(FOLDER / "first-shift.yaml", PACKS)
    assert len(shift.contacts) >= 15
    assert {contact.channel for contact in shift.contacts} == set(get_args(model.Channel))


@pytest.mark.parametrize(
    ("words", "enum", "prefix", "beside"),
    [
        (model.Channel, type_pb2.Channel, "CHANNEL_", set()),
        (model.CallerClass, type_pb2.CallerClass, "CALLER_CLASS_", set()),
        (model.Outcome, intake.ContactOutcome, "CONTACT_OUTCOME_", set()),
        (model.Screening, triage.Screening, "SCREENING_", set()),
        (get_type_hints(model.Complaint)["about"], intake.ComplaintAbout, "COMPLAINT_ABOUT_", set()),
        (model.Tier, type_pb2.Tier, "TIER_", {"none"}),
    ],
)
def test_the_words_are_those_of_the_contracts(words: Any, enum: Any, prefix: str, beside: set[str]) -> None:
    contract = {name.removeprefix(prefix) for name in enum.DESCRIPTOR.values_by_name} - {"UNSPECIFIED"}
    assert set(get_args(words)) == contract | beside


def test_a_promise_ends_with_a_verdict_or_stands_in_a_state() -> None:
    verdicts = {name.removeprefix("VERDICT_") for name in ledger.Verdict.DESCRIPTOR.values_by_name}
    states = {name.removeprefix("PROMISE_STATE_") for name in ledger.PromiseState.DESCRIPTOR.values_by_name}
    assert set(get_args(model.Fate)) == (verdicts | states) - {"UNSPECIFIED", "KEPT"}


def clocks(pack: Pack) -> dict[tuple[str, str | None], list[timedelta]]:
    """The instants of every ladder of a pack, in the order of its rungs; the last is the due time."""
    found = {}
    for kind in pack.kinds:
        for tier in TIERS:
            if kind != "VOICEMAIL_CHECK" and pack.has_clock(kind, tier):
                due = pack.clock(kind, tier).elapsed
                rungs = pack.ladder(kind, tier).rungs
                found[kind, tier] = [*(due * float(rung.share) + rung.delay for rung in rungs), due]
    return found


@pytest.mark.parametrize("name", ["demo", "demo-slow"])
def test_a_demonstration_pack_counts_in_seconds_and_is_always_open(name: str) -> None:
    pack = PACKS.get(name)
    assert pack.calendar().always_open
    for kind in pack.kinds:
        for due in pack.document["clocks"][kind]["due"]:
            assert [unit for unit in due if unit in set(Unit)] == ["seconds"]


def test_the_demonstration_clocks_are_those_a_shift_is_written_for() -> None:
    due = {key: instants[-1].total_seconds() for key, instants in clocks(PACKS.get("demo")).items()}
    assert due["CALLBACK_URGENT", None] == 20
    assert due["CALLBACK_STANDARD", None] == 60
    assert [due["FIRST_CONTACT", tier] for tier in ("T0", "T1", "T2")] == [45, 45, 100]
    alarm = clocks(PACKS.get("demo"))["CALLBACK_URGENT", None][1]
    assert alarm == timedelta(seconds=12)


def test_only_clocks_over_thirty_seconds_warn_and_they_warn_at_half_their_time() -> None:
    pack = PACKS.get("demo")
    for (kind, tier), instants in clocks(pack).items():
        warnings = [at for at, rung in zip(instants, pack.ladder(kind, tier).rungs, strict=False) if rung.warning]
        assert warnings == ([instants[-1] / 2] if instants[-1] > timedelta(seconds=30) else []), (kind, tier)


def test_no_two_instants_of_a_demonstration_ladder_are_closer_than_eight_seconds() -> None:
    for key, instants in clocks(PACKS.get("demo")).items():
        climbs = sorted(instants[:-1])
        assert all(b - a >= timedelta(seconds=8) for a, b in pairwise(climbs)), key


def test_the_slow_pack_is_three_times_as_slow_in_every_instant() -> None:
    slow = clocks(PACKS.get("demo-slow"))
    for key, instants in clocks(PACKS.get("demo")).items():
        assert slow[key] == [3 * instant for instant in instants], key
    for name, ladder in PACKS.get("demo").document["ladders"].items():
        if name in ("brisk", "warned"):
            other = PACKS.get("demo-slow").document["ladders"][name]
            for part in ("acknowledgement", "repeat"):
                assert other[part]["seconds"] == 3 * ladder[part]["seconds"]


def test_a_clock_time_stays_the_word_it_is(tmp_path: Path) -> None:
    """YAML 1.1 would make 90 of 1:30."""
    path = tmp_path / "time.yaml"
    path.write_text("at: 1:30\n")
    assert read(path).data == {"at": "1:30"}
