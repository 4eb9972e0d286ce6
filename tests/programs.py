"""Programs of others that run beside a test."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.waiting import waited_for

PATIENCE = 60.0
"""Seconds until a program must be up, and until it must have ended."""


@contextmanager
def running(
    command: Sequence[str | Path],
    log: Path,
    is_up: Callable[[], bool],
    *,
    environment: Mapping[str, str] | None = None,
    end: signal.Signals = signal.SIGTERM,
) -> Iterator[None]:
    """The program, for as long as the block; fails with what it wrote to `log` if it ends or does not come up."""
    with log.open("w") as lines:
        process = subprocess.Popen(command, env=environment, stdout=lines, stderr=lines)
        try:
            try:
                waited_for(lambda: process.poll() is not None or is_up(), within=PATIENCE)
            except AssertionError as problem:
                raise AssertionError(f"{command[0]} does not come up: {log.read_text()}") from problem
            assert process.poll() is None, f"{command[0]} has ended: {log.read_text()}"
            yield
        finally:
            process.send_signal(end)
            process.wait(PATIENCE)
