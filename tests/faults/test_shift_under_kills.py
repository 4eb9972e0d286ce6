"""Whatever process is killed while a shift plays: no report is lost, none counts twice, every verdict is what it was.

The outcome is reports, decisions, assignments and verdicts. While something is down an extra rung or a merged message
may come; but there is one notification and one Message-ID for each person and rung, whatever dies. The clocks are three
times as long, so that a process has time to come back.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.console import Console

from cli.fresh import fresh_stack
from cli.scenario import hotline_of
from scenarios import judge
from scenarios.board import Board
from scenarios.check import load
from scenarios.stage import Result, pack_for, stage
from tests.faults.killing import VICTIMS, kill_in_turn

SHIFT = Path(__file__).parents[2] / "scenarios" / "first-shift.yaml"
PACE = 3
IN_TURN = 2.0
"""Seconds of calm between two kills, when each process is killed once."""
ALONE = (20.0, 50.0, 50.0, 50.0)
"""Seconds of calm before each kill, when one process is killed again and again."""


async def played(victims: Sequence[str], pauses: Sequence[float]) -> tuple[Result, list[str], str]:
    """The shift on a stack of its own while these are killed: what came of it, who was killed, and what was said."""
    scenario, said, killed = load(SHIFT), io.StringIO(), []
    console = Console(file=said, width=200)
    async with fresh_stack(pack_for(scenario, PACE), console) as settings:
        killer = asyncio.create_task(kill_in_turn(settings, victims, pauses, killed))
        try:
            result = await stage(scenario, hotline_of(settings), Board(console), judge=judge.outcome, pace=PACE)
        finally:
            killer.cancel()
        (outcome,) = await asyncio.gather(killer, return_exceptions=True)
        assert not isinstance(outcome, Exception), f"after {', '.join(killed)}: {outcome!r}"
    return result, killed, said.getvalue()


@pytest.mark.timeout(1200)
async def test_a_shift_during_which_each_process_is_killed_once_comes_out_the_same() -> None:
    result, killed, said = await played(VICTIMS, [IN_TURN] * len(VICTIMS))
    assert killed == list(VICTIMS), f"the shift was over when only {len(killed)} of {len(VICTIMS)} had been killed"
    assert result.holds, "\n".join([*result.lines(), said])


@pytest.mark.faults
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("victim", VICTIMS)
async def test_a_shift_during_which_one_process_is_killed_again_and_again_comes_out_the_same(victim: str) -> None:
    result, killed, said = await played([victim] * len(ALONE), ALONE)
    assert killed, "the shift was over before anything was killed"
    assert result.holds, "\n".join([*result.lines(), said])
