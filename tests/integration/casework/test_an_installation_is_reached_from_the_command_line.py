"""`hotline` against an installation: calls with its certificates and a person's token, and nothing of a local stack."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from chassis.identity import issue
from deploy.local.settings import PROJECT
from tests.authority import Authority
from tests.integration.casework.conftest import World, answering
from tests.stack import clean_environment


@dataclass(frozen=True)
class Terminal:
    """A machine with the command line, on which no stack has ever run."""

    told: dict[str, str]

    async def types(self, *arguments: str, code: int = 0, **told: str) -> str:
        """What `hotline` says, having ended with this code; `told` replaces variables, an empty one takes it away."""
        environment = {name: value for name, value in (self.told | told).items() if value}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "cli", *arguments),
            cwd=PROJECT,
            env=clean_environment() | environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        assert process.returncode == code, said.decode()
        return said.decode()


@pytest.fixture
async def terminal(world: World, tmp_path: Path) -> AsyncIterator[Terminal]:
    """Where the office's supervisor types, with casework answering only those whom the agency vouches for."""
    agency = Authority("agency")
    ours, theirs = agency.fill(tmp_path / "casework"), agency.fill(tmp_path / "operator")
    token = tmp_path / "token"
    token.write_text(issue(world.identity, world.people.supervisor, ["SUPERVISOR"]) + "\n")
    async with answering(world.database, world.rules, world.identity, tls=ours) as port:
        yield Terminal(
            {
                "HOTLINE_HOME": str(tmp_path / "nothing"),
                "HOTLINE_CASEWORK_ADDRESS": f"localhost:{port}?tls={theirs}",
                "HOTLINE_TOKEN_FILE": str(token),
            }
        )


async def test_what_is_owed_is_read_with_a_certificate_and_a_token(world: World, terminal: Terminal) -> None:
    promise = await world.promise()

    listed = json.loads(await terminal.types("promises", "--json"))["promises"]

    assert [found["promise_id"] for found in listed] == [promise.promise_id]
    assert f"{promise.kind}: OPEN" in await terminal.types("why", "7ZK4-M2QX", code=1)  # late by now


async def test_the_token_says_who_acts(world: World, terminal: Terminal, tmp_path: Path) -> None:
    promise = await world.promise()

    await terminal.types("promise", promise.promise_id, "escalate", "director")
    assert world.people.supervisor in {entry.actor for entry in (await world.shown(promise)).history}

    (tmp_path / "token").write_text("no token at all")
    assert "UNAUTHENTICATED" in await terminal.types("promises", code=2)


async def test_without_a_certificate_nobody_is_answered(terminal: Terminal) -> None:
    bare = terminal.told["HOTLINE_CASEWORK_ADDRESS"].partition("?")[0]
    assert "UNAVAILABLE" in await terminal.types("promises", code=2, HOTLINE_CASEWORK_ADDRESS=bare)


async def test_a_token_is_not_sent_to_where_nobody_said(terminal: Terminal) -> None:
    """A stack that happens to run on this machine is not the installation that the token is for."""
    said = await terminal.types("promises", code=1, HOTLINE_CASEWORK_ADDRESS="")
    assert "HOTLINE_CASEWORK_ADDRESS is not set" in said


async def test_a_folder_that_lacks_a_certificate_is_named(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "operator" / "tls.key").unlink()
    assert "tls.key cannot be read" in await terminal.types("promises", code=1)


@pytest.mark.parametrize(
    "command",
    [
        ("login", "--as", "SUPERVISOR"),
        ("report", "send", "scenarios/reports/imminent-danger.yaml"),
        ("scenario", "play", "scenarios/sample.yaml"),
        ("workflows", "upgrade", "a-build"),
        ("downtime-book", "--out", "books", "--key", "keys.txt"),
    ],
    ids=lambda command: command[0],
)
async def test_what_acts_on_the_local_stack_is_refused_where_an_installation_is_meant(
    terminal: Terminal, command: tuple[str, ...]
) -> None:
    assert "this command is for the local stack" in await terminal.types(*command, code=1)


async def test_facts_are_not_compared_with_the_local_brokers(terminal: Terminal) -> None:
    said = await terminal.types("facts", "lost", "--since", "2099-01-01", code=2)
    assert "HOTLINE_KAFKA_BOOTSTRAP" in said


async def test_an_installations_certificates_are_not_judged_by_a_local_key(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "certificate.json").write_text("{}")
    assert "--key" in await terminal.types("verify", str(tmp_path / "certificate.json"), code=2)
