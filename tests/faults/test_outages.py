"""Worker, Temporal and database go down in the middle of ladders: every rung that fell due is climbed once, in order.

Late by no more than the outage (from the moment it stops until the stack is healthy again) plus the slack of
`history.SLACK`, and the certificate says so. Twenty seconds each here, minutes with HOTLINE_OUTAGE (seconds), as
`make faults` sets it.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deploy.local import status
from deploy.local.settings import PROJECT
from hotline.casework.v1 import casework_service_pb2 as casework
from hotline.casework.v1.promise_pb2 import Promise
from policy import lateness
from policy.packs import SHIPPED
from tests.faults import history
from tests.faults.floor import Floor, climbed, floor
from tests.waiting import eventually

OUTAGE = float(os.environ.get("HOTLINE_OUTAGE", "20"))
PROMISES = 40
RECOVERY = 240.0


@dataclass
class Outage:
    """How long it lasted: until everything was healthy again."""

    lasted: timedelta = timedelta(0)


@asynccontextmanager
async def down(platform: Floor, part: str) -> AsyncIterator[Outage]:
    """The part, and all that belongs to it, answers nobody during the block; then it dies, and is started anew."""
    current = status.read(platform.settings.folder)
    found = current.part(part) if current else None
    process = status.process_of(found) if found else None
    assert process is not None
    family = [process, *process.children(recursive=True)]
    began, outage = datetime.now(UTC), Outage()
    for member in family:
        member.suspend()
    try:
        yield outage
    finally:
        for member in family:
            if member.is_running():
                member.kill()

    async def healthy() -> bool:
        now = status.read(platform.settings.folder)
        again = status.process_of(now.part(part)) if now else None  # type: ignore[arg-type]
        return bool(now and now.healthy and again and again.pid != process.pid)

    await eventually(healthy, within=RECOVERY)
    outage.lasted = datetime.now(UTC) - began


async def climbed_to(rung: str, platform: Floor, promises: list[Promise]) -> list[casework.GetPromiseResponse]:
    async def all_climbed() -> bool:
        return all(rung in climbed(shown) for shown in await platform.shown(promises))

    await eventually(all_climbed, within=RECOVERY)
    return await platform.shown(promises)


@pytest.mark.timeout(1800)
async def test_rungs_that_fell_due_in_an_outage_are_climbed_once_in_order_and_not_much_later(tmp_path: Path) -> None:
    async with floor() as platform, platform.up():
        await platform.hire()
        for part in ("workflows worker", "temporal", "postgres"):
            ahead = timedelta(seconds=15)
            received = datetime.now(UTC) - timedelta(minutes=10) + ahead
            step = timedelta(seconds=OUTAGE + 10) / PROMISES
            promises = await platform.owe([received + step * n for n in range(PROMISES)])
            (due_soon,) = await platform.owe([datetime.now(UTC) - timedelta(minutes=15) + ahead])
            await asyncio.sleep(5)
            async with down(platform, part) as outage:
                await asyncio.sleep(OUTAGE)
            for shown in await climbed_to("supervisor", platform, promises):
                history.versions_follow(shown)
                history.climbed_in_time(shown, outage.lasted, datetime.now(UTC))
                assert all(len(times) == 1 for times in climbed(shown).values())
            await climbed_to("manager", platform, [due_soon])
            await platform.keep(due_soon)
            file = tmp_path / f"{part}.json"
            file.write_text(await platform.certificate(due_soon))
            certified_late(file, platform, outage)


def certified_late(file: Path, platform: Floor, outage: Outage) -> None:
    """The certificate says LATE and why: the alarm of the rung rang late. Outsiders come to the same verdict."""
    body = json.loads(file.read_text())["body"]
    assert body["verdict"] == "LATE"
    assert datetime.fromisoformat(body["closing"]["occurred_at"]) > datetime.fromisoformat(body["due"]["at"])
    reasons = lateness.reasons(body, {}, datetime.now(UTC))
    (alarm,) = [reason for reason in reasons if reason.code == "ALARM_LATE" and "rung manager" in reason.text]
    assert timedelta(seconds=OUTAGE) / 4 < alarm.late <= outage.lasted + history.SLACK
    key = platform.settings.identity / "certificate.public.pem"
    verifier = PROJECT / "tools" / "verify_certificate.py"
    command = [sys.executable, "-I", str(verifier), "--key", str(key), "--packs", str(SHIPPED), str(file)]
    assert subprocess.run(command, check=False).returncode == 0
