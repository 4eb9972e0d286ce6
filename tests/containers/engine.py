"""The Docker engine of this machine: one that runs, or one that is installed and is started while it is needed."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import docker
from docker.errors import DockerException

TIMEOUT = 900
"""Seconds without a word from the engine: a step of a build may be silent for minutes."""
START = 60.0
"""Seconds an engine has to answer once it was started."""
_LOCK = Path(tempfile.gettempdir()) / f"hotline-docker-{os.getuid()}.lock"


class NoEngine(Exception):
    """No Docker engine, or no image it could run, is to be had here; the text says what was tried, and what to do."""


@contextmanager
def engine() -> Iterator[docker.DockerClient]:
    """A client of this machine's engine. Whoever started it ends it, once nobody else of ours uses it."""
    with _LOCK.open("w") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        started = None if _answers() else _start()
        try:
            with closing(docker.from_env(timeout=TIMEOUT)) as client:
                yield client
        finally:
            if started:
                fcntl.flock(users, fcntl.LOCK_EX)
                started.terminate()
                started.wait(START)


def _answers() -> bool:
    # Asked of the socket first: the client leaves its own open where nobody listens.
    if not _listens(os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"):
        return False
    try:
        with closing(docker.from_env(timeout=5)) as client:
            return bool(client.ping())
    except DockerException:
        return False


def _listens(host: str) -> bool:
    kind, _, path = host.partition("://")
    if kind != "unix":
        return True
    with socket.socket(socket.AF_UNIX) as asking:
        return asking.connect_ex(path) == 0


def _start() -> subprocess.Popen[bytes] | None:
    """The engine's process; None if another one was quicker."""
    program = shutil.which("dockerd")
    if program is None:
        raise NoEngine("no Docker engine answers and none is installed (dockerd): install one, or start yours")
    if os.geteuid() != 0:
        raise NoEngine("no Docker engine answers, and only root may start the one that is installed: start it")
    log = Path(tempfile.gettempdir()) / "hotline-dockerd.log"
    with log.open("w") as file:
        # A session of its own: Ctrl-C ends the tests first, which end their containers, and then the engine.
        process = subprocess.Popen([program], stdout=file, stderr=file, start_new_session=True)
    deadline = time.monotonic() + START
    while not _answers():
        if process.poll() is not None and not _answers():
            raise NoEngine(f"dockerd ended with {process.returncode}; {log} says: {log.read_text()[-500:].strip()}")
        if time.monotonic() > deadline:
            process.terminate()
            raise NoEngine(f"dockerd did not answer within {START:.0f} s; its log is {log}")
        time.sleep(0.2)
    return process if process.poll() is None else None
