"""One stack from start to stop: the supervisor's process."""

import asyncio
import logging
import shutil
import signal
from collections.abc import Callable
from enum import StrEnum

from deploy.local import infrastructure, ports, status
from deploy.local.platform import platform_processes
from deploy.local.processes import Part, StackError
from deploy.local.settings import StackSettings
from deploy.local.status import StackStatus
from deploy.local.supervisor import Supervisor, clear_leftovers, set_aside_long_logs

Watcher = Callable[[StackStatus], None]


class Extent(StrEnum):
    """How much of the stack is wanted."""

    ALL = "all"
    INFRASTRUCTURE = "infrastructure"


def parts_of(settings: StackSettings, extent: Extent) -> list[Part]:
    """Every part of the stack, in the order in which a status shows them."""
    outside = infrastructure.parts(settings)
    return outside if extent is Extent.INFRASTRUCTURE else [*outside, *platform_processes(settings)]


async def run(settings: StackSettings, extent: Extent, stop: asyncio.Event, watch: Watcher) -> None:
    """Bring the stack up, keep it up until `stop` is set, take it down. Raises a StackError if it cannot come up."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a broker that is not up yet is what we ask about
    home = settings.folder
    with status.holding(home):
        left = status.read(home)
        if left:
            clear_leftovers(left)
        parts = parts_of(settings, extent)
        ports.check_free(parts)
        set_aside_long_logs(parts)

        def publish(current: StackStatus) -> None:
            status.write(home, current)
            watch(current)

        await _live(Supervisor(parts, publish), stop)


async def _live(supervisor: Supervisor, stop: asyncio.Event) -> None:
    told = asyncio.create_task(stop.wait())
    failure = ""
    try:
        for stage in (supervisor.start, supervisor.hold):
            work = asyncio.create_task(stage())
            await asyncio.wait({told, work}, return_when=asyncio.FIRST_COMPLETED)
            if told.done():
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)
                return
            work.result()
    except StackError as problem:
        failure = str(problem)
        raise
    finally:
        told.cancel()
        await supervisor.stop()
        if failure:
            supervisor.failed(failure)


def run_until_told(settings: StackSettings, extent: Extent, watch: Watcher, until_stdin_closes: bool) -> None:
    """Run the stack until SIGINT or SIGTERM, or until whoever holds the other end of our standard input is gone."""

    async def main() -> None:
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        if until_stdin_closes:
            loop.add_reader(0, stop.set)
        await run(settings, extent, stop, watch)

    asyncio.run(main())


def reset(settings: StackSettings) -> None:
    """Remove all data, logs, mail and keys of this stack; refused while it runs. The cache stays."""
    home = settings.folder
    if not home.exists():
        return
    if not (home / "stack.lock").exists():
        raise StackError(f"{home} does not look like the folder of a stack (no stack.lock): not removed")
    with status.holding(home):
        left = status.read(home)
        if left:
            clear_leftovers(left)
        shutil.rmtree(home)
