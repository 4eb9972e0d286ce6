"""`hotline verify`: certificates checked by the verifier that shares no code with the platform."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click

from cli import session
from deploy.local.settings import PROJECT, StackSettings
from policy.packs import SHIPPED

_VERIFIER = PROJECT / "tools" / "verify_certificate.py"
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("files", nargs=-1, required=True, type=_FILE, metavar="FILE...")
@click.option(
    "--key", "keys", multiple=True, type=_FILE, help="A public key (PEM); else that of this checkout's stack."
)
@click.option(
    "--packs",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=SHIPPED,
    envvar="HOTLINE_PACKS",
    help="Where the packs are, if not in this checkout.",
)
@click.option("--whole", is_flag=True, help="They are an office's whole chain, from the first on: none may be missing.")
def verify(files: tuple[Path, ...], keys: tuple[Path, ...], packs: Path, whole: bool) -> None:
    """Check the certificates in FILE...: hash, signature, chain, due times by the pack, and verdict.

    All of an office: `hotline certificate --office OFFICE --into FOLDER`, then `hotline verify --whole FOLDER/*`.

    Exits 0 if all hold, 1 if any does not, 2 if something cannot be read.
    """
    given = [part for key in keys or (_own_key(),) for part in ("--key", str(key))]
    command = [sys.executable, "-I", str(_VERIFIER), *given, "--packs", str(packs), *(["--whole"] if whole else [])]
    command += map(str, files)
    sys.exit(subprocess.run(command, check=False).returncode)  # noqa: S603 - our own program, on files that exist


def _own_key() -> Path:
    if session.elsewhere():
        raise click.UsageError("the local stack's key is not the installation's: give its public one, --key PUBLIC.pem")
    key = StackSettings().identity / "certificate.public.pem"
    if not key.exists():
        raise click.UsageError(f"there is no key at {key}: start the stack once, or give --key PUBLIC.pem")
    return key
