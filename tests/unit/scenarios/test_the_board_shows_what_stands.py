"""The board: one row a contact, promises with countdowns and rungs, and at the end what became of each."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from rich.console import Console

from scenarios import judge
from scenarios.board import Board
from scenarios.check import load
from scenarios.crew import Crew, Hotline
from scenarios.player import Play
from scenarios.seen import Seen
from tests.unit.scenarios.files import written
from tests.unit.scenarios.sights import RANG, message, promise, seen


def play_at(folder: Path, now: datetime, sight: Seen) -> Play:
    """A shift of one call, as far as `now`, of which this can be seen."""
    play = Play(
        load(written(folder)),
        Crew(Hotline({}, folder)),
        play_id=UUID(int=7),
        clock=lambda: now,
        pace=1,
        pack="seed-default",
        judge=judge.everything,
        tell=lambda *_: None,
    )
    play.started_at = RANG
    (run,) = play.runs
    run.seen, run.brought = sight, sight.brought
    return play


def shown(board: Board, play: Play) -> str:
    """The picture as text."""
    console = Console(file=io.StringIO(), width=160, record=True)
    console.print(board.picture(play))
    return console.export_text()


@pytest.mark.parametrize(
    ("elapsed", "countdown"),
    [(8, "CALLBACK_URGENT 0:12"), (20, "CALLBACK_URGENT 0:00"), (95, "CALLBACK_URGENT -1:15")],
)
def test_an_open_promise_counts_down_to_its_due_time_and_beyond(tmp_path: Path, elapsed: int, countdown: str) -> None:
    play = play_at(tmp_path, RANG + timedelta(seconds=elapsed), seen(promise()))
    assert countdown in shown(Board(Console(file=io.StringIO())), play)


def test_a_row_has_the_reference_the_outcome_the_verdict_and_the_mails(tmp_path: Path) -> None:
    sight = seen(promise(kept_by="ida"), promise("CALLBACK_STANDARD", kept_by="ida"), messages=(message("ida"),))
    text = shown(Board(Console(file=io.StringIO())), play_at(tmp_path, RANG, sight))
    for part in ("asks-for-a-call", "K7M2-9QXA", "CALLBACK", "2 MET", "1"):
        assert part in text


def test_without_a_terminal_what_comes_about_is_told_in_plain_lines() -> None:
    heard = io.StringIO()
    Board(Console(file=heard, width=40)).tell(
        timedelta(seconds=75), "a-call", "CALLBACK_URGENT climbs to manager: milan"
    )
    assert heard.getvalue() == " 1m15s  a-call: CALLBACK_URGENT climbs to manager: milan\n"


def test_the_summary_says_what_became_of_each_contact(tmp_path: Path) -> None:
    heard = io.StringIO()
    play = play_at(
        tmp_path, RANG, seen(promise("CALLBACK_URGENT", "ida@owner", kept_by="ida"), messages=(message("ida"),))
    )
    Board(Console(file=heard, width=40)).summary(play)
    first, second = heard.getvalue().splitlines()
    assert first == f"asks-for-a-call · K7M2-9QXA · CALLBACK · 1 mails · trace {play.runs[0].trace_id}"
    assert second.startswith("    CALLBACK_URGENT MET, due 2026-11-20")
    assert second.endswith("; told ida@owner")
