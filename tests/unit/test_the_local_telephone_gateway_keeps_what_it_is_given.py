"""The stack's telephone gateway makes each call once, and lets a developer say which lines are not in order."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy.local.phone import Exchange, LinesUnreadable

NOW = datetime(2026, 3, 2, tzinfo=UTC)
NUMBER = "+13125550142"


def call(folder: Path, message_id: str, number: str = NUMBER) -> str:
    # An exchange of its own for each call, as after a restart: what it knows, it knows from its folder.
    return Exchange(folder).deliver(message_id, "VOICE", number, "A promise needs you.", NOW)


def made(folder: Path) -> list[dict[str, str]]:
    return [json.loads(file.read_text()) for file in (folder / "messages").iterdir()]


def test_a_call_is_kept_as_a_file(tmp_path: Path) -> None:
    assert call(tmp_path, "one") == "DELIVERED"
    (kept,) = made(tmp_path)
    assert kept == {
        "message_id": "one",
        "channel": "VOICE",
        "number": NUMBER,
        "text": "A promise needs you.",
        "outcome": "DELIVERED",
        "at": "2026-03-02T00:00:00+00:00",
    }


def test_a_line_is_busy_for_as_long_as_the_developer_says(tmp_path: Path) -> None:
    (tmp_path / "lines.json").write_text(json.dumps({NUMBER: "BUSY"}))
    assert call(tmp_path, "one") == "BUSY"
    assert call(tmp_path, "two", "+13125550143") == "DELIVERED"
    (tmp_path / "lines.json").write_text("{}")
    assert call(tmp_path, "three") == "DELIVERED"


def test_a_repetition_rings_nobody_and_is_answered_as_the_first_time(tmp_path: Path) -> None:
    (tmp_path / "lines.json").write_text(json.dumps({NUMBER: "NO_ANSWER"}))
    assert call(tmp_path, "one") == "NO_ANSWER"
    (tmp_path / "lines.json").unlink()
    assert call(tmp_path, "one") == "NO_ANSWER"
    assert len(made(tmp_path)) == 1


@pytest.mark.parametrize("written", ["", "[]", json.dumps({NUMBER: "ENGAGED"}), json.dumps({NUMBER: ["BUSY"]})])
def test_lines_that_cannot_be_read_are_told_with_their_file(tmp_path: Path, written: str) -> None:
    (tmp_path / "lines.json").write_text(written)
    with pytest.raises(LinesUnreadable, match=r"lines\.json must be a JSON object.*mend it or remove it"):
        call(tmp_path, "one")
    assert made(tmp_path) == []
