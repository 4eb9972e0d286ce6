"""`make run`: one command sets everything up, plays, says where everything is, and stays up until Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from deploy.local import status
from deploy.local.ports import free_offset
from tests.stack import clean_environment, reachable_folder

PLAYED = "2 contacts, 2 as expected"
STAYS_UP = "Everything stays up until Ctrl-C."


@contextmanager
def running(home: Path, offset: int) -> Iterator[subprocess.Popen[str]]:
    """`hotline run --sample` with data of its own; ended, if it still runs, when the test is."""
    environment = clean_environment() | {"HOTLINE_HOME": str(home), "HOTLINE_PORT_OFFSET": str(offset)}
    command = [sys.executable, "-u", "-m", "cli", "run", "--sample"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as child:
        # Whatever goes wrong, the test must not wait for ever on a line that does not come.
        watchdog = threading.Timer(240, child.kill)
        watchdog.start()
        try:
            yield child
        finally:
            watchdog.cancel()
            if child.poll() is None:
                child.send_signal(signal.SIGINT)


def lines_until(child: subprocess.Popen[str], last: str) -> list[str]:
    """What it says up to this line."""
    assert child.stdout is not None
    said = []
    for line in child.stdout:
        said.append(line.rstrip())
        if last in line:
            return said
    raise AssertionError("it ended without saying " + last + ":\n" + "\n".join(said))


@pytest.mark.timeout(600)
def test_it_plays_the_sample_stays_up_stops_cleanly_and_goes_on_with_its_data_the_next_time() -> None:
    with reachable_folder() as folder, free_offset() as offset:
        for _ in range(2):
            with running(folder / "home", offset) as child:
                said = lines_until(child, STAYS_UP)
                assert PLAYED in said, "\n".join(said)
                pids = [
                    part.pid for part in (status.read(folder / "home") or pytest.fail("no status")).parts if part.pid
                ]
                assert pids
                os.kill(child.pid, signal.SIGINT)
                lines_until(child, "stopping")
                child.communicate()
                assert child.returncode == 0
            assert not [pid for pid in pids if psutil.pid_exists(pid)]
