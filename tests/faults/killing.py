"""Kills the processes of a running stack with SIGKILL, and waits until each stands again."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence

from deploy.local import status
from deploy.local.platform import OWN_PROCESSES, SERVICE_PROCESSES, WORKFLOW_PROCESSES, WORKFLOWS
from deploy.local.settings import SERVICES, StackSettings
from deploy.local.status import STANDING, PartStatus

LOOK_EVERY = 0.2
RECOVERY = 90.0
"""Seconds a killed process may take until it stands again, on a machine that does other things too."""

VICTIMS = (
    *(f"{service} {kind}" for service in SERVICES for kind in (*SERVICE_PROCESSES, *OWN_PROCESSES.get(service, ()))),
    *(f"{WORKFLOWS} {kind}" for kind in WORKFLOW_PROCESSES),
    "mail",
    "phone",
    "kafka",
    "temporal",
    "postgres",
)
"""Every process of a stack, by the name its supervisor has for it."""


async def kill_in_turn(
    settings: StackSettings, victims: Sequence[str], pauses: Sequence[float], killed: list[str]
) -> None:
    """Kill each victim once it and all others stand, after its pause (seconds); note each in `killed`."""
    for name, pause in zip(victims, pauses, strict=True):
        await asyncio.sleep(pause)
        before = await _standing(settings, name, not_pid=None)
        assert before.pid is not None
        os.kill(before.pid, signal.SIGKILL)
        killed.append(name)
        await _standing(settings, name, not_pid=before.pid)


async def _standing(settings: StackSettings, name: str, not_pid: int | None) -> PartStatus:
    async with asyncio.timeout(RECOVERY):
        while True:
            current = status.read(settings.folder)
            part = current.part(name) if current else None
            if part and part.pid and part.pid != not_pid and part.state in STANDING:
                return part
            await asyncio.sleep(LOOK_EVERY)
