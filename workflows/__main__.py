"""`python -m workflows worker|bridge`."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from temporalio.client import Client

from chassis import telemetry
from chassis.client import connect as connect_service
from chassis.consumer import StatelessConsumer
from chassis.identity import token_from_file
from chassis.kafka import TopicsMissing
from chassis.settings import MissingSetting
from workflows import temporal
from workflows.activities import Activities
from workflows.bridge import Bridge, is_outage
from workflows.settings import WorkflowSettings
from workflows.worker import worker

Part = Callable[[Client, WorkflowSettings, asyncio.Event], Awaitable[None]]

# The consumer group, and the name under which it has its dead letters.
GROUP = "workflows"


async def run_worker(client: Client, settings: WorkflowSettings, stop: asyncio.Event) -> None:
    """Run workflows and activities until `stop` is set, then let those in hand end."""
    token = token_from_file(Path(settings.need("token_file")))
    async with (
        connect_service(settings.need("casework_address"), token) as casework,
        connect_service(settings.need("notifications_address"), token) as notifications,
        worker(client, Activities(casework, notifications)),
    ):
        await stop.wait()


async def run_bridge(client: Client, settings: WorkflowSettings, stop: asyncio.Event) -> None:
    """Bring facts to workflows until `stop` is set."""
    subscriptions = Bridge(client, patience=settings.ledger_patience).subscriptions()
    await StatelessConsumer(GROUP, subscriptions, settings.need("kafka_bootstrap"), is_outage=is_outage).run(stop)


PARTS: dict[str, Part] = {"worker": run_worker, "bridge": run_bridge}


async def _until_told(part: Part, settings: WorkflowSettings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    client = await temporal.connect(settings.need("temporal_address"), settings.temporal_namespace, stop)
    if client is not None:
        await part(client, settings, stop)


def main(arguments: Sequence[str]) -> int:
    """Run one part until SIGTERM or SIGINT; answers the exit code."""
    if len(arguments) != 1 or arguments[0] not in PARTS:
        sys.stderr.write(f"usage: python -m workflows [{'|'.join(PARTS)}]\n")
        return 2
    settings = WorkflowSettings()
    shutdown = telemetry.setup(f"hotline-{GROUP}-{arguments[0]}", settings)
    try:
        asyncio.run(_until_told(PARTS[arguments[0]], settings))
    except (MissingSetting, TopicsMissing) as problem:
        sys.stderr.write(f"workflows {arguments[0]}: {problem}\n")
        return 1
    finally:
        shutdown()
    return 0


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # Everything has ended in order by now. Threads of Temporal's core outlive it, and one that reaches for the
    # interpreter while that is being taken down aborts the process (PyGILState_Release, exit code 134).
    os._exit(code)
