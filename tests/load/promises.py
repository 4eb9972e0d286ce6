"""`python -m tests.load.promises [N ...]`: how late alarms ring when N promises fall due evenly within one minute.

The whole platform on a fresh stack; each promise has a ladder of one rung. Beside it, on the same server in the same
run, a bare workflow of an activity, a timer and an activity. Lateness counts from the armed instant to the commit of
the climb, and to the mail's leaving; the worker's memory is read each second. It reports, and asserts nothing on speed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import statistics
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import psutil
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from chassis.contract import instant
from deploy.local import postgres, status
from deploy.local.infrastructure import addresses
from deploy.local.passwords import password
from policy.packs import SHIPPED
from tests.faults.floor import Floor, floor
from tests.load.bench import machine
from tests.waiting import eventually

GOALS = {"rung climbed": 5.0, "first notice": 10.0}
"""Seconds, p99, with a thousand promises."""
ONE_MINUTE = timedelta(minutes=1)
DELAY = timedelta(minutes=30)
BARE = "bare"
SAMPLE = 20
MOST = 10
"""As many parts are named, by the processor time they took."""

PACK = """\
id: bench
version: 1.0.0
effective_from: 2020-01-01T00:00:00-06:00
title: The default rules, with ladders of one rung
extends: {id: seed-default, version: 1.0.0}
ladders:
  single: {acknowledgement: {hours: 1}, repeat: {hours: 24}, rungs: [{id: owner, who: OWNER, after: {minutes: 30}}]}
clocks:
  CALLBACK_URGENT:
    {counted_from: receipt, due: [{hours: 12}], ladder: [{use: single}], stops_on: [REACHED], cite: [CALLS]}
"""


@dataclass(frozen=True)
class Bare:
    """When the bare workflow's timer is to ring."""

    at: datetime


@workflow.defn(sandboxed=False)
class BareWorkflow:
    """An activity, a timer, an activity: the least that an alarm could be."""

    @workflow.run
    async def run(self, bare: Bare) -> None:
        """Begin, wait, ring."""
        await workflow.execute_activity_method(Bell.begin, start_to_close_timeout=ONE_MINUTE)
        await workflow.sleep(max(bare.at - workflow.now(), timedelta(0)))
        await workflow.execute_activity_method(Bell.ring, bare, start_to_close_timeout=ONE_MINUTE)


@dataclass
class Bell:
    """The activities. `late`: seconds from the instant of each timer to its ring, by workflow.

    Known here, in the worker's own process: ten thousand clients that wait for an answer are more than a server takes.
    """

    late: dict[str, float] = field(default_factory=dict)

    @activity.defn
    async def begin(self) -> None:
        """Nothing, as an activity."""

    @activity.defn
    async def ring(self, bare: Bare) -> None:
        """Note how late it is; a repetition changes nothing."""
        late = (datetime.now(UTC) - bare.at).total_seconds()
        self.late.setdefault(str(activity.info().workflow_id), late)


