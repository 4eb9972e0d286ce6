"""Reading and writing who works when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from chassis import errors
from chassis.unit_of_work import Row, UnitOfWork
from services.casework.model.schedules import Override, Rotation
from services.casework.store.statements import sql as _sql


@dataclass(frozen=True, slots=True)
class Swap:
    """A duty offered for another one."""

    id: UUID
    rotation_id: UUID
    from_staff_id: UUID
    starts_at: datetime
    ends_at: datetime
    to_staff_id: UUID
    return_starts_at: datetime
    return_ends_at: datetime
    accepted_at: datetime | None = None


async def lock(uow: UnitOfWork) -> None:
    """No other change of schedules until the transaction ends: the rules of rest look at all of them."""
    await uow.execute(_sql.lock_schedules)


async def add_rotation(uow: UnitOfWork, rotation: Rotation, exception: str, excepted_by: str) -> None:
    """Write a new rotation."""
    await uow.execute(
        _sql.add_rotation,
        UUID(rotation.id),
        rotation.role,
        rotation.office,
        [UUID(member) for member in rotation.members],
        rotation.first_day,
        rotation.last_day,
        rotation.begins,
        rotation.ends,
        rotation.turn_days,
        sorted(rotation.weekdays),
        rotation.on_call,
        exception,
        excepted_by,
    )


async def lock_rotation(uow: UnitOfWork, rotation_id: UUID) -> Rotation:
    """The rotation, held until the transaction ends."""
    row = await uow.fetchrow(_sql.lock_rotation, rotation_id)
    if row is None:
        raise errors.not_found("rotation", rotation_id)
    return _rotation(row)


async def end_rotation(uow: UnitOfWork, rotation_id: UUID, last_day: date) -> int:
    """The rotation ends; answers the version this made."""
    version: int = await uow.fetchval(_sql.end_rotation, rotation_id, last_day)
    return version


async def next_version(uow: UnitOfWork, rotation_id: UUID) -> int:
    """The next version of a locked rotation."""
    version: int = await uow.fetchval(_sql.next_rotation_version, rotation_id)
    return version


async def rotations(uow: UnitOfWork, offices: Iterable[str]) -> list[Rotation]:
    """The rotations of some offices, and those of directors anywhere."""
    return [_rotation(row) for row in await uow.fetch(_sql.rotations, sorted(offices))]


async def all_rotations(uow: UnitOfWork) -> list[Rotation]:
    """Every rotation there ever was."""
    return [_rotation(row) for row in await uow.fetch(_sql.all_rotations)]


async def add_override(
    uow: UnitOfWork, override_id: UUID, override: Override, *, reason: str, exception: str, by: str
) -> None:
    """Give a stretch of a rotation's time to somebody."""
    await uow.execute(
        _sql.add_override,
        override_id,
        UUID(override.rotation_id),
        override.starts_at,
        override.ends_at,
        UUID(override.staff_id),
        reason,
        exception,
        by,
    )


async def overrides(uow: UnitOfWork, start: datetime, end: datetime) -> list[Override]:
    """Every override in a stretch of time, in the order recorded."""
    rows = await uow.fetch(_sql.overrides_between, start, end)
    return [Override(str(row["rotation_id"]), row["starts_at"], row["ends_at"], str(row["staff_id"])) for row in rows]


async def offer_swap(uow: UnitOfWork, swap: Swap) -> None:
    """Write an offer."""
    await uow.execute(
        _sql.offer_swap,
        swap.id,
        swap.rotation_id,
        swap.from_staff_id,
        swap.starts_at,
        swap.ends_at,
        swap.to_staff_id,
        swap.return_starts_at,
        swap.return_ends_at,
    )


async def lock_swap(uow: UnitOfWork, swap_id: UUID) -> Swap:
    """An offer, held until the transaction ends."""
    row = await uow.fetchrow(_sql.lock_swap, swap_id)
    if row is None:
        raise errors.not_found("swap", swap_id)
    values = dict(row)
    return Swap(id=values.pop("swap_id"), **values)


async def accept_swap(uow: UnitOfWork, swap_id: UUID, at: datetime) -> None:
    """The other has agreed."""
    await uow.execute(_sql.accept_swap, swap_id, at)


def _rotation(row: Row) -> Rotation:
    return Rotation(
        id=str(row["rotation_id"]),
        role=row["role"],
        office=row["office"],
        members=tuple(str(member) for member in row["members"]),
        first_day=row["first_day"],
        begins=row["begins"],
        ends=row["ends"],
        turn_days=row["turn_days"],
        weekdays=frozenset(row["weekdays"]),
        on_call=row["on_call"],
        last_day=row["last_day"],
    )
