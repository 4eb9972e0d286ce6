"""A stack for one purpose: on ports nobody uses, with a folder of its own, gone when the purpose is fulfilled."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from rich.console import Console

from deploy.local import stack
from deploy.local.ports import free_offset
from deploy.local.processes import StackError
from deploy.local.progress import progress
from deploy.local.settings import StackSettings
from deploy.local.stack import Extent
from deploy.local.status import StackStatus, State


@asynccontextmanager
async def fresh_stack(pack: str, console: Console) -> AsyncIterator[StackSettings]:
    """A whole stack that keeps its promises by `pack`, healthy; its folder stays where something went wrong."""
    folder = _folder()
    try:
        with free_offset() as offset:
            settings = StackSettings(home=folder / "home", port_offset=offset, pack=pack)
            async with standing(settings, console):
                yield settings
    except BaseException:
        console.print(f"the data and logs of this stack stay in {folder}", soft_wrap=True, highlight=False)
        raise
    shutil.rmtree(folder)


@asynccontextmanager
async def standing(settings: StackSettings, console: Console) -> AsyncIterator[asyncio.Event]:
    """The stack of these settings, healthy for as long as the context lasts.

    The event stops it when it is set, and is set when the stack ends by itself.
    """
    healthy, stop, show = asyncio.Event(), asyncio.Event(), progress(console)

    def watch(current: StackStatus) -> None:
        show(current)
        if current.state is State.HEALTHY:
            healthy.set()

    up = asyncio.create_task(stack.run(settings, Extent.ALL, stop, watch))
    up.add_done_callback(lambda _: stop.set())
    ready = asyncio.create_task(healthy.wait())
    try:
        await asyncio.wait({up, ready}, return_when=asyncio.FIRST_COMPLETED)
        if up.done():
            up.result()
            raise StackError("the stack has ended before it was healthy")
        yield stop
    finally:
        stop.set()
        ready.cancel()
        await up


def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="hotline-"))
    folder.chmod(0o755)  # as root, PostgreSQL runs as a user of its own, who must be able to reach it
    return folder
