"""Who listens where: a port that is taken is told by the name and pid of who has it, before anything is started."""

import fcntl
import os
import random
import socket
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from deploy.local.processes import Part, Process, StackError
from deploy.local.settings import HOST, PORTS

OFFSETS = range(1_000, 24_000, 500)
"""Port offsets that keep clear of the default stack and of the ports that systems give to clients."""


@contextmanager
def free_offset() -> Iterator[int]:
    """An offset at which every port is free, and which no other passing stack on this machine takes meanwhile."""
    locks = Path(tempfile.gettempdir()) / f"hotline-ports-{os.getuid()}"
    locks.mkdir(exist_ok=True)
    for offset in random.sample(OFFSETS, len(OFFSETS)):  # so that two who look at once rarely meet
        with (locks / str(offset)).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            if all(free(port + offset) for port in PORTS.values()):
                yield offset
                return
    raise StackError(f"no free port offset among {OFFSETS}: too many stacks run on this machine")


def check_free(parts: Iterable[Part]) -> None:
    """Raise a StackError that names every taken port, the part that needs it, and the process that has it."""
    taken = [
        f"port {port}, needed by {part.name}, is taken by {_holder(port)}"
        for part in parts
        if isinstance(part, Process)
        for port in part.ports
        if not free(port)
    ]
    if taken:
        advice = "stop what has it, or move the whole stack with HOTLINE_PORT_OFFSET (1000, say)"
        raise StackError("\n".join([*taken, advice]))


def free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: connections of a server that has just stopped do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError:
            return False
        return True


def _holder(port: int) -> str:
    for pid in _listeners(port):
        try:
            return f"{psutil.Process(pid).name()} (pid {pid})"
        except psutil.NoSuchProcess:
            continue
    return "a process of another user (its name is hidden from you)"


def _listeners(port: int) -> Sequence[int]:
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:  # macOS lets only root see the connections of others
        return [process.pid for process in psutil.process_iter() if _listens(process, port)]
    return [c.pid for c in connections if c.pid and c.status == psutil.CONN_LISTEN and c.laddr and c.laddr.port == port]


def _listens(process: psutil.Process, port: int) -> bool:
    try:
        return any(c.status == psutil.CONN_LISTEN and c.laddr.port == port for c in process.net_connections(kind="tcp"))
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        return False
