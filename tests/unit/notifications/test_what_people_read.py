"""The texts: what is promised, to which reference, due when, why you, what to do; and nothing else."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from services.notifications import templates

CHICAGO = ZoneInfo("America/Chicago")
TEXTS = templates.load()
VALUES = {
    "kind": "CALLBACK_URGENT",
    "due": "2026-03-02T18:15:00+00:00",
    "assigned": "2026-03-02T18:00:00+00:00",
    "since": "2026-03-02T18:00:00+00:00",
    "rung": "supervisor",
    "safe_from": "2026-03-02T18:00:00+00:00",
    "safe_until": "",
    "begins": "2026-03-02T18:00:00+00:00",
    "until": "2026-03-03T18:00:00+00:00",
    "office": "lake-east",
    "role": "SCREENER",
    "rungs": "SUPERVISOR of SCREENER:lake-east",
    "count": "1",
    "open": "12",
    "overdue": "3",
    "percent": "50",
    "target": "90",
    "calls": "6",
    "abandoned": "2",
    "voicemail": "1",
    "code": "123456",
}
OF_SWEEPS = {"DRILL", "COVERAGE", "HAND_OVER", "ANSWERING"}
"""They are about an office, not about one promise."""
OF_THE_MESSAGE = {"reference": "7ZK4-M", "promise_id": "00000000-0000-0000-0000-000000000009"}


def read(code: str) -> templates.Text:
    return templates.render(TEXTS[code], VALUES | OF_THE_MESSAGE, CHICAGO)


def test_every_code_has_its_text() -> None:
    of_promises = {"RUNG", "WARNING", "OVERDUE", "CALL", "ASSIGNMENT", "LAST_RESORT", "NOBODY_LEFT", "STALLED"}
    assert set(TEXTS) == of_promises | OF_SWEEPS | {"VERIFY"}


def test_a_safe_time_may_be_open_on_either_side() -> None:
    assert "safe to call Mon 02 Mar 2026 12:00:00 CST to any time" in read("CALL").subject
    assert templates.problems(TEXTS["CALL"], VALUES | {"safe_from": ""}) == {}
    assert list(templates.problems(TEXTS["CALL"], VALUES | {"safe_from": "soon"})) == ["values.safe_from"]


@pytest.mark.parametrize("code", sorted(TEXTS))
def test_every_text_says_what_to_do_and_how_to_see_the_promise(code: str) -> None:
    body = read(code).body
    assert "What to do:" in body
    assert "You are told because" in body or code == "WARNING"
    assert f"hotline promise {OF_THE_MESSAGE['promise_id']}" in body or code in OF_SWEEPS | {"VERIFY"}


@pytest.mark.parametrize("code", sorted(TEXTS))
def test_nothing_is_left_unfilled(code: str) -> None:
    text = read(code)
    assert "$" not in text.subject + text.body


def test_times_are_told_in_the_local_zone() -> None:
    assert read("RUNG").subject == "7ZK4-M: callback urgent is due Mon 02 Mar 2026 12:15:00 CST"


def test_a_missing_value_is_named_by_its_path() -> None:
    found = templates.problems(TEXTS["RUNG"], {"kind": "FINDING", "rung": "owner"})
    assert found == {"values.due": "is needed by this template"}


@pytest.mark.parametrize("time", ["soon", "2026-03-02T18:15:00"])
def test_a_time_must_be_a_time_with_its_zone(time: str) -> None:
    found = templates.problems(TEXTS["RUNG"], VALUES | {"due": time})
    assert found == {"values.due": "must be an ISO 8601 time with its zone"}


def test_a_text_without_a_subject_is_found_when_the_service_starts(tmp_path: Path) -> None:
    (tmp_path / "RUNG.txt").write_text("A promise needs you.\n")
    with pytest.raises(ValueError, match=r"RUNG\.txt must begin with a line 'Subject"):
        templates.load(tmp_path)
