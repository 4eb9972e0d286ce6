"""A contact comes in: the call floor opens it at the first ring, takes what the caller brings, and closes it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime

from chassis.clock import Clock
from chassis.contract import stamp
from hotline.intake.v1 import intake_service_pb2 as pb
from hotline.type.v1 import type_pb2
from scenarios.crew import Desk, persist
from scenarios.model import Child, Contact, Report, staff_id
from scenarios.seen import Brought

ReportOf = Callable[[str], Awaitable[str]]
"""Waits until the contact of this id has its report, and answers the report's id."""


@dataclass(frozen=True)
class Floor:
    """Who takes the contact, at which office, and how its calls are kept apart from those of other plays."""

    desk: Desk
    office: str
    key: str
    clock: Clock
    listen: Callable[[Report], Awaitable[None]]
    report_of: ReportOf


async def ring(contact: Contact, received_at: datetime, floor: Floor) -> AsyncIterator[Brought]:
    """Take the contact; yields what is known of it after each step, and raises the grpc error of a refusal."""
    opened = await persist(floor.desk.intake.OpenContact, _open(contact, received_at, floor))
    brought = Brought(opened.contact.contact_id, received_at)
    yield brought
    if contact.report:
        await floor.listen(contact.report)
        brought = await _submit(contact, contact.report, brought, floor)
    elif contact.callback:
        brought = await _request_callback(contact, brought, floor)
    elif contact.voicemail:
        brought = await _leave_voicemail(contact, brought, floor)
    elif contact.complaint:
        brought = await _file_complaint(contact, brought, floor)
    yield brought
    yield await _close(contact, brought, floor)


def _open(contact: Contact, received_at: datetime, floor: Floor) -> pb.OpenContactRequest:
    return pb.OpenContactRequest(
        idempotency_key=f"{floor.key}/open",
        channel=type_pb2.Channel.Value(f"CHANNEL_{contact.channel}"),
        office=floor.office,
        received_at=stamp(received_at),
        danger_now=pb.DangerNow.Value(f"DANGER_NOW_{contact.danger_now}"),
        caller_address=contact.caller.address,
        language=contact.language,
    )


async def _submit(contact: Contact, report: Report, brought: Brought, floor: Floor) -> Brought:
    request = pb.SubmitReportRequest(
        idempotency_key=f"{floor.key}/submit",
        contact_id=brought.contact_id,
        facts=await _facts(contact, report, floor.report_of),
        participants=[_participant(child) for child in report.children],
        narrative=report.narrative,
        interpreter_used=report.interpreter,
        reasonable_cause=[pb.ReasonableCause.Value(f"REASONABLE_CAUSE_{basis}") for basis in report.reasonable_cause],
    )
    if contact.reporter:
        request.reporter.CopyFrom(pb.Reporter(name=contact.reporter.name, contact=contact.reporter.contact))
    answer = await persist(floor.desk.intake.SubmitReport, request)
    return replace(brought, report_id=answer.report_id, reference=answer.reference, submitted_at=floor.clock())


async def _facts(contact: Contact, report: Report, report_of: ReportOf) -> pb.ScreeningFacts:
    facts = report_facts(contact)
    if report.duplicate_of:
        facts["duplicate_of"] = await report_of(report.duplicate_of)
    return pb.ScreeningFacts(
        report={name: _answer(value) for name, value in facts.items()},
        children=[
            pb.ChildFacts(
                id=child.id,
                criteria=child.criteria,
                facts={name: _answer(value) for name, value in child.answers.items()},
            )
            for child in report.children
        ],
    )


def report_facts(contact: Contact) -> dict[str, str | int]:
    """The facts about the report as a whole; who reports is one of them."""
    facts = dict(contact.report.facts) if contact.report else {}
    return facts | ({"reporter": contact.reporter.kind} if contact.reporter else {})


def _answer(value: str | int) -> pb.Answer:
    return pb.Answer(number=value) if isinstance(value, int) else pb.Answer(code=value)


def _participant(child: Child) -> pb.Participant:
    role = pb.Participant.ROLE_ALLEGED_VICTIM if child.criteria else pb.Participant.ROLE_CHILD
    return pb.Participant(id=child.id, role=role, name=child.name)


async def _request_callback(contact: Contact, brought: Brought, floor: Floor) -> Brought:
    assert contact.callback is not None
    request = pb.RequestCallbackRequest(
        idempotency_key=f"{floor.key}/callback",
        contact_id=brought.contact_id,
        urgent=contact.callback.urgent,
        caller_class=type_pb2.CallerClass.Value(f"CALLER_CLASS_{contact.caller.kind}"),
        staff_id=staff_id(contact.callback.to) if contact.callback.to else "",
        phone=contact.caller.address,
    )
    answer = await persist(floor.desk.intake.RequestCallback, request)
    return replace(brought, subject_id=answer.callback_id, reference=answer.reference)


async def _leave_voicemail(contact: Contact, brought: Brought, floor: Floor) -> Brought:
    assert contact.voicemail is not None
    request = pb.LeaveVoicemailRequest(
        idempotency_key=f"{floor.key}/voicemail",
        contact_id=brought.contact_id,
        staff_id=staff_id(contact.voicemail.to),
        caller_class=type_pb2.CallerClass.Value(f"CALLER_CLASS_{contact.caller.kind}"),
        recording_ref=f"recordings/{contact.id}",
    )
    answer = await persist(floor.desk.intake.LeaveVoicemail, request)
    return replace(brought, subject_id=answer.voicemail_id)


async def _file_complaint(contact: Contact, brought: Brought, floor: Floor) -> Brought:
    assert contact.complaint is not None
    request = pb.FileComplaintRequest(
        idempotency_key=f"{floor.key}/complaint",
        contact_id=brought.contact_id,
        about=pb.ComplaintAbout.Value(f"COMPLAINT_ABOUT_{contact.complaint.about}"),
        text=contact.complaint.text,
    )
    answer = await persist(floor.desk.intake.FileComplaint, request)
    return replace(brought, subject_id=answer.complaint_id, reference=answer.reference)


async def _close(contact: Contact, brought: Brought, floor: Floor) -> Brought:
    request = pb.CloseContactRequest(
        idempotency_key=f"{floor.key}/close",
        contact_id=brought.contact_id,
        outcome=pb.ContactOutcome.Value(f"CONTACT_OUTCOME_{contact.outcome}"),
        reason=contact.ends.reason if contact.ends else "",
    )
    closed = await persist(floor.desk.intake.CloseContact, request)
    if closed.callback_id:  # whoever gave up waiting is owed a call
        return replace(brought, subject_id=closed.callback_id, reference=closed.callback_reference)
    return brought
