"""`hotline scenario check|play FILE`: shifts that are written as files."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console

from cli import output, session
from cli.fresh import fresh_stack
from deploy.local.processes import StackError
from deploy.local.settings import SERVICES, StackSettings
from scenarios import judge
from scenarios.board import Board
from scenarios.check import load
from scenarios.crew import Hotline
from scenarios.model import Scenario
from scenarios.player import WrongPackError
from scenarios.source import ScenarioError
from scenarios.stage import PACES, Result, pack_for, stage

_FILE = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))


@click.group()
def scenario() -> None:
    """Check and play shifts that are written as files."""


@scenario.command()
@_FILE
def check(file: Path) -> None:
    """Say every mistake in FILE with its line and field; exit code 1 if there is one."""
    try:
        found = load(file)
    except ScenarioError as problem:
        for mistake in problem.mistakes:
            click.echo(str(mistake))
        sys.exit(1)
    except OSError as problem:
        raise click.ClickException(f"{file}: {problem.strerror}") from problem
    click.echo(f"{file}: {found.name}, {len(found.contacts)} contacts, {len(found.staff)} people: no mistakes")


@scenario.command()
def schema() -> None:
    """Print the JSON Schema of the format, as scenarios/schema.json has it for editors."""
    output.as_json(Scenario.model_json_schema())


@scenario.command()
@_FILE
@click.option("--fresh", is_flag=True, help="On a stack of its own, started for it and thrown away.")
@click.option(
    "--pace",
    type=click.Choice([str(pace) for pace in PACES]),
    default="1",
    help="How many times as long all clocks are; the stack must run the pack that is as slow.",
)
@click.option(
    "--outcome-only", is_flag=True, help="Compare reports, decisions, assignments and verdicts, not messages."
)
@click.option("--json", "as_json", is_flag=True, help="The result as JSON; the shift itself goes to standard error.")
def play(file: Path, fresh: bool, pace: str, outcome_only: bool, as_json: bool) -> None:
    """Play FILE on the running stack; the exit code is 0 if every expectation held, else 1."""
    if not fresh:
        session.only_here()
    with plain_errors(file):
        scenario = load(file)
        board = Board(Console(stderr=as_json))
        compare = judge.outcome if outcome_only else judge.everything
        performance = (
            _fresh(scenario, board, compare, int(pace)) if fresh else _here(scenario, board, compare, int(pace))
        )
        result = asyncio.run(performance)
    if as_json:
        output.as_json(
            {"contacts": result.contacts, "as_expected": result.as_expected, "differences": result.differences}
        )
    else:
        for line in result.lines():
            click.echo(line)
    sys.exit(0 if result.holds else 1)


async def _here(scenario: Scenario, board: Board, compare: judge.Judge, pace: int) -> Result:
    return await stage(scenario, hotline_of(StackSettings()), board, judge=compare, pace=pace)


async def _fresh(scenario: Scenario, board: Board, compare: judge.Judge, pace: int) -> Result:
    async with fresh_stack(pack_for(scenario, pace), Console(stderr=True)) as settings:
        return await stage(scenario, hotline_of(settings), board, judge=compare, pace=pace)


def hotline_of(settings: StackSettings) -> Hotline:
    """The hotline that an embedded stack is."""
    if not (settings.identity / "jwks.json").exists():
        raise StackError(f"no stack has been started under {settings.folder}: start one with `hotline stack up`")
    addresses = {service: settings.address(service) for service in SERVICES}
    return Hotline(addresses, settings.identity, None if settings.smtp_address else settings.mail)


@contextmanager
def plain_errors(file: Path) -> Iterator[None]:
    """Tell what is wrong with the file, the stack or its pack in plain lines, with exit code 2."""
    try:
        yield
    except* (ScenarioError, StackError, WrongPackError, OSError) as problems:
        for problem in _single(problems):
            click.echo(f"Error: {problem}", err=True)
        click.echo(f"{file} was not played to its end", err=True)
        sys.exit(2)


def _single(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for problem in group.exceptions:
        if isinstance(problem, BaseExceptionGroup):
            yield from _single(problem)
        else:
            yield problem
