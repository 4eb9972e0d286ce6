"""`hotline scenario check` says every mistake of a scenario with its line and field."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.scenario import scenario
from policy.packs import Packs
from scenarios.check import load
from scenarios.source import Mistake, ScenarioError
from tests.unit.scenarios.files import RIGHT, changed, written

PACKS = Packs()


def mistakes(folder: Path, text: str) -> list[Mistake]:
    """What is wrong with a scenario of this text."""
    with pytest.raises(ScenarioError) as caught:
        load(written(folder, text), PACKS)
    return list(caught.value.mistakes)


CONTACT, ACT, PROMISE = "contacts[0]", "contacts[0].people[0]", "contacts[0].expect.promises.CALLBACK_URGENT"
WHEN = "when: told of CALLBACK_URGENT}"
SEES = "when: opened}\n      - {who: ida, does: see, child: c1, when: opened}"


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "message"),
    [
        ("channel: VOICE", "channel: PIGEON", 10, f"{CONTACT}.channel", "VOICE"),
        ("    at: 2s\n", "", 8, f"{CONTACT}.at", "missing"),
        ("at: 2s", "at: 2 minutes", 9, f"{CONTACT}.at", "12s, 2m or 1m30s"),
        ("at: 2s", "at: 5m", 9, f"{CONTACT}.at", "end of the shift"),
        ("office: north", "ofice: north", 3, "ofice", "not a key"),
        ("roles: [SUPERVISOR]", "roles: []", 6, "staff.nora.roles", "at least 1"),
        ("supervisor: nora}", "supervisor: norah}", 5, "staff.ida.supervisor", "nobody of the staff is called norah"),
        ("to: ida", "to: idah", 11, f"{CONTACT}.callback.to", "idah"),
        ("who: ida,", "who: assignd,", 13, f"{ACT}.who", "assignd"),
        ("does: attempt", "does: atempt", 13, ACT, "'attempt'"),
        ("outcome: REACHED, ", "", 13, f"{ACT}.outcome", "missing"),
        ("does: attempt", "does: attempt, loudly: true", 13, f"{ACT}.loudly", "not a key"),
        (WHEN, "when: told CALLBACK_URGENT}", 13, f"{ACT}.when", "told of KIND"),
        (WHEN, "when: made CALL_BACK}", 13, f"{ACT}.when", "no promise CALL_BACK"),
        (WHEN, SEES, 14, "contacts[0].people[1].does", "needs a report"),
        ("promise: CALLBACK_URGENT", "promise: FINDING", 13, f"{ACT}.promise", "does not expect"),
        ("told: [ida@owner]", "told: [ida@ownr]", 16, f"{PROMISE}[0].told[0]", "ownr"),
        ("told: [ida@owner]", "told: [owner]", 16, f"{PROMISE}.told[0]", "person@rung"),
        ("is: MET", "is: KEPT", 16, f"{PROMISE}.is", "MET"),
        ("pack: seed-default", "pack: no-such-pack", 2, "pack", "no-such-pack"),
        ("callback: {urgent: true, to: ida}", "ends: {outcome: REPORT}", 11, f"{CONTACT}.ends.outcome", "INFORMATION"),
        ("    callback: {urgent: true, to: ida}\n", "", 8, CONTACT, "this one has none"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_field(
    tmp_path: Path, old: str, new: str, line: int, field: str, message: str
) -> None:
    found = mistakes(tmp_path, changed(old, new))
    assert (line, field) in [(mistake.line, mistake.field) for mistake in found]
    assert any(message in mistake.message for mistake in found), [str(mistake) for mistake in found]


def test_every_mistake_is_told_at_once_and_in_the_order_of_the_lines(tmp_path: Path) -> None:
    found = mistakes(tmp_path, changed("channel: VOICE", "channel: PIGEON").replace("pack: seed-default\n", ""))
    assert [mistake.field for mistake in found] == ["pack", "contacts[0].channel"]


def test_a_contact_that_rings_before_the_one_above_it_is_a_mistake(tmp_path: Path) -> None:
    second = RIGHT[RIGHT.index("  - id:") :].replace("asks-for-a-call", "asks-again").replace("at: 2s", "at: 1s")
    (found,) = mistakes(tmp_path, RIGHT + second)
    assert (found.line, found.field) == (18, "contacts[1].at")


def test_two_contacts_of_one_id_are_a_mistake(tmp_path: Path) -> None:
    (found,) = mistakes(tmp_path, RIGHT + RIGHT[RIGHT.index("  - id:") :])
    assert (found.line, found.field) == (17, "contacts[1].id")


def test_a_key_that_stands_twice_is_a_mistake_and_not_a_choice(tmp_path: Path) -> None:
    (found,) = mistakes(tmp_path, changed("    at: 2s\n", "    at: 2s\n    at: 3s\n"))
    assert (found.line, found.field, found.message) == (10, "contacts[0].at", "stands here a second time")


def test_a_file_that_is_not_yaml_is_told_with_the_line_where_it_breaks(tmp_path: Path) -> None:
    (found,) = mistakes(tmp_path, RIGHT + "  - [\n")
    assert found.line >= 17
    assert found.message.startswith("this is not YAML")


def test_yes_and_no_stay_the_words_they_are(tmp_path: Path) -> None:
    scenario = load(written(tmp_path, changed("channel: VOICE", "channel: VOICE\n    danger_now: YES")))
    assert scenario.contacts[0].danger_now == "YES"


def test_the_command_says_mistakes_as_file_line_and_field_and_ends_with_1(tmp_path: Path) -> None:
    path = written(tmp_path, changed("channel: VOICE", "channel: PIGEON"))
    answer = CliRunner().invoke(scenario, ["check", str(path)])
    assert answer.exit_code == 1
    assert answer.output.startswith(f"{path}:10: contacts[0].channel: ")


def test_the_command_ends_with_0_where_there_is_no_mistake(tmp_path: Path) -> None:
    answer = CliRunner().invoke(scenario, ["check", str(written(tmp_path))])
    assert answer.exit_code == 0, answer.output
    assert "no mistakes" in answer.output
