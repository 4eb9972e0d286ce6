"""A stack that goes on when the command that started it has ended."""

import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import psutil

from deploy.local import status
from deploy.local.processes import StackError
from deploy.local.settings import PROJECT, PYTHON, StackSettings
from deploy.local.stack import Extent, Watcher
from deploy.local.status import StackStatus, State
from deploy.local.supervisor import clear_leftovers

LOOK_EVERY = 0.1
"""Seconds between two looks at the status while waiting."""
STOP_PATIENCE = 120.0
"""Seconds a supervisor has to take everything down."""


def start(settings: StackSettings, extent: Extent, watch: Watcher) -> StackStatus:
    """Start a supervisor in the background and return when the stack is healthy, or raise a StackError."""
    log = settings.log("supervisor")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as file:
        child = subprocess.Popen(
            [PYTHON, "-m", "deploy.local", str(extent)],
            cwd=PROJECT,
            env=os.environ | _absolute(settings),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        return follow(child, settings.folder, log, watch)
    except KeyboardInterrupt:
        child.terminate()
        child.wait()
        raise


def follow(child: "subprocess.Popen[bytes]", home: Path, log: Path, watch: Watcher) -> StackStatus:
    """Watch a supervisor that was just started until its stack is healthy."""
    while True:
        ended = child.poll() is not None
        current = status.read(home)
        if current and current.pid == child.pid:
            watch(current)
            if current.state is State.HEALTHY:
                return current
        if ended:
            told = current.failure if current and current.pid == child.pid else ""
            raise StackError(told or log.read_text(errors="replace").strip() or f"the supervisor ended; see {log}")
        time.sleep(LOOK_EVERY)


def stop(settings: StackSettings) -> bool:
    """Stop the stack, and whatever a killed supervisor left of it; return whether there was anything."""
    home = settings.folder
    pid = status.supervisor(home)
    if pid is not None:
        _end(pid)
        return True
    left = status.read(home)
    return bool(left and clear_leftovers(left))


def _end(pid: int) -> None:
    try:
        supervisor = psutil.Process(pid)
        supervisor.terminate()
        supervisor.wait(STOP_PATIENCE)
    except psutil.NoSuchProcess:
        pass  # it was ending anyway
    except psutil.TimeoutExpired:
        raise StackError(
            f"the supervisor (pid {pid}) is still there after {STOP_PATIENCE:.0f} s: see its log"
        ) from None


def _absolute(settings: StackSettings) -> Mapping[str, str]:
    # A relative folder would mean another one in the supervisor's own working folder.
    return {"HOTLINE_HOME": str(settings.folder), "HOTLINE_CACHE": str(settings.cache_folder)}
