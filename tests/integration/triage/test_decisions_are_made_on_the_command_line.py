"""`hotline queue`, `confirm`, `override`, `decision`, `packs acknowledge`: as people type them, on the real triage."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from deploy.local.settings import PORTS, PROJECT
from hotline.triage.v1 import triage_service_pb2 as pb
from tests.integration.triage.screening_desk import LONG, Person, decision_on, submitted
from tests.reports import screening_facts
from tests.services import RunningService
from tests.stack import clean_environment

NOTHING_TOLD = screening_facts(None, ([], {"danger_now": "NO", "age_months": 90}))
"""Screened out; that a mandated reporter made it is why a second person must look."""


@dataclass(frozen=True)
class Typist:
    """Somebody at a terminal of their own, logged in with one role."""

    home: Path
    port: int
    id: UUID = field(default_factory=uuid4)

    async def types(self, *arguments: str, exit_code: int = 0) -> str:
        """What `hotline` says to it, having ended with this code."""
        async with self.typing(*arguments) as process:
            said, complained = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == exit_code, (said + complained).decode()
        return (said + complained).decode()

    @asynccontextmanager
    async def typing(self, *arguments: str) -> AsyncIterator[Process]:
        """The command while it runs; ended, if it still does."""
        environment = {"HOTLINE_HOME": str(self.home), "HOTLINE_PORT_OFFSET": str(self.port - PORTS["triage"])}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "cli", *arguments),
            cwd=PROJECT,
            env=clean_environment() | environment | {"COLUMNS": "200"},
            stdout=PIPE,
            stderr=PIPE,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.terminate()
                await process.wait()


@pytest.fixture
def at_a_terminal(triage: RunningService, tmp_path: Path) -> Any:
    """Somebody with a role, who types; each has a home of their own with their login in it."""

    def typist(role: str) -> Typist:
        home = tmp_path / f"{role}-{uuid4()}"
        home.mkdir()
        (home / "identity").symlink_to(triage.issuer)
        someone = Typist(home, int(triage.address.rpartition(":")[2]))
        (home / "session.json").write_text(json.dumps({"subject": str(someone.id), "roles": [role]}))
        return someone

    return typist


async def a_t1(desk: Any, screener: Any) -> pb.Decision:
    """A report that came just now, so that every deadline is ahead."""
    return await decision_on(screener, await submitted(desk, rang=datetime.now(UTC) - timedelta(minutes=5)))


async def test_a_screener_finds_a_report_in_the_queue_takes_it_and_confirms(
    desk: Any, screener: Any, at_a_terminal: Any
) -> None:
    wren, seen = at_a_terminal("SCREENER"), await a_t1(desk, screener)
    assert seen.report_id in await wren.types("queue")
    assert await wren.types("decision", "take", seen.report_id) == f"{seen.reference}: SCREEN_IN T1, recommended\n"
    said = await wren.types("confirm", seen.report_id, "--json")
    decided = json.loads(said)
    assert (decided["state"], decided["decided_tier"]) == ("DECISION_STATE_DECIDED", "TIER_T1")
    assert (decided["decided_by"], decided["taken_by"]) == (str(wren.id), str(wren.id))
    assert seen.report_id not in await wren.types("queue")


async def test_the_watched_queue_shows_what_comes_and_what_goes(desk: Any, screener: Any, at_a_terminal: Any) -> None:
    wren = at_a_terminal("SCREENER")
    async with wren.typing("queue", "--watch", "--json") as watching, asyncio.timeout(60):
        assert json.loads(await watching.stdout.readline())["snapshot"] is True
        seen = await a_t1(desk, screener)
        while seen.report_id not in (line := (await watching.stdout.readline()).decode()):
            assert line
        await wren.types("confirm", seen.report_id)
        while seen.report_id not in json.loads(line).get("gone_report_ids", []):
            line = (await watching.stdout.readline()).decode()


async def test_less_urgency_says_what_it_lacks_and_then_waits_for_a_manager(
    desk: Any, screener: Any, at_a_terminal: Any
) -> None:
    """R030, R033."""
    wren, soren, mara = at_a_terminal("SCREENER"), at_a_terminal("SUPERVISOR"), at_a_terminal("MANAGER")
    seen = await a_t1(desk, screener)
    await wren.types("decision", "take", seen.report_id)
    lower = ("override", seen.report_id, "SCREEN_IN", "--tier", "T2", "--reason")

    assert "PERMISSION_DENIED ROLE_NOT_ALLOWED" in await wren.types(*lower, LONG, exit_code=2)
    refused = await soren.types(*lower, "There is time.", exit_code=2)
    assert "REASON_REQUIRED" in refused
    assert "reason:" in refused
    asked = await soren.types(*lower, LONG, "--history-reviewed")
    assert asked == f"{seen.reference}: SCREEN_IN T1, recommended; SCREEN_IN T2 waits for a manager\n"
    approved = await mara.types("decision", "approve", seen.report_id)
    assert approved == f"{seen.reference}: SCREEN_IN T2, decided\n"
    (verdict,) = json.loads(await soren.types("decision", "history", seen.report_id))["verdicts"]
    assert (verdict["decided_by"], verdict["approved_by"], verdict["reason"]) == (str(soren.id), str(mara.id), LONG)


async def test_a_manager_may_refuse(desk: Any, screener: Any, at_a_terminal: Any) -> None:
    soren, mara = at_a_terminal("SUPERVISOR"), at_a_terminal("MANAGER")
    seen = await a_t1(desk, screener)
    await at_a_terminal("SCREENER").types("decision", "take", seen.report_id)
    lower = ("override", seen.report_id, "SCREEN_IN", "--tier", "T2", "--reason", LONG, "--history-reviewed")
    assert "waits for a manager" in await soren.types(*lower)
    refused = await mara.types("decision", "refuse", seen.report_id, "--reason", "He knows where she is.")
    assert refused == f"{seen.reference}: SCREEN_IN T1, recommended\n"


async def test_a_reviewer_lets_a_screen_out_stand_or_reverses_it(
    desk: Any, screener: Any, wren: Person, at_a_terminal: Any
) -> None:
    reviewer = at_a_terminal("SUPERVISOR")
    out = [await submitted(desk, facts=NOTHING_TOLD, participants=[]) for _ in range(2)]
    upheld, reversed_ = [await wren.decide("ConfirmDecision", await decision_on(screener, each)) for each in out]

    stands = await reviewer.types("decision", "uphold", upheld.report_id, "--reason", "Nothing is alleged.")
    assert stands == f"{upheld.reference}: SCREEN_OUT no tier, decided\n"
    back = ("decision", "reverse", reversed_.report_id, "--reason", "There was a sister.")
    assert await reviewer.types(*back, "--tier", "T3") == f"{reversed_.reference}: SCREEN_IN T3, decided\n"
    assert (await wren.sees(upheld.report_id)).review == pb.REVIEW_OUTCOME_UPHELD


async def test_a_duplicate_is_merged(desk: Any, screener: Any, at_a_terminal: Any) -> None:
    first, second = await a_t1(desk, screener), await a_t1(desk, screener)
    merging = ("decision", "merge", second.report_id, first.report_id, "--reason", "The same call, told twice.")
    said = await at_a_terminal("SCREENER").types(*merging)
    assert said == f"{second.reference}: SCREEN_IN T1, merged into {first.report_id}\n"


async def test_a_training_notice_is_acknowledged_and_listed(at_a_terminal: Any) -> None:
    """R110."""
    newcomer = at_a_terminal("SCREENER")
    assert (await newcomer.types("packs", "acknowledge", "seed-default")).startswith("seed-default 1.0.0: acknowledged")
    (notice,) = json.loads(await newcomer.types("packs", "training", "--json"))["notices"]
    assert str(newcomer.id) in [given["staff_id"] for given in notice["acknowledgements"]]
    assert "NOT_FOUND" in await newcomer.types("packs", "acknowledge", "nowhere", exit_code=2)
