"""Who works here, and who has acknowledged which training notice."""

from __future__ import annotations

from collections.abc import Sequence

from chassis.unit_of_work import UnitOfWork
from policy.packs import PackRef
from services.triage.model.training import Acknowledgement, Learner
from services.triage.store import sql


async def keep_staff(uow: UnitOfWork, staff_id: str, roles: Sequence[str], office: str) -> None:
    """Somebody is on the staff, as of now with these roles."""
    await uow.execute(sql.keep_staff, staff_id, list(roles), office)


async def acknowledge(uow: UnitOfWork, pack: PackRef, staff_id: str) -> bool:
    """Keep an acknowledgement; False if there was one."""
    kept = await uow.fetchval(sql.acknowledge, pack.id, pack.version, pack.sha256, staff_id, uow.clock())
    return kept is not None


async def acknowledgement(uow: UnitOfWork, pack: PackRef, staff_id: str) -> Acknowledgement:
    """Somebody's acknowledgement, which there is."""
    return next(given for given in await acknowledgements(uow, pack) if given.staff_id == staff_id)


async def acknowledgements(uow: UnitOfWork, pack: PackRef) -> list[Acknowledgement]:
    """Who has acknowledged a version, oldest first."""
    rows = await uow.fetch(sql.acknowledgements, pack.id, pack.version)
    return [Acknowledgement(row["staff_id"], row["acknowledged_at"]) for row in rows]


async def learners(uow: UnitOfWork, pack: PackRef, roles: Sequence[str]) -> list[Learner]:
    """Who has one of these roles, or has decided by this version, and has not acknowledged it."""
    rows = await uow.fetch(sql.learners, pack.id, pack.version, list(roles))
    return [
        Learner(row["staff_id"], tuple(row["roles"] or ()), row["office"] or "", row["decided_since"]) for row in rows
    ]
