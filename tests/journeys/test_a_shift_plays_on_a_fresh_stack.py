"""`make shift`: a scenario plays on a stack of its own, and its end says whether every expectation held."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stack import clean_environment

SCENARIOS = Path(__file__).parents[2] / "scenarios"


def play(file: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The play of a scenario on a fresh stack, by the command that people use."""
    command = [sys.executable, "-m", "cli", "scenario", "play", "--fresh", str(file), *options]
    return subprocess.run(command, env=clean_environment(), capture_output=True, text=True, check=False)


@pytest.mark.timeout(900)
def test_the_first_shift_comes_out_as_its_file_says() -> None:
    done = play(SCENARIOS / "first-shift.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "18 contacts, 18 as expected"
    # Where there is no terminal the board is plain lines, and a summary says what became of each contact.
    assert "imminent-danger: decided: SCREEN_IN, tier T0" in done.stdout
    assert any(line.startswith("imminent-danger · ") and " · trace " in line for line in done.stdout.splitlines())


@pytest.mark.timeout(600)
def test_each_difference_is_one_line_and_the_play_ends_with_1(tmp_path: Path) -> None:
    """Any other file in the format plays too: this one expects what cannot come."""
    text = (SCENARIOS / "sample.yaml").read_text()
    changed = text.replace("assigned: jonas", "assigned: maria").replace("tier: T3", "tier: T1")
    file = tmp_path / "wrong.yaml"
    file.write_text(changed.replace("until: 1m30s", "until: 1m15s"))
    done = play(file, "--json")
    assert done.returncode == 1, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert (result["contacts"], result["as_expected"]) == (2, 1)
    assert result["differences"]["lesser-urgency"] == [
        "the tier is T3, expected T1",
        "assigned to jonas, expected maria",
    ]


def test_a_file_with_a_mistake_is_not_played(tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text("name: wrong\n")
    done = play(file)
    assert done.returncode == 2
    assert f"{file}:1: contacts: is missing" in done.stderr
