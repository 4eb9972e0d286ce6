"""The queue, live: read once for all who watch the same, when the database says that it changed, and every few seconds
anyway. Each office is read by itself: in a surge, what is most urgent elsewhere must not fill up what it is shown.

Nothing is kept for a watcher but which versions it has seen. Who reads slowly skips what has passed meanwhile, so that
neither a burst of reports nor a hundred slow screens can fill the memory.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from chassis import deadline, errors, logs
from chassis.database import Database
from chassis.waiting import wait
from services.triage.model.decisions import Decision
from services.triage.store import decisions as store

SHOWN = 1000
"""The most urgent of their office, or of all, that a watcher is shown."""
AT_MOST = 240.0
"""Seconds after which a watch ends and is to be begun again: before the server ends old connections by itself."""
WATCHERS = 500
"""How many may watch one process."""

# So long before the caller's time is up: it must reach them before they give up that a watch is over.
_FAREWELL = 1.0
_CHANNEL = "triage_queue"
_POLL = 5.0
# A burst of changes is one reading.
_PACE = 0.1
_OUT_OF_REACH = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)

_log = logs.logger("watch")


@dataclass(frozen=True, slots=True)
class Change:
    """What is new or different in the queue, in its order, and what has left it."""

    waiting: tuple[Decision, ...]
    gone: tuple[UUID, ...]

    def __bool__(self) -> bool:
        return bool(self.waiting or self.gone)


class QueueWatch:
    """Follows the queue for as long as somebody watches it, and tells each watcher what is new to them."""

    def __init__(self, database: Database, url: str, stop: asyncio.Event, *, shown: int = SHOWN) -> None:
        self._database = database
        self._url = url
        self._stop = stop
        self._shown = shown
        # By office, None being all of them: how many watch it, and what waits in it.
        self._watched = Counter[str | None]()
        self._queues: dict[str | None, tuple[Decision, ...]] = {}
        self._following: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._beginning = asyncio.Lock()

    async def changes(self, office: str | None) -> AsyncIterator[Change]:
        """First all that waits, then each change, until the caller leaves, time is up, or the service ends."""
        if self._watched.total() >= WATCHERS:
            raise errors.unavailable("EXHAUSTED", f"{WATCHERS} watch the queue here: try again, or list it")
        self._watched[office] += 1
        try:
            await self._begin(office)
            async for change in self._until(time.monotonic() + deadline.at_most(AT_MOST) - _FAREWELL, office):
                yield change
        finally:
            self._watched[office] -= 1
            if not self._watched[office]:
                del self._watched[office]
                self._queues.pop(office, None)
            if not self._watched:
                await self.close()

    async def close(self) -> None:
        """Follow the queue no longer."""
        following, self._following = self._following, None
        if following:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    async def _begin(self, office: str | None) -> None:
        # Many begin at once when a process that was watched has gone: the first of them reads, the others wait for it.
        async with self._beginning:
            if office not in self._queues:
                self._queues |= await self._read([office])
            if self._following is None:
                self._following = asyncio.create_task(self._follow())

    async def _until(self, ends_at: float, office: str | None) -> AsyncIterator[Change]:
        seen: dict[UUID, int] = {}
        first = True
        while not self._stop.is_set() and (left := ends_at - time.monotonic()) > 0:
            # Taken before the queue is looked at: what changes from here on is told by this very event.
            news = self._news
            now = {d.report_id: d for d in self._queues[office]}
            change = Change(
                tuple(d for d in now.values() if seen.get(d.report_id) != d.version),
                tuple(report_id for report_id in seen if report_id not in now),
            )
            seen = {report_id: d.version for report_id, d in now.items()}
            if first or change:
                yield change
            first = False
            await wait(news, left)

    async def _follow(self) -> None:
        hint = asyncio.Event()
        listener: Any = None
        stopping = asyncio.create_task(self._stop.wait())
        stopping.add_done_callback(lambda _: hint.set())
        try:
            while not self._stop.is_set():
                listener = await self._listening(listener, hint)
                await wait(hint, _POLL)
                hint.clear()
                await self._look()
                await wait(self._stop, _PACE)
        finally:
            stopping.cancel()
            self._tell()
            if listener:
                listener.terminate()

    async def _look(self) -> None:
        try:
            queues = await self._read(list(self._watched))
        except errors.Refusal as refusal:
            _log.warning("the queue cannot be read; watchers see it as it was", problem=refusal.reason)
            return
        # Whoever left while it was read is not kept.
        now = {office: queue for office, queue in queues.items() if office in self._watched}
        if now != {office: self._queues.get(office) for office in now}:
            self._queues |= now
            self._tell()

    async def _read(self, offices: Iterable[str | None]) -> dict[str | None, tuple[Decision, ...]]:
        async with self._database.transaction() as uow:
            return {office: tuple(await store.queue(uow, office=office, limit=self._shown)) for office in offices}

    async def _listening(self, listener: Any, hint: asyncio.Event) -> Any:
        """A connection on which the database says that the queue has changed; None while it cannot be had."""
        if listener and not listener.is_closed():
            return listener
        try:
            listener = await asyncpg.connect(self._url, timeout=_POLL)
            try:
                await listener.add_listener(_CHANNEL, lambda *_: hint.set())
            except BaseException:
                listener.terminate()
                raise
        except _OUT_OF_REACH as problem:
            _log.warning("changes of the queue are looked for, not told", problem=type(problem).__name__)
            return None
        # What changed while nobody listened was told to nobody.
        hint.set()
        return listener

    def _tell(self) -> None:
        told, self._news = self._news, asyncio.Event()
        told.set()
