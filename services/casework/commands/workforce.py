"""Registering staff and their absences."""

from __future__ import annotations

from uuid import UUID

from chassis import errors
from chassis.contract import stamp
from chassis.errors import Reason
from chassis.identity import Role, acting
from chassis.unit_of_work import UnitOfWork
from hotline.casework.v1 import casework_events_pb2 as events
from policy.errors import Refused
from services.casework import store
from services.casework.model.workforce import Absence
from services.casework.store import Staff

AGGREGATE = "casework.staff"

_FOR_OTHERS = frozenset({Role.SUPERVISOR, Role.MANAGER, Role.DIRECTOR, Role.ADMIN})


async def register(uow: UnitOfWork, staff: Staff) -> None:
    """Enter a member of staff, or what has changed about one; their contact methods are read by who may."""
    if staff.supervisor_id == staff.staff_id:
        raise Refused("INVALID_REQUEST", "nobody supervises themselves", "staff.supervisor_id")
    version = await store.register(uow, staff)
    fact = events.StaffRegistered(
        staff_id=str(staff.staff_id),
        roles=sorted(staff.roles),
        office=staff.office,
        supervisor_id=str(staff.supervisor_id or ""),
    )
    await uow.emit(fact, aggregate_type=AGGREGATE, aggregate_id=staff.staff_id, sequence=version)
    await uow.audit("staff.register", staff.staff_id, {"roles": sorted(staff.roles), "office": staff.office})


async def record_absence(uow: UnitOfWork, staff_id: UUID, absence: Absence) -> UUID:
    """Somebody will not be there; people record their own absence, those who lead record others'."""
    actor = acting()
    if actor.subject != str(staff_id) and not actor.roles & _FOR_OTHERS:
        raise errors.permission_denied(
            Reason.ROLE_NOT_ALLOWED, f"the absence of others is recorded by {', '.join(sorted(_FOR_OTHERS))}"
        )
    if absence.ends_at <= absence.starts_at:
        raise Refused("IMPOSSIBLE_TIME", "must lie after starts_at", "ends_at")
    absence_id = uow.ids.new()
    version = await store.add_absence(uow, absence_id, staff_id, absence, actor.subject)
    fact = events.AbsenceRecorded(
        staff_id=str(staff_id),
        absence_id=str(absence_id),
        starts_at=stamp(absence.starts_at),
        ends_at=stamp(absence.ends_at),
    )
    await uow.emit(fact, aggregate_type=AGGREGATE, aggregate_id=staff_id, sequence=version)
    await uow.audit("staff.absence", staff_id, {"absence": str(absence_id)})
    return absence_id
