"""Real PostgreSQL, Kafka, Temporal, mail and telephones for tests: one set for a session, thrown away after it."""

import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import asyncpg
from rich.console import Console

from deploy.local import background, infrastructure, postgres
from deploy.local.infrastructure import Addresses
from deploy.local.ports import free_offset
from deploy.local.processes import StackError
from deploy.local.progress import PlainLines
from deploy.local.settings import PROJECT, StackSettings

GIVEN = ("HOTLINE_POSTGRES_URL", "HOTLINE_KAFKA_BOOTSTRAP", "HOTLINE_TEMPORAL_ADDRESS", "HOTLINE_SMTP_ADDRESS")


@contextmanager
def start_infrastructure(folder: Path, environment: Mapping[str, str] | None = None) -> Iterator[Addresses]:
    """Run the outside parts with their data in `folder`, on free ports, for as long as the context lasts.

    `HOTLINE_PROVIDERS` says where they come from: `processes` (as when unset), `containers` (all but mail and
    telephones) or `given` (the addresses of all but telephones are in the environment). What was asked for and cannot
    be had fails.
    """
    with free_offset() as offset:
        chosen = dict(environment or {}) | {"HOTLINE_HOME": str(folder / "home"), "HOTLINE_PORT_OFFSET": str(offset)}
        with _provided(chosen) as given:
            chosen = {**given, **chosen}
            with supervisor(chosen):
                yield infrastructure.addresses(settings_of(chosen))


@contextmanager
def supervisor(environment: Mapping[str, str]) -> "Iterator[subprocess.Popen[bytes]]":
    """A healthy stack of outside parts, run by a process that ends when the tests end, however they end."""
    child = launch(environment)
    settings = settings_of(environment)
    try:
        background.follow(child, settings.folder, settings.log("supervisor"), PlainLines(Console(stderr=True)))
        yield child
    finally:
        assert child.stdin is not None
        child.stdin.close()
        child.wait(120)


def launch(environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Start the supervisor of a stack of outside parts; its output goes to `supervisor.log`."""
    log = settings_of(environment).log("supervisor")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as file:
        return subprocess.Popen(
            [sys.executable, "-m", "deploy.local", "infrastructure", "--until-stdin-closes"],
            cwd=PROJECT,
            env=clean_environment() | dict(environment),
            stdin=subprocess.PIPE,
            stdout=file,
            stderr=file,
        )


def clean_environment() -> dict[str, str]:
    """The environment of the tests without settings of ours: a stack of the developer's must not leak into them."""
    kept = ("HOTLINE_CACHE",)
    return {name: value for name, value in os.environ.items() if not name.startswith("HOTLINE_") or name in kept}


def settings_of(environment: Mapping[str, str]) -> StackSettings:
    """The settings that a supervisor with this environment reads."""
    values = {name.removeprefix("HOTLINE_").lower(): value for name, value in environment.items()}
    return StackSettings.model_validate({"home": PROJECT} | values)


@contextmanager
def reachable_folder() -> Iterator[Path]:
    """An empty folder that every user of the machine can reach: as root, PostgreSQL runs as a user of its own."""
    folder = Path(tempfile.mkdtemp(prefix="hotline-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def fresh_database(stack: Addresses) -> AsyncIterator[str]:
    """The address of a new, empty database for a role of its own; both are dropped afterwards."""
    name, secret = f"test_{uuid.uuid4().hex}", uuid.uuid4().hex
    await postgres.ensure_database(stack.postgres_url, name, secret)
    try:
        yield postgres.database_url(stack.postgres_url, name, secret)
    finally:
        server = await asyncpg.connect(stack.postgres_url)
        await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await server.execute(f"DROP ROLE {name}")
        await server.close()


@contextmanager
def _provided(chosen: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """The addresses of what is not run as a process of the stack."""
    given = {name: os.environ[name] for name in GIVEN if os.environ.get(name)}
    match os.environ.get("HOTLINE_PROVIDERS", "processes"):
        case "processes":
            yield {}
        case "containers":
            with _contained(chosen) as addresses:
                yield addresses
        case "given" if len(given) == len(GIVEN):
            yield given
        case "given":
            missing = ", ".join(name for name in GIVEN if name not in given)
            raise StackError(f"HOTLINE_PROVIDERS=given needs every address in the environment; missing: {missing}")
        case other:
            raise StackError(f"HOTLINE_PROVIDERS={other} is not known: use `processes`, `containers` or `given`")


@contextmanager
def _contained(chosen: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    # Here, so that tests which need no containers need nothing that runs them.
    from tests.containers.engine import NoEngine
    from tests.containers.provider import containers

    cache = {name: os.environ[name] for name in ("HOTLINE_CACHE",) if name in os.environ}
    try:
        with containers(settings_of(cache | dict(chosen))) as addresses:
            yield addresses
    except NoEngine as reason:
        raise StackError(f"HOTLINE_PROVIDERS=containers: {reason}") from reason
