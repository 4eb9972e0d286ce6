"""What the pages on replay and on the shadow model say holds in the code."""

from __future__ import annotations

import json
import re
from pathlib import Path

from cli.replay import replay
from services.triage.shadow.model import BASELINE, FEATURES, POINTS_PER_LOGIT
from tests.load import bench

DOCS = Path(__file__).parents[3] / "docs" / "product"
REPLAY, CARD = (DOCS / "replay.md").read_text(), (DOCS / "model-card.md").read_text()


def test_every_option_of_the_command_is_on_the_page_and_no_other() -> None:
    known = {option for parameter in replay.params for option in parameter.opts if option.startswith("--")}
    told = set(re.findall(r"--[a-z]+", REPLAY.replace("hotline screen --lines", "")))
    assert told == known - {"--folder"}


def test_the_goals_on_the_page_are_those_of_the_bench() -> None:
    assert (bench.SCREENING_GOAL, bench.REPLAY_GOAL) == (5_000, 5 * 60)
    assert "5,000 decisions a second" in REPLAY
    assert "in five minutes" in REPLAY


def test_the_card_tells_of_the_table_as_it_is() -> None:
    points = json.loads(BASELINE.read_text())["points"]
    assert points["a lethal hazard"] < 0
    assert POINTS_PER_LOGIT == 10
    assert 20 <= len(points) <= len(FEATURES) <= 30


def test_the_card_tells_the_truth_about_who_is_missed() -> None:
    row = re.search(r"^\| all \|.*\| ([\d.]+) % \([^|]*\| [^|]*\|$", (DOCS / "model-disparity.md").read_text(), re.M)
    assert row
    assert float(row[1]) > 50
