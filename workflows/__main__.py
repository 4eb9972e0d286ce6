"""`python -m workflows worker|bridge|reconciler`, and `python -m workflows upgrade BUILD`."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from temporalio.client import Client

from chassis import crash_points, health, logs, telemetry
from chassis.client import connect as connect_service
from chassis.consumer import StatelessConsumer
from chassis.health import PortTaken
from chassis.identity import token_from_file
from chassis.kafka import TopicsMissing
from chassis.metrics import watch_loop
from chassis.settings import MissingSetting
from chassis.tls import TlsFilesUnusable
from workflows import temporal, upgrade
from workflows.activities import Activities
from workflows.bridge import Bridge, is_outage
from workflows.codec import KeyringUnusable
from workflows.reconcile import reconciler
from workflows.settings import WorkflowSettings
from workflows.sweeps import ensure_schedules
from workflows.worker import worker

Part = Callable[[WorkflowSettings, asyncio.Event, asyncio.Event], Awaitable[None]]
"""`async (settings, stop, ready) -> None`: sets `ready` once it does its work, and ends when `stop` is set."""

# The consumer group, and the name under which it has its dead letters.
GROUP = "workflows"


async def run_worker(settings: WorkflowSettings, stop: asyncio.Event, ready: asyncio.Event) -> None:
    """Run workflows and activities until `stop` is set, then let those in hand end."""
    client = await _client(settings, stop)
    if client is None:
        return
    await ensure_schedules(client)
    token = token_from_file(Path(settings.need("token_file")))
    async with (
        connect_service(settings.need("casework_address"), token) as casework,
        connect_service(settings.need("notifications_address"), token) as notifications,
        worker(client, Activities(casework, notifications), settings.build_id),
    ):
        ready.set()
        await stop.wait()


async def run_bridge(settings: WorkflowSettings, stop: asyncio.Event, ready: asyncio.Event) -> None:
    """Bring facts to workflows until `stop` is set."""
    client = await _client(settings, stop)
    if client is None:
        return
    ready.set()
    subscriptions = Bridge(client, patience=settings.ledger_patience).subscriptions()
    await StatelessConsumer(GROUP, subscriptions, settings.need("kafka_bootstrap"), is_outage=is_outage).run(stop)


async def run_reconciler(settings: WorkflowSettings, stop: asyncio.Event, ready: asyncio.Event) -> None:
    """Compare what is owed, what is told and what is armed until `stop` is set; Temporal may be away all the time."""
    client = await temporal.reaching_for(
        settings.need("temporal_address"), settings.temporal_namespace, settings.keyring()
    )
    async with reconciler(client, settings) as reconciling:
        ready.set()
        await reconciling.run(stop)


async def _client(settings: WorkflowSettings, stop: asyncio.Event) -> Client | None:
    address = settings.need("temporal_address")
    return await temporal.connect(address, settings.temporal_namespace, stop, settings.keyring())


PARTS: dict[str, Part] = {"worker": run_worker, "bridge": run_bridge, "reconciler": run_reconciler}


async def _until_told(part: Part, settings: WorkflowSettings) -> None:
    stop, ready = asyncio.Event(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with asyncio.TaskGroup() as running:
        running.create_task(health.answer(settings, stop, ready))
        running.create_task(watch_loop(stop))
        try:
            await part(settings, stop, ready)
        finally:
            stop.set()


def main(arguments: Sequence[str]) -> int:
    """Run one part until SIGTERM or SIGINT, or go over to a build; answers the exit code."""
    match arguments:
        case ["upgrade", build_id]:
            return _go_over(build_id)
        case [known] if known in PARTS:
            return _run(known)
    sys.stderr.write(f"usage: python -m workflows [{'|'.join(PARTS)}]\n       python -m workflows upgrade BUILD\n")
    return 2


def _go_over(build_id: str) -> int:
    # Typed where a worker runs already: it takes no port, and tells no figures under that worker's name.
    logs.setup(f"hotline-{GROUP}-upgrade")
    try:
        print(asyncio.run(upgrade.go_over(WorkflowSettings(), build_id)))  # noqa: T201 - whoever typed it reads it
    except (MissingSetting, KeyringUnusable, TlsFilesUnusable, upgrade.NotGoneOver) as problem:
        sys.stderr.write(f"workflows upgrade: {problem}\n")
        return 1
    return 0


def _run(part: str) -> int:
    settings = WorkflowSettings()
    name = f"hotline-{GROUP}-{part}"
    shutdown = telemetry.setup(name, part, settings)
    temporal.tell_figures(name, part, settings)
    code = 0
    crash_points.arm(settings)
    try:
        asyncio.run(_until_told(PARTS[part], settings))
    except* (MissingSetting, KeyringUnusable, PortTaken, TlsFilesUnusable, TopicsMissing) as problems:
        sys.stderr.writelines(f"workflows {part}: {problem}\n" for problem in problems.exceptions)
        code = 1
    finally:
        shutdown()
    return code


if __name__ == "__main__":
    temporal.leave(main(sys.argv[1:]))
