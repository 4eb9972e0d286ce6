"""Recorded decisions, many at a time: read in chunks, evaluated on all cores, counted together in their order."""

from __future__ import annotations

import gc
import multiprocessing
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path

from policy.errors import PolicyError
from policy.impact import Change, Impact
from policy.packs import PackRef, Packs
from policy.replay import Difference, Held, Recorded, recorded, replay

CHUNK = 1_000
"""Decisions handed to a process at a time: some tenths of a second of work."""

_Lines = list[tuple[int, bytes]]


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked: the folder of the packs, another pack to compare with, and since when."""

    folder: Path
    other: PackRef | None = None
    since: datetime | None = None


@dataclass(slots=True)
class Replayed:
    """What came of it. `unscreened` had no recommendation when they were recorded, and so nothing to replay.

    `superseded` are evaluations of a report that was amended since: replayed, but not counted in the impact.
    """

    decisions: int = 0
    unscreened: int = 0
    superseded: int = 0
    differences: list[Difference] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    impact: Impact | None = None

    def absorb(self, other: Replayed) -> None:
        """Add the next part."""
        self.decisions += other.decisions
        self.unscreened += other.unscreened
        self.superseded += other.superseded
        self.differences += other.differences
        self.changes += other.changes
        if self.impact and other.impact:
            self.impact.absorb(other.impact)


def replay_lines(lines: Iterable[bytes], task: Task, processes: int) -> Replayed:
    """Replay every line on this many processes; `PolicyError` names the first line that cannot be replayed."""
    chunks = _chunks(lines)
    first = next(chunks, [])
    second = next(chunks, None)
    if processes == 1 or second is None:
        worker = _Worker(task)
        return _together(worker, (worker.replay(chunk) for chunk in _all(first, second, chunks)))
    # Started afresh, not forked: whoever calls this may have threads of gRPC running.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, _start, (task, first[:1])) as pool:
        return _together(_Worker(task), _results(pool, _all(first, second, chunks), processes))


def _all(first: _Lines, second: _Lines | None, rest: Iterator[_Lines]) -> Iterator[_Lines]:
    yield first
    if second is not None:
        yield second
    yield from rest


def _chunks(lines: Iterable[bytes]) -> Iterator[_Lines]:
    numbered = ((number, line) for number, line in enumerate(lines, 1) if line.strip())
    while chunk := list(islice(numbered, CHUNK)):
        yield chunk


def _results(pool: ProcessPoolExecutor, chunks: Iterator[_Lines], processes: int) -> Iterator[Replayed | _Refused]:
    """The answers in the order of the chunks, with no more in memory than the processes need to stay busy."""
    waiting: deque[Future[Replayed | _Refused]] = deque()
    for chunk in chunks:
        waiting.append(pool.submit(_replay, chunk))
        if len(waiting) > 2 * processes:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _together(worker: _Worker, parts: Iterable[Replayed | _Refused]) -> Replayed:
    whole = worker.nothing()
    for part in parts:
        if isinstance(part, _Refused):
            raise PolicyError(part.code, part.paths, part.message)
        whole.absorb(part)
    return whole


@dataclass(frozen=True, slots=True)
class _Refused:
    """A line that cannot be replayed, as it travels between processes."""

    code: str
    paths: tuple[str, ...]
    message: str


class _Worker:
    """One process's packs, read once."""

    def __init__(self, task: Task) -> None:
        packs = Packs(task.folder)
        self._held = Held(packs)
        self._since = task.since
        self._other = self._held.pack(task.other) if task.other else None

    def nothing(self) -> Replayed:
        return Replayed(impact=Impact.of(self._other) if self._other else None)

    def replay(self, lines: _Lines) -> Replayed | _Refused:
        part = self.nothing()
        for number, line in lines:
            try:
                item = recorded(line)
                if self._since is None or item.evaluated_since(self._since):
                    self._add(part, item)
            except PolicyError as error:
                paths = tuple(f"line {number}: {path}" for path in error.paths or ("the whole",))
                return _Refused(error.code, paths, error.message)
        return part

    def _add(self, part: Replayed, item: Recorded) -> None:
        if item.output is None or item.pack is None:
            part.unscreened += 1
            return
        part.decisions += 1
        pack = self._held.pack(item.pack)
        again = replay(pack, item)
        if isinstance(again, Difference):
            part.differences.append(again)
        elif not item.latest:
            part.superseded += 1
        elif part.impact and self._other:
            change = part.impact.compare(item, pack, again, self._other)
            if change:
                part.changes.append(change)


_worker: _Worker


def _start(task: Task, sample: _Lines) -> None:
    global _worker
    _worker = _Worker(task)
    # One decision compiles the rules, which live as long as the process: no garbage to look through from then on. What
    # may be wrong with that line is told when its chunk comes.
    _worker.replay(sample)
    gc.freeze()


def _replay(lines: _Lines) -> Replayed | _Refused:
    return _worker.replay(lines)
