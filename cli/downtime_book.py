"""`hotline downtime-book`: what is owed and who is on, encrypted and printable, for when everything is down."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import click

from chassis import identity
from chassis.client import connect
from cli import session
from deploy.local.settings import StackSettings
from policy.packs import Packs
from services.casework.downtime.shelf import BookNotWritten
from services.casework.downtime.writing import BookNotRecorded, Order, write

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("downtime-book")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="The folder of the books.")
@click.option("--key", type=_FILE, required=True, help="Public keys of those who may read it, one a line.")
@click.option("--numbers", type=_FILE, help="Emergency numbers: a YAML file of `name: number`.")
@click.option("--keep", type=click.IntRange(min=1), default=48, show_default=True, help="How many books stay.")
def downtime_book(out: Path, key: Path, numbers: Path | None, keep: int) -> None:
    """Write a downtime book of this checkout's stack: open promises, who is on, how they are reached.

    Prints where it is. Read it with `age --decrypt --identity PRIVATE-KEY BOOK`.
    """
    session.only_here()
    settings = StackSettings()
    if not (settings.identity / "jwks.json").exists():
        raise click.ClickException(f"no stack has been started under {settings.home}: start one: `hotline stack up`")
    try:
        book = asyncio.run(_write(settings, Order(out, key, numbers, keep)))
    except BookNotWritten as problem:
        raise click.ClickException(f"no downtime book was written: {problem}") from problem
    except BookNotRecorded as problem:
        raise click.ClickException(str(problem)) from problem
    click.echo(book)


async def _write(settings: StackSettings, order: Order) -> Path:
    token = identity.issue_service_token(settings.identity, "downtime-book")
    async with connect(settings.address("casework"), lambda: token) as casework:
        return await write(casework, order, Packs(), settings.pack, datetime.now(UTC))
