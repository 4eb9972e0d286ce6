"""`hotline` as people type it, against a running casework: who is on, what is owed, how an office did."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chassis.contract import instant, stamp
from deploy.local.settings import PORTS, PROJECT
from hotline.casework.v1 import promise_pb2
from tests.integration.casework.callers import asked, message_left, rings
from tests.integration.casework.conftest import MONDAY, OFFICE, World
from tests.integration.casework.duties import on_rotation
from tests.stack import clean_environment

Typed = Callable[..., Awaitable[tuple[int, str]]]


@pytest.fixture
def typed(world: World, tmp_path: Path) -> Typed:
    """Type a command as somebody of the office (the supervisor): its exit code and what it says."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "identity").symlink_to(world.identity)
    public = world.rules.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (world.identity / "certificate.public.pem").write_bytes(public)
    port = int(world.address.rpartition(":")[2])
    environment = clean_environment() | {
        "HOTLINE_HOME": str(home),
        "HOTLINE_PORT_OFFSET": str(port - PORTS["casework"]),
        "TZ": "America/Chicago",
    }

    async def run(*arguments: str, by: str = "") -> tuple[int, str]:
        staff_id = by or world.people.supervisor
        person = {"subject": staff_id, "roles": [world.people.roles()[staff_id]]}
        (home / "session.json").write_text(json.dumps(person))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "cli", *arguments),
            cwd=PROJECT,
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, said.decode()

    return run


async def test_who_is_on_is_told_with_the_reason_and_with_who_is_passed_over(world: World, typed: Typed) -> None:
    await world.away(world.people.second)

    code, said = await typed("on-call", OFFICE, "--at", "2026-11-23T09:30")

    assert code == 0, said
    assert f"{OFFICE}, open at 2026-11-23 09:30:00-06:00" in said
    (investigators,) = [line for line in said.splitlines() if line.startswith("INVESTIGATOR")]
    assert "Invented Investigator" in investigators
    assert f"INVESTIGATOR of {OFFICE}" in investigators
    assert "Invented Investigator: other until 2026-11-30T15:00:00+00:00" in investigators
    assert "* none of their contact methods is verified" in said
    (screeners,) = [line for line in said.splitlines() if line.startswith("INTAKE_SPECIALIST")]
    assert "NOBODY" in screeners


async def test_who_is_on_is_json_for_scripts_in_every_office(world: World, typed: Typed) -> None:
    code, said = await typed("on-call", "--json", "--at", "2026-11-23T20:00:00-06:00")

    assert code == 0, said
    (office,) = json.loads(said)["offices"]
    on = {each["role"]: each["on"] for each in office["roles"]}
    assert [person["staff_id"] for person in on["DIRECTOR"]["people"]] == [world.people.director]
    assert "office_open" not in on["DIRECTOR"]


async def test_rotations_are_told_with_whose_turn_is_next(world: World, typed: Typed) -> None:
    world.clock.now = datetime.now(UTC)
    begins = (world.clock.now - timedelta(days=2)).date().isoformat()
    rotation = await on_rotation(world, world.people.worker, first_day=begins, weekdays=[0, 1, 2, 3, 4], on_call=True)

    code, said = await typed("rotations", OFFICE)

    assert code == 0, said
    (line,) = [line for line in said.splitlines() if rotation in line]
    assert "INVESTIGATOR on call" in line
    assert "08:00-16:00" in line
    assert "Mon-Fri" in line
    assert line.count("Invented Investigator") == 2


async def test_an_office_report_says_what_was_kept_and_whether_callers_reach_a_person(
    world: World, typed: Typed
) -> None:
    """R026, R027, R088, R089."""
    kept, missed = await asked(world, urgent=True), await asked(world, urgent=True, reference="K7M2-MISS")
    await world.attempt(kept)
    await rings(world, "INFORMATION")
    await message_left(world, live_person_offered=False)
    world.clock.move(hours=1)

    code, said = await typed("office", "report", OFFICE, "--from", "2026-11-23", "--to", "2026-11-24")

    assert code == 0, said
    (returned,) = [line.split() for line in said.splitlines() if line.startswith("CALLBACK_URGENT")]
    assert returned == ["CALLBACK_URGENT", "CLIENT", "2", "1", "0", "1", "0", "0"]
    assert "answered by a person  1 (50 %; the target of 90 % is NOT MET)" in said
    assert "voicemail             1 (50 %), 1 without having been offered a person" in said
    assert "UNINTERRUPTED_WORK  1" in said
    assert missed.promise_id not in said


