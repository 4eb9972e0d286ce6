"""Downtime books: when the last one was written is recorded, and told to whoever watches."""

from __future__ import annotations

from datetime import datetime

from chassis.metrics import Gauge
from chassis.unit_of_work import UnitOfWork
from services.casework.store import downtime as store

last_written = Gauge("hotline.downtime_book.last")
"""As of when the last book is; nothing before the first."""


async def record_book(uow: UnitOfWork, taken_at: datetime) -> None:
    """A book as of `taken_at` lies on its shelf; said again, it changes nothing."""
    if await store.add_book(uow, taken_at, uow.clock()):
        await uow.audit("downtime-book.write", "downtime-book", {"taken_at": taken_at.isoformat()})


async def tell_last(uow: UnitOfWork) -> None:
    """Tell as of when the last book is."""
    last = await store.last_book(uow)
    if last is not None:
        last_written.show({(): last.timestamp()})
