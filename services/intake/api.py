"""The calls of intake: a request becomes a command, what it made becomes the response."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from chassis.contract import instant, number, stamp, word
from chassis.database import Database
from chassis.identity import Role
from chassis.once import once
from chassis.unit_of_work import UnitOfWork
from hotline.intake.v1 import intake_service_pb2 as pb
from hotline.intake.v1 import intake_service_pb2_grpc as rpc
from hotline.type.v1 import type_pb2
from services.intake import commands, store
from services.intake.facts import facts_message
from services.intake.model.callbacks import CallerClass, SafeTime, VoicemailReason
from services.intake.model.complaints import About
from services.intake.model.contacts import Channel, Contact, DangerNow, Outcome
from services.intake.model.reports import (
    Amendment,
    Answer,
    ChildFacts,
    Participant,
    ParticipantRole,
    ReasonableCause,
    Report,
    Reporter,
    ScreeningFacts,
    Statement,
)

# Channels (telephone switch, mail gate) act as services; a report is a person's statement, taken by a person.
_TAKES_CONTACTS = frozenset({Role.INTAKE_SPECIALIST, Role.SUPERVISOR, Role.SERVICE})
_TAKES_REPORTS = frozenset({Role.INTAKE_SPECIALIST, Role.SUPERVISOR})
_READS_CONTACTS = frozenset(
    {Role.INTAKE_SPECIALIST, Role.SCREENER, Role.SUPERVISOR, Role.MANAGER, Role.DIRECTOR, Role.SERVICE}
)
_READS_REPORTS = frozenset(
    {Role.INTAKE_SPECIALIST, Role.SCREENER, Role.INVESTIGATOR, Role.SUPERVISOR, Role.MANAGER, Role.DIRECTOR}
)

ACCESS = {
    "OpenContact": _TAKES_CONTACTS,
    "CloseContact": _TAKES_CONTACTS,
    "SubmitReport": _TAKES_REPORTS,
    "AmendReport": _TAKES_REPORTS | {Role.SCREENER},
    "GetReport": _READS_REPORTS,
    "RequestCallback": _TAKES_CONTACTS,
    "LeaveVoicemail": _TAKES_CONTACTS,
    "FileComplaint": _TAKES_CONTACTS,
    "GetContact": _READS_CONTACTS,
    "ListContacts": _READS_CONTACTS,
}
"""Who may call what; a method without a row is refused to everybody."""

_LISTED_AT_ONCE = 100


class Intake(rpc.IntakeServiceServicer):
    """`hotline.intake.v1.IntakeService` on one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def OpenContact(self, request: pb.OpenContactRequest, context: Any) -> pb.OpenContactResponse:
        """A contact exists from its first ring."""
        command = commands.OpenContact(
            channel=Channel(word(type_pb2.Channel, request.channel)),
            office=request.office,
            received_at=instant(request.received_at),
            danger_now=DangerNow(word(pb.DangerNow, request.danger_now or pb.DANGER_NOW_NOT_ASKED)),
            caller_address=request.caller_address,
            language=request.language,
        )

        async def act(uow: UnitOfWork) -> pb.OpenContactResponse:
            return pb.OpenContactResponse(contact=_contact(await commands.open_contact(command, uow)))

        return await once(self._database, request, pb.OpenContactResponse, act)

    async def CloseContact(self, request: pb.CloseContactRequest, context: Any) -> pb.CloseContactResponse:
        """Every contact ends with an outcome and a reason."""
        outcome = Outcome(word(pb.ContactOutcome, request.outcome))

        async def act(uow: UnitOfWork) -> pb.CloseContactResponse:
            contact, owed = await commands.close_contact(UUID(request.contact_id), outcome, request.reason, uow)
            return pb.CloseContactResponse(
                contact=_contact(contact),
                callback_id=str(owed.id) if owed else "",
                callback_reference=owed.reference if owed else "",
            )

        return await once(self._database, request, pb.CloseContactResponse, act)

    async def SubmitReport(self, request: pb.SubmitReportRequest, context: Any) -> pb.SubmitReportResponse:
        """Once answered, the report is kept and on its way."""
        statement = _statement(request)

        async def act(uow: UnitOfWork) -> pb.SubmitReportResponse:
            report = await commands.submit_report(UUID(request.contact_id), statement, uow)
            return pb.SubmitReportResponse(report_id=str(report.id), reference=report.reference)

        return await once(self._database, request, pb.SubmitReportResponse, act)

    async def AmendReport(self, request: pb.AmendReportRequest, context: Any) -> pb.AmendReportResponse:
        """More is known: the next version, with every earlier one kept."""
        amendment = Amendment(
            facts=_facts(request.facts),
            new_participants=_participants(request.new_participants),
            narrative=request.narrative,
            interpreter_used=request.interpreter_used,
            reasonable_cause=_reasonable_cause(request.reasonable_cause),
        )

        async def act(uow: UnitOfWork) -> pb.AmendReportResponse:
            report = await commands.amend_report(UUID(request.report_id), request.version, amendment, uow)
            return pb.AmendReportResponse(report=_report(report))

        return await once(self._database, request, pb.AmendReportResponse, act)

    async def RequestCallback(self, request: pb.RequestCallbackRequest, context: Any) -> pb.RequestCallbackResponse:
        """A caller is owed a call."""
        command = commands.RequestCallback(
            contact_id=UUID(request.contact_id),
            urgent=request.urgent,
            caller_class=CallerClass(word(type_pb2.CallerClass, request.caller_class)),
            staff_id=UUID(request.staff_id) if request.staff_id else None,
            phone=request.phone,
            safe=SafeTime(_given(request, "safe_from"), _given(request, "safe_until")),
        )

        async def act(uow: UnitOfWork) -> pb.RequestCallbackResponse:
            callback = await commands.request_callback(command, uow)
            return pb.RequestCallbackResponse(callback_id=str(callback.id), reference=callback.reference)

        return await once(self._database, request, pb.RequestCallbackResponse, act)

    async def LeaveVoicemail(self, request: pb.LeaveVoicemailRequest, context: Any) -> pb.LeaveVoicemailResponse:
        """A message left for a person."""
        command = commands.LeaveVoicemail(
            contact_id=UUID(request.contact_id),
            staff_id=UUID(request.staff_id),
            caller_class=CallerClass(word(type_pb2.CallerClass, request.caller_class)),
            recording_ref=request.recording_ref,
            reason=VoicemailReason(word(pb.VoicemailReason, request.reason)) if request.reason else None,
            live_person_offered=request.live_person_offered,
        )

        async def act(uow: UnitOfWork) -> pb.LeaveVoicemailResponse:
            return pb.LeaveVoicemailResponse(voicemail_id=str((await commands.leave_voicemail(command, uow)).id))

        return await once(self._database, request, pb.LeaveVoicemailResponse, act)

    async def FileComplaint(self, request: pb.FileComplaintRequest, context: Any) -> pb.FileComplaintResponse:
        """A complaint, which is owed an answer."""
        about = About(word(pb.ComplaintAbout, request.about))

        async def act(uow: UnitOfWork) -> pb.FileComplaintResponse:
            complaint = await commands.file_complaint(
                UUID(request.contact_id), about, request.text, request.about_reference, uow
            )
            return pb.FileComplaintResponse(complaint_id=str(complaint.id), reference=complaint.reference)

        return await once(self._database, request, pb.FileComplaintResponse, act)

    async def GetReport(self, request: pb.GetReportRequest, context: Any) -> pb.GetReportResponse:
        """A report by its id or by its reference number, as people type it."""
        wanted = UUID(request.report_id) if request.HasField("report_id") else request.reference
        async with self._database.transaction() as uow:
            report = await commands.read_report(wanted, request.version or None, uow)
            return pb.GetReportResponse(report=_report(report))

    async def GetContact(self, request: pb.GetContactRequest, context: Any) -> pb.GetContactResponse:
        """One contact, without who called."""
        async with self._database.transaction() as uow:
            return pb.GetContactResponse(contact=_contact(await store.contact(uow, UUID(request.contact_id))))

    async def ListContacts(self, request: pb.ListContactsRequest, context: Any) -> pb.ListContactsResponse:
        """Contacts, newest first."""
        async with self._database.transaction() as uow:
            found = await store.contacts(
                uow,
                office=request.office or None,
                open_only=request.open_only,
                limit=request.limit or _LISTED_AT_ONCE,
            )
            return pb.ListContactsResponse(contacts=[_contact(contact) for contact in found])


