"""`hotline stack`: the embedded stack, started, stopped and looked at."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from cli.output import as_json
from deploy.local import background, status
from deploy.local import backup as backups
from deploy.local import stack as stacks
from deploy.local.processes import StackError
from deploy.local.progress import progress
from deploy.local.settings import SERVICES, StackSettings
from deploy.local.stack import Extent
from deploy.local.status import StackStatus, State


@click.group()
def stack() -> None:
    """Start, stop and look at the embedded stack.

    Its data is in .hotline of the project, or where HOTLINE_HOME says.
    """


@stack.command()
@click.option("--detach", is_flag=True, help="Go on in the background; return when everything is healthy.")
@click.option(
    "--only",
    type=click.Choice([str(Extent.INFRASTRUCTURE)]),
    help="Only PostgreSQL, Kafka, Temporal and mail, without the platform.",
)
def up(detach: bool, only: str | None) -> None:
    """Start everything and stay until Ctrl-C."""
    settings, extent, watch = _settings(), Extent(only or Extent.ALL), progress(Console(stderr=True))
    with _plain_errors():
        if detach:
            background.start(settings, extent, watch)
        else:
            stacks.run_until_told(settings, extent, watch, until_stdin_closes=False)


@stack.command()
def down() -> None:
    """Stop the stack. Its data stays."""
    with _plain_errors():
        stopped = background.stop(_settings())
    click.echo("stopped" if stopped else "nothing was running")


@stack.command("status")
@click.option("--json", "machine", is_flag=True, help="As JSON.")
def show(machine: bool) -> None:
    """Show every part; the exit code is 0 if all are healthy, else 1."""
    with _plain_errors():
        settings = _settings()
        pid, current = status.supervisor(settings.folder), status.read(settings.folder)
    alive = current is not None and current.pid == pid
    if machine:
        as_json(asdict(current) if current and alive else {"state": str(State.STOPPED), "parts": []})
    elif current and alive:
        _table(current)
    else:
        click.echo(f"no stack is running in {settings.folder}")
    sys.exit(0 if current and alive and current.healthy else 1)


@stack.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
def reset(yes: bool) -> None:
    """Remove all data, logs, mail and keys of the stack (not while it runs)."""
    settings = _settings()
    if not yes:
        click.confirm(f"Remove everything in {settings.folder}?", abort=True)
    with _plain_errors():
        stacks.reset(settings)
    click.echo(f"removed {settings.folder}")


@stack.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def backup(folder: Path) -> None:
    """Dump every service's database into FOLDER while the stack runs, and its keys: as confidential as they are."""
    with _plain_errors():
        _tell("is in the backup as of", asyncio.run(backups.back_up(_settings(), folder)))


@stack.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--service", "services", multiple=True, type=click.Choice(SERVICES), help="Only of these; else of all.")
def restore(folder: Path, services: tuple[str, ...]) -> None:
    """Put the databases back as they are in the backup FOLDER; what they hold now is gone.

    Only the outside parts may run: `hotline stack up --only infrastructure --detach`.
    """
    with _plain_errors():
        _tell("stands as of", asyncio.run(backups.restore(_settings(), folder, services or SERVICES)))


def _tell(what: str, dumps: Sequence[backups.Dump]) -> None:
    for dump in dumps:
        click.echo(f"{dump.service} {what} {dump.taken_at.isoformat()}")


def _table(current: StackStatus) -> None:
    click.echo(f"the stack is {current.state}")
    made = Table("part", "state", "pid", "address", "since", "restarts", "log", box=None, pad_edge=False)
    parts = [part for part in current.parts if part.kind != "step" or part.state is not State.DONE]
    for p in parts:
        made.add_row(p.name, p.state, str(p.pid or ""), p.address, _when(p.since), str(p.restarts), p.log)
    console = Console()
    # Where nobody looks at a screen there is no width to fit into.
    Console(width=None if console.is_terminal else 240).print(made)
    for p in parts:
        if p.detail:
            click.echo(f"{p.name}: {p.detail}")


@contextmanager
def _plain_errors() -> Iterator[None]:
    try:
        yield
    except StackError as problem:
        raise click.ClickException(str(problem)) from problem


def _settings() -> StackSettings:
    try:
        return StackSettings()
    except ValidationError as problem:
        wrong = "; ".join(f"HOTLINE_{str(error['loc'][0]).upper()}: {error['msg']}" for error in problem.errors())
        raise click.ClickException(f"the environment does not hold: {wrong}") from None


def _when(stamp: str) -> str:
    return datetime.fromisoformat(stamp).astimezone().isoformat(sep=" ", timespec="seconds") if stamp else ""
