"""What is fetched or built once for all stacks of a user; nobody ever sees it half done."""

import asyncio
import fcntl
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from deploy.local.processes import Report


async def filled(target: Path, fill: Callable[[Path], Awaitable[None]], report: Report) -> Path:
    """Return the folder `target`; if there is none, let `fill` make it in a folder aside and put that in place whole.

    Of several processes that want the same, one fills and the others wait for it.
    """
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    async with _alone(target.with_name(target.name + ".lock"), report):
        if not target.exists():
            draft = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
            try:
                await fill(draft)
                draft.chmod(0o755)
                draft.rename(target)
            finally:
                shutil.rmtree(draft, ignore_errors=True)
    return target


@asynccontextmanager
async def _alone(path: Path, report: Report) -> AsyncIterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                # Asked again and again rather than waited for: a blocked thread could not be interrupted by Ctrl-C.
                report(f"waiting for another process that is filling {path.parent}")
                await asyncio.sleep(0.3)
        yield
    finally:
        os.close(descriptor)
