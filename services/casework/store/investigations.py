"""Reading and writing investigations."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from chassis import errors
from chassis.unit_of_work import Row, UnitOfWork
from services.casework.model.investigations import (
    Acceptance,
    Assignment,
    Contact,
    ContactResult,
    Finding,
    Investigation,
    State,
)
from services.casework.store.statements import sql as _sql


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
        investigation.alternative,
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


async def open_investigations(uow: UnitOfWork, after: UUID | None, limit: int) -> list[Row]:
    """Open investigations by id, after one: investigation_id, undispatched (an assignment's version; 0: none)."""
    return await uow.fetch(_sql.open_investigations, after, limit)


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
        after.tier,
        list(after.alleged_victims),
        after.counts_from,
        UUID(after.acceptance.by) if after.acceptance else None,
        after.acceptance.at if after.acceptance else None,
        after.alternative,
        UUID(after.assignment.to) if after.assignment else None,
        after.assignment.version if after.assignment else None,
        after.assignment.at if after.assignment else None,
    )
    if saved is None:
        raise RuntimeError(f"investigation {after.id}: version {after.version} does not follow the stored one")


async def refuse_contact(uow: UnitOfWork, investigation_id: UUID, by: str, recorded_at: datetime) -> None:
    """The contact that this person entered at this time does not count: nobody vouches for it."""
    await uow.execute(_sql.refuse_contact, investigation_id, by, recorded_at, uow.clock())


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


async def _found(uow: UnitOfWork, row: Row | None, asked: UUID) -> Investigation:
    if row is None:
        raise errors.not_found("investigation", asked)
    return await _investigation(uow, row)


async def _investigation(uow: UnitOfWork, row: Row) -> Investigation:
    contacts = await uow.fetch(_sql.contacts, row["investigation_id"], row["counts_from"])
    return Investigation(
        id=str(row["investigation_id"]),
        report_id=str(row["report_id"]),
        reference=row["reference"],
        office=row["office"],
        received_at=row["received_at"],
        opened_at=row["opened_at"],
        tier=row["tier"],
        alleged_victims=tuple(row["alleged_victims"]),
        alternative=row["alternative"],
        state=State(row["state"]),
        worker_id=str(row["worker_id"]) if row["worker_id"] else None,
        assignment=_assignment(row),
        acceptance=Acceptance(str(row["accepted_by"]), row["accepted_at"]) if row["accepted_by"] else None,
        contacts=tuple(Contact(c["child_id"], ContactResult(c["result"]), c["occurred_at"]) for c in contacts),
        finding=Finding(row["finding"]) if row["finding"] else None,
        closed_because=row["closed_because"],
        counts_from=row["counts_from"],
        version=row["version"],
    )


def _assignment(row: Row) -> Assignment | None:
    if row["assigned_to"] is None:
        return None
    return Assignment(str(row["assigned_to"]), row["assigned_version"], row["assigned_at"])
