"""`hotline replay`: recorded decisions evaluated again, and what another pack would have made of them (R102, R109)."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from policy.errors import PolicyError
from policy.impact import DIMENSIONS, Effect, Impact, Part, counted
from policy.packs import SHIPPED, PackRef, Packs

if TYPE_CHECKING:
    from cli.replaying import Replayed

SHOWN = 10
"""Differences and groups that are printed; the rest is told by number, and stands whole in --json."""

_out = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.option("--pack", "name", help="ID (its newest version) or ID@VERSION: what would this pack have decided?")
@click.option("--since", help="Only what was evaluated since this time, such as 2026-11-01T00:00:00-05:00.")
@click.option(
    "--in", "source", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path), help="JSONL file."
)
@click.option("--save", type=_out, help="Keep the decisions that triage gave, for --in later and elsewhere.")
@click.option("--html", type=_out, help="Write the impact as one self-contained page.")
@click.option("--changed", type=_out, help="Write every changed decision, one JSON object a line.")
@click.option("--json", "as_json", is_flag=True, help="All figures as JSON.")
@click.option("--processes", type=click.IntRange(1), default=os.cpu_count() or 1, help="How many cores to use.")
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=SHIPPED,
    envvar="HOTLINE_PACKS",
    help="Where the packs are, if not in this checkout.",
)
def replay(
    name: str | None,
    since: str | None,
    source: Path | None,
    save: Path | None,
    html: Path | None,
    changed: Path | None,
    as_json: bool,
    processes: int,
    folder: Path,
) -> None:
    """Evaluate recorded decisions again, byte for byte; with --pack, say what that pack would change, and for whom.

    Decisions come from triage, or from a file (--in), with no running stack. Exits 1 if any decision of the past comes
    out differently, 2 if something cannot be read.
    """
    if name is None and (html or changed):
        raise click.UsageError("--html and --changed tell what another pack changes: give --pack")
    if source and save:
        raise click.UsageError("--save keeps what triage gives: without --in")
    try:
        at = _time(since)
        other = _pack(folder, name) if name else None
        with _decisions(source, save, at) as lines:
            replayed = _replay(lines, folder, other, at, processes)
    except PolicyError as error:
        _fail(error)
    _write(replayed, html, changed)
    if as_json:
        click.echo(json.dumps(_as_json(replayed), indent=2, ensure_ascii=False))
    else:
        _print(replayed)
    sys.exit(1 if replayed.differences else 0)


def _replay(
    lines: Iterable[bytes], folder: Path, other: PackRef | None, since: datetime | None, processes: int
) -> Replayed:
    from cli.replaying import Task, replay_lines

    return replay_lines(lines, Task(folder, other, since), processes)


def _time(text: str | None) -> datetime | None:
    from policy.screening import received

    if text is None:
        return None
    try:
        return received({"received_at": text})
    except PolicyError as error:
        raise PolicyError(error.code, ["--since"], error.message) from error


def _pack(folder: Path, name: str) -> PackRef:
    pack_id, _, version = name.partition("@")
    return Packs(folder).get(pack_id, version or None).ref


class _NotRead(click.ClickException):
    """Whatever kept triage from answering; exit code 1 would mean that a decision differs."""

    exit_code = 2


@contextmanager
def _decisions(source: Path | None, save: Path | None, since: datetime | None) -> Iterator[Iterable[bytes]]:
    """The lines to replay. What triage gives is written down first: its stream is not kept open while we compute."""
    if source is not None:
        with click.open_file(str(source), "rb") as file:
            yield file
        return
    from cli.recorded_decisions import fetch

    with tempfile.TemporaryDirectory() as folder:
        kept = save or Path(folder) / "decisions.jsonl"
        try:
            fetch(kept, since)
        except click.ClickException as problem:
            raise _NotRead(problem.message) from problem
        with kept.open("rb") as file:
            yield file


def _fail(error: PolicyError) -> NoReturn:
    entry = {"error": {"code": error.code, "paths": list(error.paths), "message": error.message}}
    click.echo(json.dumps(entry, ensure_ascii=False))
    sys.exit(2)


def _write(replayed: Replayed, html: Path | None, changed: Path | None) -> None:
    if html and replayed.impact:
        from cli.impact_page import page

        html.write_text(page(replayed.impact), encoding="utf-8")
    if changed:
        with changed.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(change.as_json()) + "\n" for change in replayed.changes)


def _as_json(replayed: Replayed) -> dict[str, Any]:
    differences = [
        {"report_id": found.report_id, "path": found.path, "recorded": found.recorded, "replayed": found.replayed}
        for found in replayed.differences
    ]
    return {
        "decisions": replayed.decisions,
        "same": replayed.decisions - len(differences),
        "unscreened": replayed.unscreened,
        "superseded": replayed.superseded,
        "differences": differences,
        "impact": replayed.impact.as_json() if replayed.impact else None,
    }


def _print(replayed: Replayed) -> None:
    same = replayed.decisions - len(replayed.differences)
    click.echo(f"{replayed.decisions:,} decisions replayed, {same:,} byte for byte as recorded")
    if replayed.unscreened:
        click.echo(f"{replayed.unscreened:,} more could not be screened when they were recorded: nothing to replay")
    for difference in replayed.differences[:SHOWN]:
        click.echo(f"DIFFERENT  {difference}")
    if len(replayed.differences) > SHOWN:
        click.echo(f"DIFFERENT  {len(replayed.differences) - SHOWN:,} more: --json lists them all")
    if replayed.impact:
        _print_impact(replayed.impact, replayed.superseded)


def _print_impact(impact: Impact, superseded: int) -> None:
    effects, parts = counted(impact.effects), impact.parts
    click.echo()
    click.echo(
        f"Under {impact.after.id} {impact.after.version} ({impact.after.sha256[:12]}): {effects['changed']:,} of "
        f"{effects['decisions']:,} decisions change, {effects['changed_percent']} %"
    )
    if superseded:
        click.echo(f"{superseded:,} evaluations of reports that were amended since are not counted here")
    click.echo("what changes: " + ", ".join(f"{part} {parts[part]:,}" for part in Part))
    click.echo(
        f"first contacts: {effects['contacts_added']:,} added, {effects['contacts_saved']:,} saved, "
        f"{effects['contacts_sooner']:,} due sooner, {effects['contacts_later']:,} due later"
    )
    for code, count in sorted(impact.refusals.items()):
        click.echo(f"the pack refuses {count:,} with {code}")
    rows = impact.rows()
    moves = [[f"{impact.moves[row, column]:,}" for column in rows] for row in rows]
    _table(
        "Responses: a row's decisions, and what becomes of them",
        ("", *rows),
        [(row, *cells) for row, cells in zip(rows, moves, strict=True)],
    )
    for dimension in DIMENSIONS:
        _print_groups(impact, dimension)


_COLUMNS = {
    "decisions": Effect.DECISIONS,
    "changed": Effect.CHANGED,
    "more urgent": Effect.MORE_URGENT,
    "less urgent": Effect.LESS_URGENT,
    "contacts added": Effect.CONTACTS_ADDED,
    "saved": Effect.CONTACTS_SAVED,
    "sooner": Effect.CONTACTS_SOONER,
    "later": Effect.CONTACTS_LATER,
}


def _print_groups(impact: Impact, dimension: str) -> None:
    groups = impact.values(dimension)
    rows = []
    for value, effects in groups[:SHOWN]:
        low, high = counted(effects)["changed_percent_interval"]
        shares = f"{counted(effects)['changed_percent']} ({low} to {high})"
        rows.append((value, *(f"{effects[effect]:,}" for effect in _COLUMNS.values()), shares))
    _table(f"By {dimension}", ("", *_COLUMNS, "changed % (95 %)"), rows)
    if len(groups) > SHOWN:
        click.echo(f"{len(groups) - SHOWN} smaller groups: --json and --html show them all")


def _table(title: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    click.echo(f"\n{title}")
    console = Console()
    console.width = max(console.width, 140)
    console.print(table, highlight=False)