def _given(request: pb.RequestCallbackRequest, field: Literal["safe_from", "safe_until"]) -> datetime | None:
    return instant(getattr(request, field)) if request.HasField(field) else None


def _statement(request: pb.SubmitReportRequest) -> Statement:
    return Statement(
        facts=_facts(request.facts),
        participants=_participants(request.participants),
        narrative=request.narrative,
        reporter=Reporter(request.reporter.name, request.reporter.contact),
        interpreter_used=request.interpreter_used,
        reasonable_cause=_reasonable_cause(request.reasonable_cause),
    )


def _reasonable_cause(bases: Iterable[pb.ReasonableCause.ValueType]) -> tuple[ReasonableCause, ...]:
    return tuple(ReasonableCause(word(pb.ReasonableCause, basis)) for basis in bases)


def _participants(people: Iterable[pb.Participant]) -> tuple[Participant, ...]:
    return tuple(
        Participant(p.id, ParticipantRole(word(pb.Participant.Role, p.role)), p.name, p.address) for p in people
    )


def _facts(facts: pb.ScreeningFacts) -> ScreeningFacts:
    children = (
        ChildFacts(c.id, tuple(c.criteria), {name: _answer(a) for name, a in c.facts.items()}) for c in facts.children
    )
    return ScreeningFacts({name: _answer(a) for name, a in facts.report.items()}, tuple(children))


def _answer(answer: pb.Answer) -> Answer:
    return answer.number if answer.HasField("number") else answer.code


def _contact(contact: Contact) -> pb.Contact:
    return pb.Contact(
        contact_id=str(contact.id),
        channel=number(type_pb2.Channel, contact.channel),
        office=contact.office,
        received_at=stamp(contact.received_at),
        danger_now=number(pb.DangerNow, contact.danger_now),
        state=number(pb.ContactState, contact.state),
        outcome=number(pb.ContactOutcome, contact.outcome),
        reason=contact.reason,
        interpreter_used=contact.interpreter_used,
        version=contact.version,
    )


def _report(report: Report) -> pb.Report:
    people = (
        pb.Participant(id=p.id, role=number(pb.Participant.Role, p.role), name=p.name, address=p.address)
        for p in report.participants
    )
    return pb.Report(
        report_id=str(report.id),
        reference=report.reference,
        contact_id=str(report.contact_id),
        office=report.office,
        channel=number(type_pb2.Channel, report.channel),
        received_at=stamp(report.received_at),
        recorded_at=stamp(report.recorded_at),
        facts=facts_message(report.facts),
        participants=people,
        narrative=report.narrative,
        anonymous=report.anonymous,
        reasonable_cause=[number(pb.ReasonableCause, basis) for basis in report.reasonable_cause],
        version=report.version,
    )
