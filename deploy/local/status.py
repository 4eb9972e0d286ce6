"""The stack as others see it: a file that the supervisor keeps up to date, and a lock that it holds while it lives."""

import fcntl
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import psutil

from deploy.local.processes import StackError


class State(StrEnum):
    """How a part is, or the stack as a whole."""

    WAITING = "waiting"
    WORKING = "working"
    DONE = "done"
    STARTING = "starting"
    HEALTHY = "healthy"
    RUNNING = "running"  # a process that cannot be asked for its health
    UNHEALTHY = "unhealthy"
    RESTARTING = "restarting"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"


STANDING = frozenset({State.DONE, State.HEALTHY, State.RUNNING})


@dataclass(kw_only=True)
class PartStatus:
    """One part. `created` is when its process started (Unix time): it tells it from a later one of the same pid."""

    name: str
    kind: str
    state: State = State.WAITING
    detail: str = ""
    pid: int | None = None
    created: float | None = None
    address: str = ""
    since: str = ""
    restarts: int = 0
    log: str = ""
    stop_signal: int = signal.SIGTERM


@dataclass(kw_only=True)
class StackStatus:
    """The whole stack, as written to `stack.json` in its folder."""

    pid: int
    started_at: str
    state: State = State.STARTING
    failure: str = ""
    parts: list[PartStatus] = field(default_factory=list)

    def part(self, name: str) -> PartStatus:
        return next(part for part in self.parts if part.name == name)

    @property
    def healthy(self) -> bool:
        return self.state is State.HEALTHY and all(part.state in STANDING for part in self.parts)


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def write(home: Path, status: StackStatus) -> None:
    """Replace the status file as a whole, so that no reader sees half of it."""
    home.mkdir(parents=True, exist_ok=True)
    draft = home / "stack.json.new"
    draft.write_text(json.dumps(asdict(status), indent=1))
    draft.replace(home / "stack.json")


def read(home: Path) -> StackStatus | None:
    """The status last written, or None if this folder never held a stack. Ask `running` whether it still holds."""
    try:
        values: dict[str, Any] = json.loads((home / "stack.json").read_text())
    except FileNotFoundError:
        return None
    except json.JSONDecodeError as problem:
        raise StackError(f"{home / 'stack.json'} cannot be read ({problem}): remove it and start again") from problem
    parts = [PartStatus(**part | {"state": State(part["state"])}) for part in values.pop("parts")]
    return StackStatus(**values | {"state": State(values["state"])}, parts=parts)


def supervisor(home: Path) -> int | None:
    """The pid of the supervisor that holds the stack of this folder, or None; a lock is not fooled by a reused pid."""
    try:
        with _lock(home):
            return None
    except BlockingIOError:
        return int((home / "stack.lock").read_text() or 0)
    except FileNotFoundError:
        return None


@contextmanager
def holding(home: Path) -> Iterator[None]:
    """Be the one supervisor of this folder, for as long as the context lasts."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "stack.lock").touch()
    try:
        with _lock(home):
            (home / "stack.lock").write_text(str(os.getpid()))
            yield
    except BlockingIOError:
        raise StackError(
            f"the stack in {home} is already running (pid {supervisor(home)}): "
            "look at it with `hotline stack status`, stop it with `hotline stack down`"
        ) from None


@contextmanager
def _lock(home: Path) -> Iterator[None]:
    descriptor = os.open(home / "stack.lock", os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def process_of(part: PartStatus) -> psutil.Process | None:
    """The living process of a part, or None; never another process that has been given its pid since."""
    if part.pid is None:
        return None
    try:
        process = psutil.Process(part.pid)
        same = part.created is not None and abs(process.create_time() - part.created) < 1
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None
