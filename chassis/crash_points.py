"""Places at which a process can be made to fail, for the tests that show that nothing is lost or done twice.

Development only. `HOTLINE_CRASH_FILE` names a file; while it holds `PLACE HOW`, whoever comes to that place first takes
the file away and fails there, once. Without the setting a place costs one comparison.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path

from chassis.settings import Settings

PLACES = (
    "relay.read",  # committed, not yet sent
    "relay.sent",  # sent, not yet marked as sent
    "consumer.applied",  # the effect is committed, the offset not yet
    "consumer.revoked",  # amid a rebalance
    "ledger.climbing",  # inside ClimbRung, before its commit
    "activity.climbed",  # ClimbRung is committed, its answer does not arrive
    "activity.notifying",  # between ClimbRung and Notify
)


class CrashAsked(Exception):
    """A test asked for this failure."""


_file: Path | None = None


def arm(settings: Settings) -> None:
    """Let this process be made to fail, if its settings name the file; never in production."""
    global _file
    _file = settings.crash_file if settings.development else None


def reached(place: str) -> None:
    """Fail here, if that is what the file asks for."""
    if _file is not None:
        _fail_if_asked(_file, place)


def _fail_if_asked(file: Path, place: str) -> None:
    try:
        wanted, how = file.read_text().split()
        if wanted != place:
            return
        file.rename(file.with_name(f"{file.name}.taken"))
    except (FileNotFoundError, ValueError):
        return
    _WAYS[how]()


def _raise() -> None:
    raise CrashAsked("a test asked for it")


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _hang() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


_WAYS: Mapping[str, Callable[[], None]] = {"raise": _raise, "kill": _kill, "hang": _hang}
