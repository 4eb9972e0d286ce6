"""Reading and writing when downtime books were written."""

from __future__ import annotations

from datetime import datetime

from chassis.unit_of_work import UnitOfWork
from services.casework.store.statements import sql as _sql


async def add_book(uow: UnitOfWork, taken_at: datetime, recorded_at: datetime) -> bool:
    """Whether the book is new."""
    return await uow.fetchval(_sql.add_book, taken_at, recorded_at) is not None


async def last_book(uow: UnitOfWork) -> datetime | None:
    """As of when the last book is; None before the first."""
    found: datetime | None = await uow.fetchval(_sql.last_book)
    return found
