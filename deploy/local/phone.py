"""The telephone gateway of one machine: it reaches nobody and keeps every text and call as a file.

`messages/` has one JSON file for each. Which lines are not in order a developer says in `lines.json`:
`{"+13125550142": "BUSY"}` (or `NO_ANSWER`, `NUMBER_REFUSED`); it is read at each delivery.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from pathlib import Path

from deploy.local import checks
from deploy.local.processes import Process
from deploy.local.settings import HOST, PYTHON, StackSettings


def process(settings: StackSettings) -> Process:
    """The telephone gateway of the stack, keeping what it was given under `settings.phone`."""
    port = settings.port("phone")
    return Process(
        name="phone",
        argv=(PYTHON, "-m", "deploy.local.phone_server", HOST, str(port), str(settings.phone)),
        log=settings.log("phone"),
        address=settings.address("phone"),
        ports=(port,),
        ready=partial(checks.serving, settings.address("phone")),
    )


OUTCOMES = ("DELIVERED", "BUSY", "NO_ANSWER", "NUMBER_REFUSED")


class LinesUnreadable(Exception):
    """`lines.json` does not say of numbers what their lines do."""


class Exchange:
    """The texts and calls of one folder: each is made once, and its outcome is on the disk before it is told."""

    def __init__(self, folder: Path) -> None:
        self._messages = folder / "messages"
        self._lines = folder / "lines.json"
        self._messages.mkdir(parents=True, exist_ok=True)

    def deliver(self, message_id: str, channel: str, number: str, text: str, now: datetime) -> str:
        """The outcome, `DELIVERED` unless the lines say otherwise; of a message already known, its first one."""
        kept = self._messages / f"{hashlib.sha256(message_id.encode()).hexdigest()}.json"
        if kept.exists():
            return str(json.loads(kept.read_text())["outcome"])
        outcome = self._line(number)
        message = {"message_id": message_id, "channel": channel, "number": number, "text": text}
        _keep(kept, message | {"outcome": outcome, "at": now.isoformat()})
        return outcome

    def _line(self, number: str) -> str:
        if not self._lines.exists():
            return "DELIVERED"
        try:
            outcome = json.loads(self._lines.read_text()).get(number, "DELIVERED")
            if outcome in OUTCOMES:
                return str(outcome)
        except (ValueError, AttributeError):
            pass
        raise LinesUnreadable(
            f'{self._lines} must be a JSON object of numbers and outcomes, such as {{"+13125550142": "BUSY"}}, the '
            f"outcomes being {', '.join(OUTCOMES)}: mend it or remove it"
        )


def _keep(path: Path, message: Mapping[str, str]) -> None:
    draft = path.with_suffix(".new")
    with draft.open("w") as file:
        json.dump(message, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
