"""Training notices of packs: who has read them, and who has yet to (R110)."""

from __future__ import annotations

from chassis import errors
from chassis.identity import acting
from chassis.unit_of_work import UnitOfWork
from policy.errors import PackMissing
from policy.packs import Pack, Packs
from services.triage.model.training import Acknowledgement, Standing, notice_of, still_to_be_learned
from services.triage.store import training as store


async def register(staff_id: str, roles: list[str], office: str, uow: UnitOfWork) -> None:
    """Casework tells who works where, as what: whose acknowledgements are to be expected."""
    await store.keep_staff(uow, staff_id, roles, office)


async def acknowledge(packs: Packs, pack_id: str, version: str, uow: UnitOfWork) -> tuple[Pack, Acknowledgement]:
    """The person who acts has read the notice of this version; who said so before said it then."""
    (pack,) = _asked(packs, pack_id, version, uow)
    if await store.acknowledge(uow, pack.ref, acting().subject):
        await uow.audit("AcknowledgeTraining", f"{pack.id}@{pack.version}", {"sha256": pack.sha256})
    return pack, await store.acknowledgement(uow, pack.ref, acting().subject)


async def standing(packs: Packs, pack_id: str, version: str, uow: UnitOfWork) -> list[Standing]:
    """How far each notice has come: of one version, or without one of that in force and those to come."""
    found = []
    for pack in _asked(packs, pack_id, version, uow):
        notice = notice_of(pack)
        found.append(
            Standing(
                notice, await store.acknowledgements(uow, pack.ref), await store.learners(uow, pack.ref, notice.roles)
            )
        )
    return found


def _asked(packs: Packs, pack_id: str, version: str, uow: UnitOfWork) -> list[Pack]:
    try:
        if version:
            return [packs.get(pack_id, version)]
        return still_to_be_learned(packs.versions(pack_id), uow.clock())
    except PackMissing as missing:
        raise errors.not_found("pack", f"{pack_id}@{version}" if version else pack_id) from missing