@dataclass
class Measured:
    """Seconds of lateness by what was late; processor seconds by part, history events and bytes of each one.

    `memory`: bytes that were resident in the platform's worker, at the beginning and at most.
    """

    late: dict[str, list[float]] = field(default_factory=dict)
    processor: Counter[str] = field(default_factory=Counter)
    events: float = 0.0
    size: float = 0.0
    memory: tuple[int, int] | None = None

    def lines(self, name: str, count: int) -> list[str]:
        """What people read."""
        told = [f"{name} ({count:,}): {self.processor.total() / count * 1000:.0f} ms of processor time, "
                f"{self.events:.0f} events and {self.size:,.0f} bytes of history each"]  # fmt: skip
        parts = (f"{part} {seconds / count * 1000:.0f}" for part, seconds in self.processor.most_common(MOST))
        told.append(f"  of these ms, most in: {', '.join(parts)}")
        for what, seconds in self.late.items():
            ordered = sorted(seconds)
            p99 = ordered[max(0, -(-len(ordered) * 99 // 100) - 1)]
            goal = f"; goal p99 under {GOALS[what]:.0f} s" if what in GOALS and count == 1000 else ""
            told.append(f"  {what}: p50 {statistics.median(ordered):.2f} s, p99 {p99:.2f} s{goal}")
        if self.memory:
            began, most = (size / 2**20 for size in self.memory)
            told.append(f"  memory of the worker: {began:.0f} MiB before, {most:.0f} MiB at most")
        return told


def main() -> int:
    """Measure for each number asked for, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("counts", type=int, nargs="*", default=[1000, 10_000], metavar="N")
    counts = parser.parse_args().counts
    print(machine(), flush=True)
    for count in counts:
        asyncio.run(_measure(count))
    return 0


async def _measure(count: int) -> None:
    async with floor(pack="bench") as platform:
        os.environ["HOTLINE_PACKS"] = str(_packs(platform.settings.folder.parent / "packs"))
        async with platform.up():
            await platform.hire()
            for name, measure in (("promises", _promises), ("bare workflows", _bare)):
                measured = await measure(platform, count)
                print("\n".join(measured.lines(name, count)), flush=True)


def _packs(folder: Path) -> Path:
    shutil.copytree(SHIPPED, folder)
    (folder / "bench" / "1.0.0").mkdir(parents=True)
    (folder / "bench" / "1.0.0" / "pack.yaml").write_text(PACK)
    return folder


async def _promises(platform: Floor, count: int) -> Measured:
    # Made so far ahead that all are armed before the first rings.
    first = datetime.now(UTC) + timedelta(seconds=60 + count * 0.06)
    before, sizes = _processor(platform), [_resident(platform)]
    watching = asyncio.create_task(_watch(platform, sizes))
    promises = await platform.owe([first - DELAY + ONE_MINUTE / count * n for n in range(count)])

    async def all_armed() -> bool:
        return await platform.open_alarms() == count

    await eventually(all_armed, within=600)
    if datetime.now(UTC) > first:
        print(f"note: arming {count:,} alarms took longer than was allowed for; the first rang late", flush=True)

    async def all_sent() -> bool:
        return len(await _sent(platform)) >= count

    # Ten thousand within a minute are more than a small machine does: they take what they take, and that is printed.
    await eventually(all_sent, within=1800 + count * 0.3)
    watching.cancel()
    processor = _processor(platform) - before
    due = {promise.promise_id: instant(promise.rungs[0].at) for promise in promises}
    climbed, sent = await _climbed(platform), await _sent(platform)
    events, size = await _history(platform, [f"promise/{promise.promise_id}" for promise in promises[:SAMPLE]])
    late = {
        "rung climbed": [(climbed[promise] - at).total_seconds() for promise, at in due.items()],
        "first notice": [(sent[promise] - at).total_seconds() for promise, at in due.items()],
    }
    return Measured(late, processor, events, size, (sizes[0], max(sizes)))


async def _bare(platform: Floor, count: int) -> Measured:
    client = await Client.connect(addresses(platform.settings).temporal_address)
    before, bell = _processor(platform) + _own(), Bell()
    async with Worker(
        client,
        task_queue=BARE,
        workflows=[BareWorkflow],
        activities=[bell.begin, bell.ring],
        workflow_runner=UnsandboxedWorkflowRunner(),
        max_concurrent_workflow_tasks=8,
    ):
        first, room = datetime.now(UTC) + timedelta(seconds=30 + count * 0.03), asyncio.Semaphore(16)

        async def start(n: int) -> None:
            async with room:
                bare = Bare(first + ONE_MINUTE / count * n)
                await client.start_workflow(BareWorkflow.run, bare, id=f"bare/{n}", task_queue=BARE)

        async def all_rang() -> bool:
            return len(bell.late) == count

        await asyncio.gather(*map(start, range(count)))
        await eventually(all_rang, within=600 + count * 0.2)
    events, size = await _history(platform, [f"bare/{n}" for n in range(SAMPLE)])
    return Measured({"second activity": list(bell.late.values())}, _processor(platform) + _own() - before, events, size)


async def _history(platform: Floor, workflow_ids: Sequence[str]) -> tuple[float, float]:
    client = await Client.connect(addresses(platform.settings).temporal_address)
    found = [await client.get_workflow_handle(workflow_id).fetch_history() for workflow_id in workflow_ids]
    events = [len(history.events) for history in found]
    sizes = [sum(event.ByteSize() for event in history.events) for history in found]
    return statistics.mean(events), statistics.mean(sizes)


def _processor(platform: Floor) -> Counter[str]:
    """Processor seconds of every part of the platform so far."""
    current = status.read(platform.settings.folder)
    assert current is not None
    processes = {part.name: process for part in current.parts if (process := status.process_of(part))}
    return Counter({
        name: sum(_used(member) for member in (process, *process.children(recursive=True)))
        for name, process in processes.items()
    })  # fmt: skip


async def _watch(platform: Floor, sizes: list[int]) -> None:
    while True:
        sizes.append(_resident(platform))
        await asyncio.sleep(1)


def _resident(platform: Floor) -> int:
    """Bytes of memory that the workflows' worker has now, which is what a pod is allowed so much of."""
    current = status.read(platform.settings.folder)
    assert current is not None
    worker = status.process_of(current.part("workflows worker"))
    assert worker is not None, "the worker has ended"
    return int(worker.memory_info().rss)


def _used(process: psutil.Process) -> float:
    # Children that have ended (PostgreSQL's connections come and go) are in their parent's sum.
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


def _own() -> Counter[str]:
    times = psutil.Process().cpu_times()
    return Counter({"this worker": times.user + times.system})


async def _climbed(platform: Floor) -> dict[str, datetime]:
    rows = await _rows(
        platform,
        "casework",
        "SELECT aggregateid AS id, created_at AS at FROM chassis.outbox"
        " WHERE aggregatetype = 'casework.promise' AND sequence = 2",
    )
    return {row["id"]: row["at"] for row in rows}


async def _sent(platform: Floor) -> dict[str, datetime]:
    query = "SELECT promise_id::text AS id, min(sent_at) AS at FROM notification WHERE sent_at IS NOT NULL GROUP BY 1"
    return {row["id"]: row["at"] for row in await _rows(platform, "notifications", query)}


async def _rows(platform: Floor, service: str, query: str) -> Sequence[asyncpg.Record]:
    settings, name = platform.settings, f"hotline_{service}"
    url = postgres.database_url(addresses(settings).postgres_url, name, password(settings.folder, name))
    connection = await asyncpg.connect(url)
    try:
        found: Sequence[asyncpg.Record] = await connection.fetch(query)
    finally:
        await connection.close()
    return found


if __name__ == "__main__":
    sys.exit(main())
