"""Intake's own database: rows to the model's values and back. Who called and who reports lies in the vault's tables."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

from chassis import errors
from chassis.queries import Queries
from chassis.unit_of_work import Row, UnitOfWork
from services.intake.model.callbacks import Callback, Voicemail
from services.intake.model.complaints import Complaint
from services.intake.model.contacts import Channel, Contact, ContactState, DangerNow, Outcome
from services.intake.model.references import reference_from
from services.intake.model.reports import (
    ChildFacts,
    Participant,
    ParticipantRole,
    ReasonableCause,
    Report,
    Reporter,
    ScreeningFacts,
)

# Two draws are alike once in billions; so many in a row are a broken source of ids.
_DRAWS = 20
_sql = Queries.load(Path(__file__).with_name("queries"))


async def add_contact(uow: UnitOfWork, contact: Contact, caller_address: str) -> None:
    """Keep a new contact, and apart from it who called, if that is known."""
    await uow.execute(
        _sql.add_contact,
        contact.id,
        contact.channel,
        contact.office,
        contact.received_at,
        contact.danger_now,
        contact.language,
        contact.state,
        contact.outcome,
        contact.reason,
        contact.closed_at,
        contact.version,
    )
    if caller_address:
        await uow.execute(_sql.add_caller, contact.id, caller_address)


async def contact(uow: UnitOfWork, contact_id: UUID) -> Contact:
    """The contact; refused as NOT_FOUND if there is none."""
    row = await uow.fetchrow(_sql.contact, contact_id)
    if row is None:
        raise errors.not_found("contact", contact_id)
    return _contact(row)


async def contact_to_change(uow: UnitOfWork, contact_id: UUID) -> Contact:
    """The contact, held until this transaction ends: nobody else changes it meanwhile."""
    await uow.execute(_sql.lock_contact, contact_id)
    return await contact(uow, contact_id)


async def close_contact(uow: UnitOfWork, contact: Contact) -> None:
    """Keep how a contact ended."""
    await uow.execute(
        _sql.close_contact,
        contact.id,
        contact.state,
        contact.outcome,
        contact.reason,
        contact.closed_at,
        contact.version,
    )


async def contacts(uow: UnitOfWork, *, office: str | None, open_only: bool, limit: int) -> list[Contact]:
    """Contacts, newest first; of one office or of all."""
    return [_contact(row) for row in await uow.fetch(_sql.contacts, office, open_only, limit)]


async def made_of(uow: UnitOfWork, contact_id: UUID) -> frozenset[Outcome]:
    """The outcomes of which something exists for this contact."""
    row = await uow.fetchrow(_sql.made_of_contact, contact_id)
    assert row is not None
    return frozenset(Outcome(name) for name, exists in row.items() if exists)


async def knows_caller(uow: UnitOfWork, contact_id: UUID) -> bool:
    """Whether it is known from where this contact came, so that somebody can call back."""
    return bool(await uow.fetchval(_sql.knows_caller, contact_id))


async def new_reference(uow: UnitOfWork) -> str:
    """A reference number that was never given before."""
    for _ in range(_DRAWS):
        given: str | None = await uow.fetchval(_sql.claim_reference, reference_from(uow.ids.new()))
        if given:
            return given
    raise RuntimeError(f"{_DRAWS} reference numbers in a row were taken: the source of ids repeats itself")


async def add_report(uow: UnitOfWork, report: Report, reporter: Reporter) -> None:
    """Keep a new report with its people, and apart from it who reports, if they said."""
    await uow.execute(
        _sql.add_report,
        report.id,
        report.reference,
        report.contact_id,
        report.recorded_at,
        _facts_as_json(report.facts),
        report.narrative,
        report.anonymous,
        report.interpreter_used,
        report.reasonable_cause,
        report.version,
    )
    await uow.execute_many(_sql.add_participant, _people(report))
    if not reporter.anonymous:
        await uow.execute(_sql.add_reporter, report.id, reporter.name, reporter.contact)


async def report(uow: UnitOfWork, report_id: UUID) -> Report:
    """The report; refused as NOT_FOUND if there is none."""
    row = await uow.fetchrow(_sql.report, report_id)
    if row is None:
        raise errors.not_found("report", report_id)
    return await _report(uow, row)


async def report_to_change(uow: UnitOfWork, report_id: UUID) -> Report:
    """The report, held until this transaction ends."""
    await uow.execute(_sql.lock_report, report_id)
    return await report(uow, report_id)


async def amend_report(uow: UnitOfWork, report: Report, new_people: int) -> None:
    """Keep the next version of a report that is held, and the version before it beside it."""
    await uow.execute(_sql.keep_version, report.id)
    await uow.execute(
        _sql.amend_report,
        report.id,
        report.recorded_at,
        _facts_as_json(report.facts),
        report.narrative,
        report.interpreter_used,
        report.reasonable_cause,
        report.version,
    )
    known = len(report.participants) - new_people
    await uow.execute_many(_sql.add_participant, _people(report)[known:])


async def earlier_version(uow: UnitOfWork, report: Report, version: int) -> Report:
    """The same report as it stood in an earlier version; refused as NOT_FOUND if there is no such version."""
    row = await uow.fetchrow(_sql.earlier_version, report.id, version)
    if row is None:
        raise errors.not_found("version of the report", version)
    return replace(
        report,
        recorded_at=row["recorded_at"],
        facts=_facts_from_json(row["facts"]),
        narrative=row["narrative"],
        interpreter_used=row["interpreter_used"],
        reasonable_cause=_reasonable_cause(row),
        version=row["version"],
    )


async def report_by_reference(uow: UnitOfWork, reference: str) -> Report:
    """The report with this reference number; refused as NOT_FOUND if there is none."""
    row = await uow.fetchrow(_sql.report_by_reference, reference)
    if row is None:
        raise errors.not_found("report", reference)
    return await _report(uow, row)


async def add_callback(uow: UnitOfWork, callback: Callback, phone: str) -> None:
    """Keep a callback, and apart from it the number to call, if one was given."""
    await uow.execute(
        _sql.add_callback,
        callback.id,
        callback.reference,
        callback.contact_id,
        callback.urgent,
        callback.caller_class,
        callback.staff_id,
        callback.version,
        callback.safe.start,
        callback.safe.end,
    )
    if phone:
        await uow.execute(_sql.add_callback_phone, callback.id, phone)


async def add_voicemail(uow: UnitOfWork, voicemail: Voicemail) -> None:
    """Keep a message that was left."""
    await uow.execute(
        _sql.add_voicemail,
        voicemail.id,
        voicemail.contact_id,
        voicemail.staff_id,
        voicemail.caller_class,
        voicemail.recording_ref,
        voicemail.version,
        voicemail.reason,
        voicemail.live_person_offered,
    )


async def add_complaint(uow: UnitOfWork, complaint: Complaint) -> None:
    """Keep a complaint."""
    await uow.execute(
        _sql.add_complaint,
        complaint.id,
        complaint.reference,
        complaint.contact_id,
        complaint.about,
        complaint.text,
        complaint.version,
        complaint.about_reference,
    )


def _contact(row: Row) -> Contact:
    return Contact(
        id=row["id"],
        channel=Channel(row["channel"]),
        office=row["office"],
        received_at=row["received_at"],
        danger_now=DangerNow(row["danger_now"]),
        language=row["language"],
        state=ContactState(row["state"]),
        outcome=Outcome(row["outcome"]) if row["outcome"] else None,
        reason=row["reason"],
        closed_at=row["closed_at"],
        interpreter_used=row["interpreter_used"],
        version=row["version"],
    )


async def _report(uow: UnitOfWork, row: Row) -> Report:
    people = await uow.fetch(_sql.participants, row["id"])
    return Report(
        id=row["id"],
        reference=row["reference"],
        contact_id=row["contact_id"],
        office=row["office"],
        channel=Channel(row["channel"]),
        language=row["language"],
        received_at=row["received_at"],
        recorded_at=row["recorded_at"],
        facts=_facts_from_json(row["facts"]),
        participants=tuple(Participant(p["id"], ParticipantRole(p["role"]), p["name"], p["address"]) for p in people),
        narrative=row["narrative"],
        anonymous=row["anonymous"],
        interpreter_used=row["interpreter_used"],
        reasonable_cause=_reasonable_cause(row),
        version=row["version"],
    )


def _reasonable_cause(row: Row) -> tuple[ReasonableCause, ...]:
    return tuple(map(ReasonableCause, row["reasonable_cause"]))


def _people(report: Report) -> list[tuple[Any, ...]]:
    return [(report.id, p.id, place, p.role, p.name, p.address) for place, p in enumerate(report.participants)]


def _facts_as_json(facts: ScreeningFacts) -> dict[str, Any]:
    children = [{"id": c.id, "criteria": list(c.criteria), "facts": dict(c.answers)} for c in facts.children]
    return {"report": dict(facts.report), "children": children}


def _facts_from_json(facts: dict[str, Any]) -> ScreeningFacts:
    children = (ChildFacts(c["id"], tuple(c["criteria"]), c["facts"]) for c in facts["children"])
    return ScreeningFacts(facts["report"], tuple(children))
