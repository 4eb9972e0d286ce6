"""What a stack is made of: steps that run once, processes that are kept running, and parts given from outside."""

import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.settings import PROJECT

Ready = Callable[[], Awaitable[None]]
"""Returns when the part answers as it should; raises, saying what is wrong, when it does not."""

Report = Callable[[str], None]
"""Tells whoever watches how far a step has come."""


class StackError(Exception):
    """The stack cannot do what was asked; the text says what, where, and what to do about it."""


class ProcessDiedError(Exception):
    """A process ended before it was ready: another try may help."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """Work that is done once at every start, and finds out by itself what is already there."""

    name: str
    run: Callable[[Report], Awaitable[None]]
    after: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Given:
    """A part that runs elsewhere: its health is checked, nothing is started."""

    name: str
    address: str
    ready: Ready
    variable: str
    """The environment variable that gave it, for the message when it does not answer."""
    after: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Process:
    """A process that is started, kept running, and stopped with `stop_signal`."""

    name: str
    argv: Sequence[str]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)
    folder: Path = PROJECT
    user: str | None = None
    """The system user to run as; None is the one who started the stack."""
    address: str = ""
    ports: Sequence[int] = ()
    """The TCP ports on 127.0.0.1 it will listen on."""
    ready: Ready | None = None
    """None where nothing can be asked: it then counts as standing while it runs."""
    patience: float = 180.0
    """Seconds until it must be ready: on a machine that does much else a broker takes over a minute."""
    stop_signal: int = signal.SIGTERM
    stop_grace: float = 20.0
    """Seconds between the stop signal and SIGKILL."""
    after: Sequence[str] = ()


Part = Step | Given | Process
