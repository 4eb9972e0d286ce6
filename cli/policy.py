"""`hotline screen`, `due` and `packs`: policy on the command line; only training notices need a running stack."""

from __future__ import annotations

import gc
import json
import sys
from codecs import BOM_UTF8
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn, cast

import click
import orjson

from policy import screening
from policy.canonical import canonical, canonical_plain
from policy.errors import PackNotInForce, PolicyError
from policy.packs import DEFAULT_PACK, SHIPPED, Packs

if TYPE_CHECKING:
    from policy.packs import Pack

# Bytes; of input that is there already, as much is answered in one go.
_AT_ONCE = 64 * 1024

_folder = click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=SHIPPED,
    envvar="HOTLINE_PACKS",
    help="Where the packs are, if not in this checkout.",
)


@click.command()
@click.argument("facts", type=click.File("rb"), required=False)
@click.option("--pack", "name", default=DEFAULT_PACK, help="ID, or ID@VERSION: the version in force at receipt.")
@click.option("--why", "explain_why", is_flag=True, help="Also which single fact would change tier or screening.")
@click.option("--lines", is_flag=True, help="One JSON object a line from standard input, one answer a line.")
@_folder
def screen(facts: BinaryIO | None, name: str, explain_why: bool, lines: bool, folder: Path) -> None:
    """Screen the report in FACTS (JSON; `-` is standard input) and explain the decision, as JSON.

    Exits 0 with a decision and 2 with an error; with --lines always 0, each line being one or the other.
    """
    screener = Screener(Packs(folder), name, explain_why)
    if lines:
        if facts is not None:
            raise click.UsageError("--lines reads standard input: give no FACTS")
        _answer_lines(screener)
        return
    if facts is None:
        raise click.UsageError("give FACTS, or --lines")
    answer, decided = screener.answer(facts.read())
    sys.stdout.buffer.write(answer + b"\n")
    sys.exit(0 if decided else 2)


def _answer_lines(screener: Screener) -> None:
    for number, lines in enumerate(_as_they_come(cast(BufferedReader, sys.stdin.buffer))):
        sys.stdout.buffer.write(b"".join(screener.answer(line)[0] + b"\n" for line in lines))
        sys.stdout.buffer.flush()
        if number == 0:
            # The first lines compiled the rules, which live as long as the process: no garbage to look through.
            gc.freeze()


def _as_they_come(source: BufferedReader) -> Iterator[list[bytes]]:
    """The lines that are there, again and again: whoever waits for an answer gets it before more is read."""
    begun = b""
    while read := source.read1(_AT_ONCE):
        *whole, begun = (begun + read).split(b"\n")
        yield whole
    if begun:
        yield [begun]


class Screener:
    """Turns the text of one report into the text of its decision or error."""

    def __init__(self, packs: Packs, name: str, explain_why: bool) -> None:
        self._packs = packs
        self._name = name
        self._why = explain_why

    def answer(self, text: bytes) -> tuple[bytes, bool]:
        """The answer in canonical JSON, and whether it is a decision."""
        try:
            return self._decision(_read_json(text)), True
        except PolicyError as error:
            return _as_json(error), False

    def _decision(self, facts: dict[str, Any]) -> bytes:
        pack = _in_force(self._packs, self._name, screening.received(facts))
        decision = screening.screen(pack, facts)
        if not self._why:
            return decision.canonical()
        counterfactuals = [item.as_json() for item in screening.why(pack, facts)]
        return canonical_plain({**decision.as_json(), "counterfactuals": counterfactuals})


def _in_force(held: Packs, name: str, at: datetime) -> Pack:
    """The version of the pack ID in force at receipt; of ID@VERSION that very version, or `PackNotInForce`."""
    pack_id, _, version = name.partition("@")
    if version:
        held.get(pack_id, version)  # a version that is not held at all is missing, whatever was in force
    pack = held.in_force(pack_id, at)
    if version not in ("", pack.version):
        message = (
            f"at {at.isoformat()} version {pack.version} was in force; `hotline replay` tells what another decides"
        )
        raise PackNotInForce(name, message)
    return pack