async def test_only_who_leads_reads_an_office_report(world: World, typed: Typed) -> None:
    code, said = await typed("office", "report", OFFICE, by=world.people.worker)

    assert code == 2
    assert "PERMISSION_DENIED" in said


async def test_what_is_late_and_what_is_due_soon_can_be_asked_for(world: World, typed: Typed) -> None:
    now = world.clock.now = datetime.now(UTC)
    late, soon, later = [await received(world, now + timedelta(minutes=minutes)) for minutes in (-30, -10, -1)]

    _, overdue = await typed("promises", "--late")
    _, due_soon = await typed("promises", "--due-within", "10m")

    assert (late.promise_id in overdue, soon.promise_id in overdue) == (True, False)
    assert (late.promise_id in due_soon, soon.promise_id in due_soon, later.promise_id in due_soon) == (
        True,
        True,
        False,
    )


async def test_of_closed_promises_only_those_that_were_kept_late_are_late(world: World, typed: Typed) -> None:
    now = world.clock.now = datetime.now(UTC)
    met, late, open_still = [await received(world, now - timedelta(minutes=30)) for _ in range(3)]
    await world.attempt(met, occurred_at=stamp(now - timedelta(minutes=16)), late_reason="no line at the house")
    code, said = await typed("promise", met.promise_id, "confirm")
    assert code == 0, said
    assert "MET_RECORDED_LATE" in said
    await world.attempt(late)

    _, found = await typed("promises", "--late", "--all")
    _, only_open = await typed("promises", "--late")

    assert [each.promise_id in found for each in (met, late, open_still)] == [False, True, True]
    assert [each.promise_id in only_open for each in (met, late, open_still)] == [False, False, True]


async def test_what_was_entered_late_is_refused_by_who_leads(world: World, typed: Typed) -> None:
    promise = await world.promise("CALLBACK_STANDARD")
    world.clock.move(hours=1)
    await world.attempt(promise, occurred_at=stamp(MONDAY), late_reason="no line at the house")

    code, said = await typed("promise", promise.promise_id, "refuse", "--reason", "the caller says otherwise")

    assert code == 0, said
    assert (await world.shown(promise)).promise.clock.state == promise_pb2.PROMISE_STATE_OPEN


async def test_a_clock_is_stopped_and_runs_again_and_a_due_time_is_moved(world: World, typed: Typed) -> None:
    finding = await world.promise("FINDING")
    before = due(finding)

    stopped = await typed("promise", finding.promise_id, "pause", "court_order", "--until", "2026-12-01T09:00")
    assert stopped[0] == 0, stopped[1]
    assert (await world.shown(finding)).promise.clock.state == promise_pb2.PROMISE_STATE_PAUSED
    resumed = await typed("promise", finding.promise_id, "resume")
    extended = await typed("promise", finding.promise_id, "extend", "30", "--reason", "the laboratory is awaited")

    assert resumed[0] == 0, resumed[1]
    assert extended[0] == 0, extended[1]
    assert due((await world.shown(finding)).promise) == before + timedelta(days=30)


async def test_who_cannot_talk_names_a_time_and_it_is_entered_with_the_attempt(world: World, typed: Typed) -> None:
    """R081."""
    promise = await world.promise("CALLBACK_URGENT")
    safe = ("--safe-from", "2026-11-23T18:00", "--safe-until", "2026-11-23T20:00")

    code, said = await typed(
        "promise", promise.promise_id, "attempt", "not_safe_to_talk", "--at", MONDAY.isoformat(), *safe
    )

    assert code == 0, said
    shown = (await world.shown(promise)).promise
    assert shown.clock.state == promise_pb2.PROMISE_STATE_PAUSED
    assert due(shown) == datetime.fromisoformat("2026-11-23T18:15-06:00")


