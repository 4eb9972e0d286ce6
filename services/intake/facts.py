"""What intake tells the others: references, codes and times; never a name, an address, or a word that was said."""

from __future__ import annotations

from typing import Any

from chassis.contract import number, stamp
from chassis.unit_of_work import UnitOfWork
from hotline.intake.v1 import intake_events_pb2 as events
from hotline.intake.v1 import intake_service_pb2 as pb
from hotline.type.v1 import type_pb2
from services.intake.model.callbacks import Callback, Voicemail
from services.intake.model.complaints import Complaint
from services.intake.model.contacts import Contact
from services.intake.model.reports import Answer, Report, ScreeningFacts


async def contact_opened(uow: UnitOfWork, contact: Contact) -> None:
    """Version 1 of a contact."""
    fact = events.ContactOpened(
        contact_id=str(contact.id),
        channel=number(type_pb2.Channel, contact.channel),
        office=contact.office,
        received_at=stamp(contact.received_at),
        danger_now=number(pb.DangerNow, contact.danger_now),
    )
    await uow.emit(fact, aggregate_type="intake.contact", aggregate_id=contact.id, sequence=contact.version)


async def contact_closed(uow: UnitOfWork, contact: Contact) -> None:
    """The last version of a contact."""
    fact = events.ContactClosed(
        contact_id=str(contact.id),
        outcome=number(pb.ContactOutcome, contact.outcome),
        closed_at=stamp(contact.closed_at),
    )
    await uow.emit(fact, aggregate_type="intake.contact", aggregate_id=contact.id, sequence=contact.version)


async def report_submitted(uow: UnitOfWork, report: Report) -> None:
    """A report, as far as screening needs it."""
    fact = events.ReportSubmitted(**_screened(report))
    await uow.emit(fact, aggregate_type="intake.report", aggregate_id=report.id, sequence=report.version)


async def report_amended(uow: UnitOfWork, report: Report) -> None:
    """A later version of a report, as far as screening needs it."""
    fact = events.ReportAmended(**_screened(report), amended_at=stamp(report.recorded_at), version=report.version)
    await uow.emit(fact, aggregate_type="intake.report", aggregate_id=report.id, sequence=report.version)


async def callback_requested(uow: UnitOfWork, callback: Callback) -> None:
    """A call that is owed; without a person, the office's call floor owes it."""
    if callback.staff_id:
        owner = type_pb2.Owner(staff_id=str(callback.staff_id))
    else:
        owner = type_pb2.Owner(queue=f"INTAKE_SPECIALIST:{callback.office}")
    fact = events.CallbackRequested(
        callback_id=str(callback.id),
        reference=callback.reference,
        contact_id=str(callback.contact_id),
        office=callback.office,
        urgent=callback.urgent,
        caller_class=number(type_pb2.CallerClass, callback.caller_class),
        owner=owner,
        received_at=stamp(callback.received_at),
        safe_from=stamp(callback.safe.start),
        safe_until=stamp(callback.safe.end),
    )
    await uow.emit(fact, aggregate_type="intake.callback", aggregate_id=callback.id, sequence=callback.version)


async def voicemail_left(uow: UnitOfWork, voicemail: Voicemail) -> None:
    """A message that waits to be heard."""
    fact = events.VoicemailLeft(
        voicemail_id=str(voicemail.id),
        contact_id=str(voicemail.contact_id),
        office=voicemail.office,
        staff_id=str(voicemail.staff_id),
        caller_class=number(type_pb2.CallerClass, voicemail.caller_class),
        received_at=stamp(voicemail.received_at),
        reason=number(pb.VoicemailReason, voicemail.reason),
        live_person_offered=voicemail.live_person_offered,
    )
    await uow.emit(fact, aggregate_type="intake.voicemail", aggregate_id=voicemail.id, sequence=voicemail.version)


async def complaint_filed(uow: UnitOfWork, complaint: Complaint) -> None:
    """A complaint that waits for its answer; never what was said."""
    fact = events.ComplaintFiled(
        complaint_id=str(complaint.id),
        reference=complaint.reference,
        contact_id=str(complaint.contact_id),
        office=complaint.office,
        about=number(pb.ComplaintAbout, complaint.about),
        received_at=stamp(complaint.received_at),
        about_reference=complaint.about_reference,
    )
    await uow.emit(fact, aggregate_type="intake.complaint", aggregate_id=complaint.id, sequence=complaint.version)


def _screened(report: Report) -> dict[str, Any]:
    """What every version of a report tells: the coded answers, and what replay splits figures by."""
    return {
        "report_id": str(report.id),
        "reference": report.reference,
        "contact_id": str(report.contact_id),
        "office": report.office,
        "channel": number(type_pb2.Channel, report.channel),
        "received_at": stamp(report.received_at),
        "facts": facts_message(report.facts),
        "interpreter_used": report.interpreter_used,
        "language": report.language,
    }


def facts_message(facts: ScreeningFacts) -> pb.ScreeningFacts:
    """Screening facts as the contract has them."""
    children = (
        pb.ChildFacts(id=c.id, criteria=c.criteria, facts={name: _answer(a) for name, a in c.answers.items()})
        for c in facts.children
    )
    return pb.ScreeningFacts(report={name: _answer(a) for name, a in facts.report.items()}, children=children)


def _answer(answer: Answer) -> pb.Answer:
    return pb.Answer(number=answer) if isinstance(answer, int) else pb.Answer(code=answer)
