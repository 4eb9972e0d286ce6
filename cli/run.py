"""`hotline run`: the whole stack in the foreground, a shift played on it, and then it is yours until Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import click
from rich.console import Console

from cli.fresh import standing
from cli.scenario import hotline_of, plain_errors
from deploy.local.settings import PROJECT, SERVICES, StackSettings
from scenarios import judge
from scenarios.board import Board
from scenarios.check import load
from scenarios.model import Scenario
from scenarios.stage import pack_for, stage

_SHIFT = PROJECT / "scenarios" / "first-shift.yaml"
_SAMPLE = PROJECT / "scenarios" / "sample.yaml"


@click.command()
@click.option("--sample", is_flag=True, help="Only two reports, not a whole shift.")
def run(sample: bool) -> None:
    """Start everything, play a shift on it, and stay up for calls of your own until Ctrl-C.

    The data stays under .hotline: the next run goes on where this one stopped.
    """
    file = _SAMPLE if sample else _SHIFT
    with plain_errors(file):
        scenario = load(file)
        settings = StackSettings().model_copy(update={"pack": pack_for(scenario, 1)})
        asyncio.run(_run(scenario, file, settings))


async def _run(scenario: Scenario, file: Path, settings: StackSettings) -> None:
    console = Console()
    async with standing(settings, console) as stop:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        told = asyncio.create_task(stop.wait())
        play = asyncio.create_task(_play(scenario, file, settings, console))
        await asyncio.wait({told, play}, return_when=asyncio.FIRST_COMPLETED)
        if play.done():
            play.result()
            _say_where(settings, console)
            await told
        else:
            play.cancel()
            await asyncio.gather(play, return_exceptions=True)
        console.print("stopping")


async def _play(scenario: Scenario, file: Path, settings: StackSettings, console: Console) -> None:
    console.print(f"Playing {file.relative_to(PROJECT)}: {len(scenario.contacts)} contacts", highlight=False)
    result = await stage(scenario, hotline_of(settings), Board(console), judge=judge.everything)
    for line in result.lines():
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _say_where(settings: StackSettings, console: Console) -> None:
    lines = [
        "",
        *(f"{service:<14} {settings.address(service)}" for service in SERVICES),
        f"{'mail':<14} {settings.mail}",
        f"{'texts, calls':<14} {settings.phone / 'messages'}",
        f"{'logs':<14} {settings.logs}",
        "",
        "In another terminal:",
        "  hotline report send FILE       a report of your own, and what becomes of it",
        "  hotline promises               who owes what, until when",
        "  hotline status                 queues, backlogs, open promises",
        "  hotline stack status           every process and its log",
        f"  grpcurl -plaintext {settings.address('intake')} list     any gRPC client, by reflection",
        "",
        "Everything stays up until Ctrl-C.",
    ]
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
