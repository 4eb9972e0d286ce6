"""Starts the parts of a stack side by side, keeps its processes running, and takes them down in reverse order."""

import asyncio
import os
import pwd
import signal
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from deploy.local import status
from deploy.local.processes import Given, Part, Process, ProcessDiedError, StackError, Step
from deploy.local.settings import environment
from deploy.local.status import PartStatus, StackStatus, State

ASK_EVERY = 0.1
"""Seconds between questions to a part that is coming up."""
HEALTH_EVERY = 5.0
"""Seconds between questions to a part that stands."""
BACK_OFF = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds before the first, second, ... restart in a row; the last holds for all that follow."""
STEADY = 30.0
"""Seconds after which a process counts as recovered, and its back-off begins anew."""
FIRST_STARTS = 3
"""How often a process may die before it was ever ready, until the start of the stack is given up."""
GIVEN_PATIENCE = 10.0
"""Seconds a part given from outside has to answer."""
LOG_LIMIT = 10 * 2**20
"""Bytes of a log that is put aside at the next start."""


class Supervisor:
    """One stack. `publish` is told the whole status whenever a part of it changes."""

    def __init__(self, parts: Sequence[Part], publish: Callable[[StackStatus], None]) -> None:
        self._parts = {part.name: part for part in parts}
        self._publish = publish
        self._stands = {name: asyncio.Event() for name in self._parts}
        self._children: dict[str, asyncio.subprocess.Process] = {}
        self._keepers: list[asyncio.Task[None]] = []
        self.status = StackStatus(pid=os.getpid(), started_at=status.now(), parts=[_row(part) for part in parts])
        _check_order(self._parts)

    async def start(self) -> None:
        """Bring every part up, each as soon as those before it stand; raise a StackError for the first that fails."""
        self._publish(self.status)
        tasks = [asyncio.create_task(self._raise(part)) for part in self._parts.values()]
        try:
            await asyncio.gather(*tasks)
        finally:
            # Whoever is still at work when one has failed is stopped, and has stopped, before this returns.
            await _dismiss(tasks)
        self._note_all(State.HEALTHY)

    async def hold(self) -> None:
        """Keep the stack up until cancelled; raises only if the supervisor itself has a fault."""
        await asyncio.gather(*self._keepers)

    async def stop(self) -> None:
        """Stop every process, those that build on others first, and wait until they are gone."""
        self._note_all(State.STOPPING)
        await _dismiss(self._keepers)
        gone = {name: asyncio.Event() for name in self._parts}
        await asyncio.gather(*(self._lower(part, gone) for part in self._parts.values()))
        self._note_all(State.STOPPED)

    def failed(self, failure: str) -> None:
        """Write down why the stack did not come up."""
        self.status.failure = failure
        self._note_all(State.FAILED)

    async def _raise(self, part: Part) -> None:
        for name in part.after:
            await self._stands[name].wait()
        try:
            match part:
                case Step():
                    await self._take(part)
                case Given():
                    await self._find(part)
                case Process():
                    await self._launch(part)
        except Exception as problem:
            self._note(part.name, State.FAILED, _first_line(problem))
            raise StackError(f"{part.name}: {problem}") from problem
        self._stands[part.name].set()

    async def _take(self, step: Step) -> None:
        self._note(step.name, State.WORKING)
        await step.run(lambda detail: self._note(step.name, State.WORKING, detail))
        self._note(step.name, State.DONE)

    async def _find(self, given: Given) -> None:
        self._note(given.name, State.STARTING)
        deadline = time.monotonic() + GIVEN_PATIENCE
        while problem := await _unwell(given):
            if time.monotonic() > deadline:
                raise StackError(
                    f"nothing that answers is at {given.address}, given by {given.variable} ({problem}): "
                    f"start it there, or unset {given.variable} to use the embedded one"
                )
            await asyncio.sleep(ASK_EVERY)
        self._note(given.name, State.HEALTHY)
        self._keepers.append(asyncio.create_task(self._ask(given)))

    async def _launch(self, process: Process) -> None:
        for attempt in range(FIRST_STARTS):
            try:
                await self._spawn(process)
                break
            except ProcessDiedError as death:
                if attempt + 1 == FIRST_STARTS:
                    raise StackError(f"{death}; {_see(process.log)}") from death
                await asyncio.sleep(BACK_OFF[attempt])
        self._keepers.append(asyncio.create_task(self._keep(process)))

    async def _spawn(self, process: Process) -> None:
        """Start the process and wait until it is ready."""
        child = await self._execute(process)
        exited = asyncio.create_task(child.wait())
        deadline = time.monotonic() + process.patience
        try:
            while problem := await _unwell(process):
                await asyncio.wait({exited}, timeout=ASK_EVERY)
                if exited.done():
                    raise ProcessDiedError(f"it ended with {_ending(exited.result())} before it was ready")
                if time.monotonic() > deadline:
                    raise StackError(f"not ready after {process.patience:.0f} s ({problem}); {_see(process.log)}")
        finally:
            exited.cancel()
        self._note(process.name, State.HEALTHY if process.ready else State.RUNNING)

    async def _execute(self, process: Process) -> asyncio.subprocess.Process:
        process.log.parent.mkdir(parents=True, exist_ok=True)
        with process.log.open("ab") as log:
            child = await asyncio.create_subprocess_exec(
                *process.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment(process.env),
                cwd=process.folder,
                # A session of its own: Ctrl-C reaches the supervisor alone, which stops the parts in order.
                start_new_session=True,
                **as_user(process.user),
            )
        self._children[process.name] = child
        row = self.status.part(process.name)
        row.pid, row.created = child.pid, _created(child.pid)
        self._note(process.name, State.STARTING)
        return child

    async def _keep(self, process: Process) -> None:
        """Watch the process; whenever it dies, start it again, later each time while it does not recover."""
        row = self.status.part(process.name)
        deaths = 0
        while True:
            began = time.monotonic()
            ending = await self._watch(process)
            deaths = 1 if time.monotonic() - began > STEADY else deaths + 1
            delay = BACK_OFF[min(deaths, len(BACK_OFF)) - 1]
            row.restarts += 1
            self._note(process.name, State.RESTARTING, f"ended with {ending}; again in {delay:g} s, see its log")
            await asyncio.sleep(delay)
            try:
                await self._spawn(process)
            except (ProcessDiedError, StackError, OSError) as problem:
                self._note(process.name, State.UNHEALTHY, _first_line(problem))

    async def _watch(self, process: Process) -> str:
        """Ask for its health until the process ends; return how it ended."""
        exited = asyncio.create_task(self._children[process.name].wait())
        try:
            while not (await asyncio.wait({exited}, timeout=HEALTH_EVERY))[0]:
                await self._examine(process)
            return _ending(exited.result())
        finally:
            exited.cancel()

    async def _ask(self, given: Given) -> None:
        while True:
            await asyncio.sleep(HEALTH_EVERY)
            await self._examine(given)

    async def _examine(self, part: Given | Process) -> None:
        problem = await _unwell(part)
        if problem:
            self._note(part.name, State.UNHEALTHY, problem)
        elif self.status.part(part.name).state is State.UNHEALTHY:
            self._note(part.name, State.HEALTHY)

    async def _lower(self, part: Part, gone: Mapping[str, asyncio.Event]) -> None:
        for other in self._parts.values():
            if part.name in other.after:
                await gone[other.name].wait()
        child = self._children.get(part.name)
        if isinstance(part, Process) and child is not None:
            await self._end(part, child)
        gone[part.name].set()

    async def _end(self, process: Process, child: asyncio.subprocess.Process) -> None:
        row = self.status.part(process.name)
        self._note(process.name, State.STOPPING)
        detail = ""
        if child.returncode is None:
            _send(child, process.stop_signal)
            try:
                await asyncio.wait_for(child.wait(), process.stop_grace)
            except TimeoutError:
                detail = f"killed: still there {process.stop_grace:.0f} s after it was told to stop"
                _send(child, signal.SIGKILL)
                await child.wait()
        row.pid = row.created = None
        self._note(process.name, State.STOPPED, detail)

    def _note(self, name: str, state: State, detail: str = "") -> None:
        row = self.status.part(name)
        if row.state is state and row.detail == detail:
            return
        if row.state is not state:
            row.since = status.now()
        row.state, row.detail = state, detail
        self._publish(self.status)

    def _note_all(self, state: State) -> None:
        self.status.state = state
        self._publish(self.status)


def clear_leftovers(left: StackStatus) -> list[str]:
    """End what a killed supervisor has left running, by the status it left behind; return the names of those parts."""
    found = [(part, process) for part in left.parts if (process := status.process_of(part))]
    for part, process in found:
        process.send_signal(part.stop_signal)
    _, alive = psutil.wait_procs([process for _, process in found], timeout=20)
    for process in alive:
        process.kill()
    psutil.wait_procs(alive, timeout=5)
    return [part.name for part, _ in found]


def set_aside_long_logs(parts: Sequence[Part]) -> None:
    """Begin a new log for every process whose log has grown long; one earlier log is kept."""
    for part in parts:
        if isinstance(part, Process) and part.log.exists() and part.log.stat().st_size > LOG_LIMIT:
            part.log.replace(part.log.with_name(part.log.name + ".1"))


def _row(part: Part) -> PartStatus:
    row = PartStatus(name=part.name, kind=type(part).__name__.lower(), since=status.now())
    match part:
        case Process():
            row.address, row.log, row.stop_signal = part.address, str(part.log), part.stop_signal
        case Given():
            row.address = part.address
    return row


def _check_order(parts: Mapping[str, Part]) -> None:
    # A stack that waits for a part that is not there would wait for ever.
    for part in parts.values():
        if missing := [name for name in part.after if name not in parts]:
            raise StackError(f"{part.name} comes after {', '.join(missing)}, which this stack does not have")


async def _unwell(part: Given | Process) -> str:
    """What is wrong with a part, or "" when it answers as it should."""
    if part.ready is None:
        return ""
    try:
        await part.ready()
    except Exception as problem:  # any failure to answer is the answer
        return _first_line(problem)
    return ""


async def _dismiss(tasks: Collection[asyncio.Task[None]]) -> None:
    """Cancel until all have ended, whatever with: a cancellation that meets an answer can get lost on the way.

    Clients of neighbours wait with asyncio.wait_for, which up to Python 3.11 prefers the answer; a keeper would go on.
    """
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=ASK_EVERY)
    await asyncio.gather(*tasks, return_exceptions=True)


def _first_line(problem: BaseException) -> str:
    return str(problem).strip().partition("\n")[0][:300] or type(problem).__name__


def _ending(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _see(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()[-8:] if log.exists() else []
    return "\n".join([f"its log is {log}" + (", ending:" if lines else " (empty)"), *("    " + line for line in lines)])


def _created(pid: int) -> float | None:
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return None


def _send(child: asyncio.subprocess.Process, number: int) -> None:
    with suppress(ProcessLookupError):  # it may have ended by itself
        child.send_signal(number)


def as_user(user: str | None) -> dict[str, Any]:
    """Arguments for a subprocess that is to run as another system user (only root may ask for one)."""
    if user is None:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
