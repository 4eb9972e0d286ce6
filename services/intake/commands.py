"""What intake does: one function a command, each in one transaction with its fact and its audit row.

The unit of work carries the clock and the source of ids; the actor stands in the audit row.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from chassis import errors
from chassis.errors import Reason
from chassis.unit_of_work import UnitOfWork
from services.intake import facts, store
from services.intake.model import callbacks, complaints, contacts, reports
from services.intake.model.callbacks import AT_ANY_TIME, Callback, CallerClass, SafeTime, Voicemail, VoicemailReason
from services.intake.model.complaints import About, Complaint
from services.intake.model.contacts import Channel, Contact, DangerNow, Outcome
from services.intake.model.references import reference_typed
from services.intake.model.reports import Amendment, Report, Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenContact:
    """Somebody reaches the hotline. `caller_address` is the number or address that called, empty if unknown."""

    channel: Channel
    office: str
    received_at: datetime
    danger_now: DangerNow
    caller_address: str = field(repr=False)
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestCallback:
    """A caller is to be called back, at `phone` if they said where; `staff_id` None leaves it to the call floor."""

    contact_id: UUID
    urgent: bool
    caller_class: CallerClass
    staff_id: UUID | None
    phone: str = field(repr=False)
    safe: SafeTime = AT_ANY_TIME


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveVoicemail:
    """A caller left a message for a person."""

    contact_id: UUID
    staff_id: UUID
    caller_class: CallerClass
    recording_ref: str = field(repr=False)
    reason: VoicemailReason | None = None
    live_person_offered: bool = False


async def open_contact(command: OpenContact, uow: UnitOfWork) -> Contact:
    """Keep a contact from its first ring, even if nobody gets to answer it (R021)."""
    contact = contacts.opened(
        contact_id=uow.ids.new(),
        channel=command.channel,
        office=command.office,
        received_at=command.received_at,
        danger_now=command.danger_now,
        language=command.language,
        at=uow.clock(),
    )
    await store.add_contact(uow, contact, command.caller_address)
    await facts.contact_opened(uow, contact)
    await uow.audit("OpenContact", contact.id, {"channel": contact.channel, "office": contact.office})
    return contact


async def close_contact(
    contact_id: UUID, outcome: Outcome, reason: str, uow: UnitOfWork
) -> tuple[Contact, Callback | None]:
    """End a contact with an outcome and a reason (R022), and owe a call to whoever gave up waiting (R024)."""
    contact = await store.contact_to_change(uow, contact_id)
    made = await store.made_of(uow, contact_id)
    contact = contacts.closed(contact, outcome, reason, made=made, at=uow.clock())
    await store.close_contact(uow, contact)
    await facts.contact_closed(uow, contact)
    await uow.audit("CloseContact", contact.id, {"outcome": outcome})
    if not callbacks.is_owed_after(contact, address_known=await store.knows_caller(uow, contact_id), made=made):
        return contact, None
    reference = await store.new_reference(uow)
    callback = callbacks.after_hanging_up(contact, callback_id=uow.ids.new(), reference=reference)
    return contact, await _owe(callback, "", uow)


async def submit_report(contact_id: UUID, statement: Statement, uow: UnitOfWork) -> Report:
    """Take a report: once this transaction has committed, it is kept and on its way."""
    contact = await store.contact(uow, contact_id)
    report = reports.submitted(
        contact,
        statement,
        report_id=uow.ids.new(),
        reference=await store.new_reference(uow),
        at=uow.clock(),
    )
    await store.add_report(uow, report, statement.reporter)
    await uow.follow("intake.contact", contact.id)
    await facts.report_submitted(uow, report)
    await uow.audit("SubmitReport", report.id, {"reference": report.reference, "anonymous": report.anonymous})
    return report


async def amend_report(report_id: UUID, seen_version: int, amendment: Amendment, uow: UnitOfWork) -> Report:
    """Take what is known of a report now; every earlier version is kept (R038). ABORTED if it has changed since."""
    report = await store.report_to_change(uow, report_id)
    if report.version != seen_version:
        message = "the report was amended since it was read: read it again, then amend it"
        raise errors.aborted(Reason.CONFLICT, message, version=str(report.version))
    report = reports.amended(report, amendment, at=uow.clock())
    await store.amend_report(uow, report, len(amendment.new_participants))
    await facts.report_amended(uow, report)
    await uow.audit("AmendReport", report.id, {"version": report.version})
    return report


async def request_callback(command: RequestCallback, uow: UnitOfWork) -> Callback:
    """Owe a caller a call (R080, R081)."""
    contact = await store.contact(uow, command.contact_id)
    callback = callbacks.requested(
        contact,
        callback_id=uow.ids.new(),
        reference=await store.new_reference(uow),
        urgent=command.urgent,
        caller_class=command.caller_class,
        staff_id=command.staff_id,
        safe=command.safe,
    )
    return await _owe(callback, command.phone, uow)


async def leave_voicemail(command: LeaveVoicemail, uow: UnitOfWork) -> Voicemail:
    """Owe a caller that the message they left is heard (R082-R084)."""
    contact = await store.contact(uow, command.contact_id)
    voicemail = callbacks.left(
        contact,
        voicemail_id=uow.ids.new(),
        staff_id=command.staff_id,
        caller_class=command.caller_class,
        recording_ref=command.recording_ref,
        reason=command.reason,
        live_person_offered=command.live_person_offered,
    )
    await store.add_voicemail(uow, voicemail)
    await facts.voicemail_left(uow, voicemail)
    await uow.audit("LeaveVoicemail", voicemail.id, {"caller_class": voicemail.caller_class})
    return voicemail


async def file_complaint(contact_id: UUID, about: About, text: str, about_reference: str, uow: UnitOfWork) -> Complaint:
    """Take a complaint; it is owed an answer (R088)."""
    complaint = complaints.filed(
        await store.contact(uow, contact_id),
        complaint_id=uow.ids.new(),
        reference=await store.new_reference(uow),
        about=about,
        text=text,
        about_reference=reference_typed(about_reference) if about_reference else "",
    )
    await store.add_complaint(uow, complaint)
    await facts.complaint_filed(uow, complaint)
    await uow.audit("FileComplaint", complaint.id, {"about": about, "reference": complaint.reference})
    return complaint


async def read_report(wanted: UUID | str, version: int | None, uow: UnitOfWork) -> Report:
    """A report by its id, or by its reference number as somebody typed it, as it is or as it was in a version.

    Reading it leaves an audit row (R105).
    """
    if isinstance(wanted, UUID):
        report = await store.report(uow, wanted)
    else:
        report = await store.report_by_reference(uow, reference_typed(wanted))
    if version is not None and version != report.version:
        report = await store.earlier_version(uow, report, version)
    await uow.audit("GetReport", report.id, {"version": report.version})
    return report


async def _owe(callback: Callback, phone: str, uow: UnitOfWork) -> Callback:
    await store.add_callback(uow, callback, phone)
    await facts.callback_requested(uow, callback)
    await uow.audit("RequestCallback", callback.id, {"urgent": callback.urgent, "reference": callback.reference})
    return callback