def _read_json(text: bytes) -> dict[str, Any]:
    facts = _decode_plain(text) or _decode_strictly(text)
    if not isinstance(facts, dict):
        raise PolicyError("BAD_JSON", [], "the facts of a report are one JSON object")
    return facts


def _decode_plain(text: bytes) -> Any:
    """What `text` says if it is written as orjson writes it; None otherwise, for an entry may have been lost."""
    try:
        facts = orjson.loads(text)
        return facts if orjson.dumps(facts) == text else None
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):  # the strict reader says why
        return None


def _decode_strictly(text: bytes) -> Any:
    try:
        facts = _decode(text.removeprefix(BOM_UTF8).decode())
        if b"\\u" in text:
            json.dumps(facts, ensure_ascii=False).encode()  # an escape can write half a character, which is no Unicode
    except (ValueError, RecursionError) as error:
        raise PolicyError("BAD_JSON", [], f"not readable as JSON: {error}") from error
    return facts


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) != len(pairs):
        raise ValueError("an entry is written twice in one object, and which one holds must not be guessed")
    return entries


_decode = json.JSONDecoder(object_pairs_hook=_once).decode


def _as_json(error: PolicyError) -> bytes:
    return canonical({"error": {"code": error.code, "paths": list(error.paths), "message": error.message}})


def _fail(error: PolicyError) -> NoReturn:
    click.echo(_as_json(error).decode())
    sys.exit(2)


@click.command()
@click.option(
    "--pack", "name", default=DEFAULT_PACK, show_default=True, help="ID, or ID@VERSION: the version then in force."
)
@click.option("--clock", required=True, help="Which promise, such as CALLBACK_STANDARD.")
@click.option("--received", required=True, help="When its time began, with the offset: 2026-11-20T18:00:00-06:00.")
@click.option("--tier", help="T0 to T4, where the clock depends on it.")
@click.option("--office", help="An office with clocks or a calendar of its own.")
@click.option(
    "--presence", type=click.Choice(["in", "away", "absent"]), help="Where the owner is, for VOICEMAIL_CHECK."
)
@_folder
def due(
    name: str, clock: str, received: str, tier: str | None, office: str | None, presence: str | None, folder: Path
) -> None:
    """When something is due, and the steps by which anyone can compute it again."""
    from policy.clocks import Presence
    from policy.due import due as due_of

    try:
        at = screening.received({"received_at": received})
        pack = _in_force(Packs(folder), name, at)
        when = due_of(pack, clock, at, tier=tier, office=office, presence=Presence(presence) if presence else None)
    except PolicyError as error:
        _fail(error)
    click.echo(canonical({"due": when.at.isoformat(), "steps": list(when.steps)}).decode())


@click.group()
def packs() -> None:
    """List, check, compare and sign packs."""


@packs.command("list")
@click.option("--json", "as_json", is_flag=True)
@_folder
def list_packs(as_json: bool, folder: Path) -> None:
    """Every version of every pack: since when it is in force, whether it is sealed and signed, its training notice."""
    from rich.console import Console
    from rich.table import Table

    try:
        held = Packs(folder).all()
    except PolicyError as error:
        _fail(error)
    if as_json:
        click.echo(json.dumps([_summary(pack) for pack in held], indent=2, ensure_ascii=False))
        return
    table = Table("pack", "version", "in force from", "state", "sha256", "title", box=None, pad_edge=False)
    for pack in held:
        row = _summary(pack)
        table.add_row(row["id"], row["version"], row["effective_from"], row["state"], row["sha256"][:12], row["title"])
    Console(soft_wrap=True).print(table)


def _summary(pack: Pack) -> dict[str, Any]:
    return {
        "id": pack.id,
        "version": pack.version,
        "effective_from": pack.effective_from.isoformat(),
        "state": pack.state,
        "sha256": pack.sha256,
        "title": pack.document["title"],
        "owner": pack.document["owner"],
        "contact": pack.document["contact"],
        "training": pack.document["training"],
    }