async def test_all_certificates_of_an_office_are_written_and_none_is_missing(
    world: World, typed: Typed, tmp_path: Path
) -> None:
    for _ in range(3):
        promise = await world.promise("CALLBACK_URGENT")
        await world.attempt(promise)
    files = tmp_path / "chain"
    files.mkdir()

    code, said = await typed("certificate", "--office", OFFICE, "--into", str(files))
    paths = sorted(files.iterdir())
    whole = await typed("verify", "--whole", *map(str, paths))
    cut = await typed("verify", "--whole", str(paths[0]), str(paths[2]))

    assert code == 0, said
    assert [path.name for path in paths] == [f"{OFFICE}-{number}.json" for number in (1, 2, 3)]
    assert whole[0] == 0, whole[1]
    assert cut[0] == 1
    assert "number 2 missing" in cut[1]


def due(promise: promise_pb2.Promise) -> datetime:
    return instant(promise.due_at)


async def received(world: World, at: datetime) -> promise_pb2.Promise:
    """An urgent call, due a quarter of an hour after."""
    return await world.promise("CALLBACK_URGENT", received_at=stamp(at))


async def test_a_promise_tells_who_was_told_when_and_why_and_what_comes_next(world: World, typed: Typed) -> None:
    promise = await world.promise("CALLBACK_URGENT")
    await world.sent(await world.ring(promise))
    world.clock.move(minutes=10)
    await world.ring(promise)

    code, said = await typed("promise", promise.promise_id)

    assert code == 0, said
    told = {line.split()[0]: line for line in said.splitlines() if "mail" in line}
    (manager,) = [line.split() for line in said.splitlines() if line.startswith("manager")]
    assert manager[1] == "MANAGER"
    assert manager[-4:] == ["not", "yet", "Invented", "Manager"]
    assert "Invented Investigator" in told["owner"]
    assert "2026-11-23 09:00:00-06:00" in told["owner"]
    assert told["owner"].rstrip().endswith("owner")
    assert "not yet" in told["supervisor"]
    assert told["supervisor"].rstrip().endswith("the owner's supervisor")
    assert "tells SUPERVISOR (supervisor)" in said
    assert said.splitlines()[-1].endswith(": MANAGER is told (manager) and it falls overdue")


async def test_a_closed_promise_is_certified_amended_and_verified_by_what_people_type(
    world: World, typed: Typed, tmp_path: Path
) -> None:
    promise = await world.promise("CALLBACK_URGENT")
    await world.attempt(promise)
    files = tmp_path / "certificates"
    files.mkdir()
    at = MONDAY.isoformat()

    amended = await typed("promise", promise.promise_id, "amend", "NO_ANSWER", "--at", at, "--reason", "from the log")
    written = await typed("certificate", promise.promise_id, "--into", str(files))
    paths: list[Any] = sorted(files.iterdir())
    checked = await typed("verify", *map(str, paths))

    assert amended[0] == 0, amended[1]
    assert written[0] == 0, written[1]
    assert [path.name for path in paths] == [f"{OFFICE}-1.json", f"{OFFICE}-2.json"]
    assert checked[0] == 0, checked[1]
    assert "addendum ENTERED_AFTER_CLOSING" in checked[1]
    assert "Closed: MET." in (await typed("promise", promise.promise_id))[1]


async def test_a_message_is_heard_and_the_call_it_asks_for_is_shown(world: World, typed: Typed) -> None:
    """R085."""
    message = await message_left(world)
    at = MONDAY.isoformat()

    code, said = await typed("promise", message.promise_id, "check", "--urgent", "--at", at, by=world.people.worker)

    assert code == 0, said
    assert [line.split()[0] for line in said.splitlines()[2:]] == ["VOICEMAIL_CHECK", "CALLBACK_URGENT"]
