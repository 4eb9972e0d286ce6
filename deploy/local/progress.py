"""Shows how far a stack has come: one live line on a terminal, plain lines elsewhere."""

import time

from rich.console import Console
from rich.status import Status

from deploy.local.status import STANDING, PartStatus, StackStatus, State

SPARSE = 10.0
"""Seconds between two plain lines about the same step at work."""

WHOLE = "everything is healthy"

_BUSY = (State.WORKING, State.STARTING, State.RESTARTING, State.UNHEALTHY)


class LiveLine:
    """For a terminal: what stands is printed once, what is under way is one moving line."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._line = Status("starting", console=console)
        self._seen: dict[str, State] = {}
        self._whole = False

    def __call__(self, stack: StackStatus) -> None:
        for part in stack.parts:
            if self._seen.get(part.name) is not part.state:
                self._seen[part.name] = part.state
                if part.state in (*STANDING, State.FAILED, State.RESTARTING, State.STOPPED) and part.kind != "step":
                    self._console.print(_line(part), highlight=False, markup=False)
        if stack.state is State.HEALTHY and not self._whole:
            self._whole = True
            self._console.print(WHOLE, highlight=False)
        busy = [part for part in stack.parts if part.state in _BUSY]
        if busy or stack.state in (State.STARTING, State.STOPPING):
            self._line.update(" · ".join(f"{p.name}: {p.detail or p.state}" for p in busy) or str(stack.state))
            self._line.start()
        else:
            self._line.stop()


class PlainLines:
    """For a file or a pipe: one line for each change, and one now and then for long work."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._told: dict[str, tuple[State, float]] = {}
        self._whole = False

    def __call__(self, stack: StackStatus) -> None:
        for part in stack.parts:
            state, when = self._told.get(part.name, (State.WAITING, 0.0))
            stale = part.state is State.WORKING and part.detail and time.monotonic() - when > SPARSE
            if part.state is not state or stale:
                self._told[part.name] = (part.state, time.monotonic())
                self._console.print(_line(part), highlight=False, markup=False, soft_wrap=True)
        if stack.state is State.HEALTHY and not self._whole:
            self._whole = True
            self._console.print(WHOLE)


def progress(console: Console) -> LiveLine | PlainLines:
    """The form that fits where the console writes to."""
    return LiveLine(console) if console.is_terminal else PlainLines(console)


def _line(part: PartStatus) -> str:
    return " ".join(word for word in (f"{part.name}:", str(part.state), part.address, part.detail) if word)