@packs.command()
@click.argument("names", nargs=-1, metavar="[PACK[@VERSION]]...")
@_folder
def check(names: tuple[str, ...], folder: Path) -> None:
    """Prove packs (all, or those named) by enumeration; exits 1 with a counterexample if one fails."""
    from policy.screening.proof import prove

    held = Packs(folder)
    try:
        chosen = [_one(held, name) for name in names] or list(held.all())
        proofs = [(pack, list(prove(pack))) for pack in chosen]
    except PolicyError as error:
        _fail(error)
    failed = False
    for pack, parts in proofs:
        click.echo(f"{pack.id} {pack.version}  {pack.sha256[:12]}  {pack.state}")
        for part in parts:
            click.echo(
                f"  {'proven' if not part.failures else 'FAILED'}  {part.part}, {part.combinations:,} combinations"
            )
            for failure in part.failures:
                click.echo(f"          {failure}")
        failed = failed or any(part.failures for part in parts)
    click.echo(f"{len(proofs)} packs, {sum(part.combinations for _, parts in proofs for part in parts):,} combinations")
    sys.exit(1 if failed else 0)


@packs.command()
@click.argument("before")
@click.argument("after")
@_folder
def diff(before: str, after: str, folder: Path) -> None:
    """What changed from pack BEFORE to AFTER (ID or ID@VERSION): the entries, and the combinations whose tier moves."""
    from policy.screening.difference import changed_entries, changed_tiers

    held = Packs(folder)
    try:
        old, new = _one(held, before), _one(held, after)
        entries, tiers = list(changed_entries(old.document, new.document)), list(changed_tiers(old, new))
    except PolicyError as error:
        _fail(error)
    for line in (*entries, *tiers):
        click.echo(line)
    if not entries:
        click.echo("no difference")


@packs.command()
@click.argument("name", metavar="PACK[@VERSION]")
@click.option("--key", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Ed25519 private key (PEM).")
@_folder
def sign(name: str, key: Path | None, folder: Path) -> None:
    """Seal a pack as it is now, and sign it if a key is given: from then on a change of this version is refused.

    A version that follows a sealed one must take effect a day from now or later: it has to be everywhere by then.
    """
    from policy.notice import require_notice
    from policy.packfiles import write_seal
    from policy.screening.proof import prove

    held = Packs(folder)
    try:
        pack = _one(held, name)
        failures = [failure for part in prove(pack) for failure in part.failures]
        if failures:
            raise PolicyError("PACK_UNPROVEN", [f"{pack.id}@{pack.version}"], failures[0])
        if any(other.seal and other.version != pack.version for other in held.versions(pack.id)):
            require_notice(pack, datetime.now(UTC))
        seal = write_seal(folder / pack.id / pack.version, pack.sha256, key)
    except PolicyError as error:
        _fail(error)
    signed = f"signed with the key {seal.key}" if seal.key else "sealed, not signed: production refuses it"
    click.echo(f"{pack.id} {pack.version}  {pack.sha256}  {signed}")


@packs.command()
@click.argument("name", metavar="[PACK[@VERSION]]", default="")
@click.option("--json", "as_json", is_flag=True)
def training(name: str, as_json: bool) -> None:
    """On a running stack: who has acknowledged the training notice of a pack, and who has not yet."""
    from cli.training import show  # what calls services is slow to import, and policy work needs none

    show(name, as_json)


@packs.command()
@click.argument("name", metavar="PACK[@VERSION]")
@click.option("--json", "as_json", is_flag=True)
def acknowledge(name: str, as_json: bool) -> None:
    """On a running stack: say that you have read the training notice of a pack (of the version in force)."""
    from cli import training

    training.acknowledge(name, as_json)


def _one(held: Packs, name: str) -> Pack:
    pack_id, _, version = name.partition("@")
    return held.get(pack_id, version or None)
