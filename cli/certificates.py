"""`hotline certificate ID`, `hotline certificate --office OFFICE`: how promises ended, as it was signed."""

from __future__ import annotations

import json
from pathlib import Path

import click

from cli import session
from hotline.casework.v1 import casework_service_pb2 as pb


@click.command()
@click.argument("promise_id", required=False)
@click.option("--office", help="All that was ever signed for this office instead, in the order of its chain.")
@click.option(
    "--into",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Write it there, with all that was added to it since: what `hotline verify` takes.",
)
def certificate(promise_id: str | None, office: str | None, folder: Path | None) -> None:
    """Print the certificate of the closed promise PROMISE_ID, as the bytes that were signed.

    With --office all certificates of an office, and what was added to them: what `hotline verify --whole` takes.
    """
    if (promise_id is None) == (office is None):
        raise click.UsageError("give the id of a promise, or --office")
    if promise_id is not None:
        _certificate(promise_id, folder)
    elif folder is not None:
        _chain(str(office), folder)
    else:
        raise click.UsageError("a whole chain is written --into a FOLDER")


@session.asynchronous
async def _certificate(promise_id: str, folder: Path | None) -> None:
    async with session.stub("casework") as casework:
        answer = await casework.GetCertificate(pb.GetCertificateRequest(promise_id=promise_id), timeout=session.TIMEOUT)
    if folder is None:
        click.echo(answer.certificate_json)
        if answer.addenda_json:
            click.echo(f"{len(answer.addenda_json)} added to it since: --into FOLDER writes all of it", err=True)
        return
    for signed in (answer.certificate_json, *answer.addenda_json):
        click.echo(_write(signed, folder)[0])


@session.asynchronous
async def _chain(office: str, folder: Path) -> None:
    last, found = 0, [""]
    async with session.stub("casework") as casework:
        while found:
            request = pb.ListCertificatesRequest(office=office, after=last)
            found = (await casework.ListCertificates(request, timeout=session.TIMEOUT)).documents_json
            for signed in found:
                _, last = _write(signed, folder)
    click.echo(f"{last} documents of {office} in {folder}")


def _write(signed: str, folder: Path) -> tuple[Path, int]:
    """One signed document as a file, named by its place in its chain, and its number there."""
    chain = json.loads(signed)["body"]["chain"]
    file = folder / f"{chain['office']}-{chain['number']}.json"
    file.write_text(signed)
    return file, chain["number"]
