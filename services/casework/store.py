"""Reading and writing staff and investigations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from chassis import errors
from chassis.queries import Queries
from chassis.unit_of_work import Row, UnitOfWork
from services.casework.model.investigations import Contact, ContactResult, Finding, Investigation, State
from services.casework.model.workforce import Absence, Candidate, Person, Workforce

_sql = Queries.load(Path(__file__).with_name("queries"))


@dataclass(frozen=True, slots=True)
class Staff:
    """A member of staff as registered: who they are, what they do, where, under whom, and how to reach them."""

    staff_id: UUID
    name: str
    email: str
    roles: tuple[str, ...]
    office: str
    supervisor_id: UUID | None


# Workforce


async def register(uow: UnitOfWork, staff: Staff) -> int:
    """Write a member of staff; answers the version this made."""
    version: int = await uow.fetchval(
        _sql.register,
        staff.staff_id,
        staff.name,
        staff.email,
        sorted(staff.roles),
        staff.office,
        staff.supervisor_id,
    )
    return version


async def staff(uow: UnitOfWork, staff_id: UUID) -> tuple[Staff, int]:
    """A member of staff, and the version."""
    row = await uow.fetchrow(_sql.read_staff, staff_id)
    if row is None:
        raise errors.not_found("member of staff", staff_id)
    return _staff(row), row["version"]


async def staff_listed(uow: UnitOfWork, office: str, role: str) -> list[tuple[Staff, int]]:
    """Staff of an office and role (empty: any), each with the number of their open investigations."""
    return [(_staff(row), row["load"]) for row in await uow.fetch(_sql.list_staff, office, role)]


async def add_absence(uow: UnitOfWork, absence_id: UUID, staff_id: UUID, absence: Absence, by: str) -> int:
    """Record an absence; answers the version of the member of staff this made."""
    version: int | None = await uow.fetchval(_sql.next_staff_version, staff_id)
    if version is None:
        raise errors.not_found("member of staff", staff_id)
    await uow.execute(_sql.record_absence, absence_id, staff_id, absence.starts_at, absence.ends_at, by)
    return version


async def absence_at(uow: UnitOfWork, staff_id: UUID, at: datetime) -> Absence | None:
    """The absence somebody is on at an instant; of several, the one that ends last."""
    row = await uow.fetchrow(_sql.absence_at, staff_id, at)
    return Absence(row["starts_at"], row["ends_at"]) if row else None


async def workforce(uow: UnitOfWork, person: str | None, offices: Iterable[str], at: datetime) -> Workforce:
    """The people a rung can mean at an instant: the person and all above, the offices' staff, every director."""
    rows = await uow.fetch(_sql.around, UUID(person) if person else None, sorted(offices), at)
    return Workforce(
        Person(
            staff_id=str(row["staff_id"]),
            roles=frozenset(row["roles"]),
            office=row["office"],
            supervisor_id=str(row["supervisor_id"]) if row["supervisor_id"] else None,
            absent=row["absent"],
        )
        for row in rows
    )


async def candidates(uow: UnitOfWork, office: str, at: datetime) -> list[Candidate]:
    """The present investigators of an office with their load; other assignments there wait for this transaction."""
    await uow.execute(_sql.lock_assignment, office)
    return [Candidate(str(row["staff_id"]), row["load"]) for row in await uow.fetch(_sql.candidates, office, at)]


# Investigations


async def open_investigation(uow: UnitOfWork, investigation: Investigation) -> bool:
    """Whether the investigation is new: a report has one."""
    opened = await uow.fetchval(
        _sql.open_investigation,
        UUID(investigation.id),
        UUID(investigation.report_id),
        investigation.reference,
        investigation.office,
        investigation.received_at,
        investigation.opened_at,
        investigation.tier,
        list(investigation.alleged_victims),
    )
    return opened is not None


async def lock_investigation(uow: UnitOfWork, investigation_id: UUID) -> Investigation:
    """The investigation, held until the transaction ends."""
    return await _found(uow, await uow.fetchrow(_sql.lock_investigation, investigation_id), investigation_id)


async def lock_investigation_of_report(uow: UnitOfWork, report_id: UUID) -> Investigation | None:
    """The investigation of a report, held until the transaction ends; None if there is none."""
    row = await uow.fetchrow(_sql.lock_investigation_of_report, report_id)
    return await _investigation(uow, row) if row else None


async def investigation(uow: UnitOfWork, investigation_id: UUID) -> Investigation:
    """The investigation as it stands."""
    return await _found(uow, await uow.fetchrow(_sql.read_investigation, investigation_id), investigation_id)


async def investigation_of_report(uow: UnitOfWork, report_id: UUID) -> Investigation:
    """The investigation of a report."""
    return await _found(uow, await uow.fetchrow(_sql.read_investigation_of_report, report_id), report_id)


async def save_investigation(uow: UnitOfWork, after: Investigation, worker_why: str | None = None) -> None:
    """Write the next version of a locked investigation; `worker_why` says why its worker, if that changed."""
    saved = await uow.fetchval(
        _sql.save_investigation,
        UUID(after.id),
        after.version,
        after.state.value,
        UUID(after.worker_id) if after.worker_id else None,
        worker_why,
        after.finding.value if after.finding else None,
        after.closed_because,
    )
    if saved is None:
        raise RuntimeError(f"investigation {after.id}: version {after.version} does not follow the stored one")


async def add_contact(
    uow: UnitOfWork, investigation_id: str, contact: Contact, *, recorded_at: datetime, by: str, late_reason: str
) -> None:
    """Add a contact to the record of an investigation."""
    await uow.execute(
        _sql.record_contact,
        uow.ids.new(),
        UUID(investigation_id),
        contact.child_id,
        contact.result.value,
        contact.occurred_at,
        recorded_at,
        by,
        late_reason,
    )


def _staff(row: Row) -> Staff:
    return Staff(row["staff_id"], row["name"], row["email"], tuple(row["roles"]), row["office"], row["supervisor_id"])


async def _found(uow: UnitOfWork, row: Row | None, asked: UUID) -> Investigation:
    if row is None:
        raise errors.not_found("investigation", asked)
    return await _investigation(uow, row)


async def _investigation(uow: UnitOfWork, row: Row) -> Investigation:
    contacts = await uow.fetch(_sql.contacts, row["investigation_id"])
    return Investigation(
        id=str(row["investigation_id"]),
        report_id=str(row["report_id"]),
        reference=row["reference"],
        office=row["office"],
        received_at=row["received_at"],
        opened_at=row["opened_at"],
        tier=row["tier"],
        alleged_victims=tuple(row["alleged_victims"]),
        state=State(row["state"]),
        worker_id=str(row["worker_id"]) if row["worker_id"] else None,
        contacts=tuple(Contact(c["child_id"], ContactResult(c["result"]), c["occurred_at"]) for c in contacts),
        finding=Finding(row["finding"]) if row["finding"] else None,
        closed_because=row["closed_because"],
        version=row["version"],
    )
