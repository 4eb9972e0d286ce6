"""Backups of the services' databases, taken while they run, and put back into another stack, or into the same one.

Kafka and Temporal are not kept: facts are sent again from the outboxes, and alarms are set again from the ledger.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from deploy.local import infrastructure, postgres, status
from deploy.local.passwords import password
from deploy.local.platform import database_name
from deploy.local.processes import StackError
from deploy.local.programs import output_of
from deploy.local.settings import SERVICES, StackSettings
from deploy.local.status import process_of

CONTENTS = "backup.json"
"""Written last: a folder without it is a backup that did not come to its end."""
KEYS = ("certificate.pem", "certificate.public.pem", "payload-keys.json", "issuer.jwk", "jwks.json")
"""Without the first, later certificates have another key; without the third, Temporal's store is unreadable."""


@dataclass(frozen=True, slots=True)
class Dump:
    """One database as it was at an instant."""

    service: str
    taken_at: datetime
    sha256: str

    @property
    def file(self) -> str:
        return f"{self.service}.dump"


async def back_up(settings: StackSettings, folder: Path) -> Sequence[Dump]:
    """Dump every service's database into `folder`, which must be new or empty, with the keys of this stack.

    Each is whole as of one instant, a different one for each database. StackError if one cannot be dumped.
    """
    if folder.exists() and any(folder.iterdir()):
        raise StackError(f"{folder} is not empty: give each backup a folder of its own")
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)  # all that is confidential is in there
    dumps = [await _dump(settings, service, folder) for service in SERVICES]
    for key in KEYS:
        if (settings.identity / key).exists():
            shutil.copy2(settings.identity / key, folder / key)
    contents = {dump.service: {"taken_at": dump.taken_at.isoformat(), "sha256": dump.sha256} for dump in dumps}
    draft = folder / f".{CONTENTS}"
    draft.write_text(json.dumps(contents, indent=1))
    draft.replace(folder / CONTENTS)
    return dumps


async def restore(settings: StackSettings, folder: Path, services: Sequence[str] = SERVICES) -> Sequence[Dump]:
    """Put the databases of `services` back as they were in the backup `folder`; what they hold now is gone.

    The outside parts must run, and nothing else of the platform. StackError, and nothing is changed, if the backup is
    not whole or somebody uses the databases.
    """
    dumps = [dump for dump in read(folder) if dump.service in services]
    for dump in dumps:
        file = folder / dump.file
        if not file.exists():
            raise StackError(f"{file} is not there, though the backup names it: take another backup")
        if await asyncio.to_thread(_sha256, file) != dump.sha256:
            raise StackError(f"{file} is not what was dumped (another SHA-256): take another backup")
    if running := list(_running(settings)):
        raise StackError(
            f"the platform runs ({', '.join(running)}): stop it with `hotline stack down`, start the outside parts "
            "alone with `hotline stack up --only infrastructure --detach`, and restore again"
        )
    _restore_keys(settings, folder)
    for dump in dumps:
        await _load(settings, dump, folder)
    return dumps


def read(folder: Path) -> Sequence[Dump]:
    """What a backup holds; StackError if it did not come to its end."""
    try:
        contents: Mapping[str, Mapping[str, str]] = json.loads((folder / CONTENTS).read_text())
    except FileNotFoundError:
        raise StackError(f"{folder} holds no whole backup (no {CONTENTS}): take another one") from None
    return [
        Dump(service, datetime.fromisoformat(entry["taken_at"]), entry["sha256"]) for service, entry in contents.items()
    ]


async def _dump(settings: StackSettings, service: str, folder: Path) -> Dump:
    file = folder / f"{service}.dump"
    # Before the dump begins: whoever sends facts again from this time on leaves none out.
    taken_at = datetime.now(UTC)
    await _client(settings, service, database_name(service), "pg_dump", "--format=custom", f"--file={file}")
    file.chmod(0o600)
    return Dump(service, taken_at, await asyncio.to_thread(_sha256, file))


async def _load(settings: StackSettings, dump: Dump, folder: Path) -> None:
    server_url, name = infrastructure.addresses(settings).postgres_url, database_name(dump.service)
    await postgres.ensure_database(server_url, name, password(settings.folder, name))
    # Beside the database, and in its place only when it is whole: a restore that fails takes nothing away.
    draft = f"{name}_restored"
    server = await asyncpg.connect(server_url)
    try:
        await server.execute(f"DROP DATABASE IF EXISTS {draft}")
        await server.execute(f"CREATE DATABASE {draft} OWNER {name}")
        file = str(folder / dump.file)
        options = ("--no-owner", "--exit-on-error", "--single-transaction")
        await _client(settings, dump.service, draft, "pg_restore", *options, file)
        await server.execute(f"DROP DATABASE {name}")
        await server.execute(f"ALTER DATABASE {draft} RENAME TO {name}")
    except asyncpg.ObjectInUseError as problem:
        raise StackError(f"somebody is connected to {name}: end them, then restore again") from problem
    finally:
        await server.close()


async def _client(settings: StackSettings, service: str, database: str, program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs on a database, as the role of a service."""
    role = database_name(service)
    secret = password(settings.folder, role)
    server_url = infrastructure.addresses(settings).postgres_url
    place, _, options = postgres.database_url(server_url, role, "").rpartition("@")[2].partition("?")
    host = place.partition("/")[0]
    await output_of(
        str(postgres.BIN / program),
        f"--dbname=postgresql://{role}@{host}/{database}" + (f"?{options}" if options else ""),
        *arguments,
        # Not among the arguments, which everybody on the machine can read.
        env={**os.environ, "PGPASSWORD": secret},
        failing=f"{program} failed on {database}: ",
    )


def _running(settings: StackSettings) -> Iterator[str]:
    """The processes of the platform that live in this stack."""
    current = status.read(settings.folder)
    names = (*SERVICES, "workflows")
    for part in current.parts if current else ():
        if part.name.split(" ")[0] in names and process_of(part):
            yield part.name


def _restore_keys(settings: StackSettings, folder: Path) -> None:
    """Give a home without keys those of the backup; one that has its own keeps them."""
    settings.identity.mkdir(mode=0o700, parents=True, exist_ok=True)
    for key in KEYS:
        kept, own = folder / key, settings.identity / key
        if kept.exists() and not own.exists():
            shutil.copy2(kept, own)


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
