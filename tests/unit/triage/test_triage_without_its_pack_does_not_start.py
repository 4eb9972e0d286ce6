"""A triage that lacks its pack would send every report to a person: it says so and ends instead."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

NOWHERE = "127.0.0.1:1"


def started(**settings: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HOTLINE_")}
    return subprocess.run(
        [sys.executable, "-m", "services.triage", "consumer"],
        cwd=Path(__file__).parents[3],
        env=environment | settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_pack_that_is_not_held_is_named_in_one_line() -> None:
    ended = started(HOTLINE_PACK="nowhere", HOTLINE_DATABASE_URL=f"postgresql://{NOWHERE}/none")
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert line.startswith("triage consumer: PACK_MISSING: no pack nowhere is held; there are ")


def test_a_missing_setting_is_named_in_one_line() -> None:
    ended = started()
    assert ended.returncode == 1
    assert ended.stderr == (
        "triage consumer: HOTLINE_DATABASE_URL is not set, and this process needs it: set it in the environment\n"
    )
