"""From what the model holds to what the contract says, and back where a message holds a value of its own."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from chassis.contract import instant, number, stamp, word
from chassis.unit_of_work import Row
from hotline.casework.v1 import casework_service_pb2 as pb
from hotline.casework.v1 import promise_pb2
from hotline.type.v1 import type_pb2
from policy.canonical import canonical
from policy.packs import PackRef
from policy.promise import Owner, OwnerKind, Promise, Subject
from services.casework.commands.answering import OfficeReport
from services.casework.model.investigations import Investigation
from services.casework.promises import facts
from services.casework.promises.commands import Alarmed
from services.casework.promises.store import Message
from services.casework.store.calls import Caller
from services.casework.store.workforce import ContactMethod, Credential, Staff


class WithTier(Protocol):
    """A message that may name a tier."""

    @property
    def tier(self) -> type_pb2.Tier.ValueType: ...


def tier_of(message: WithTier) -> str | None:
    """The tier's code; None if it names none."""
    return word(type_pb2.Tier, message.tier) if message.tier else None


def owner_of(message: type_pb2.Owner) -> Owner:
    """The person or the queue."""
    if message.HasField("staff_id"):
        return Owner(OwnerKind.PERSON, str(UUID(message.staff_id)))
    return Owner(OwnerKind.QUEUE, message.queue)


def subject_of(message: promise_pb2.Subject) -> Subject:
    """What a promise is about."""
    return Subject(message.type, message.id)


def staff_of(message: pb.Staff) -> Staff:
    """A member of staff as a request gives one."""
    return Staff(
        staff_id=UUID(message.staff_id),
        name=message.name,
        email=message.email,
        roles=tuple(sorted(message.roles)),
        office=message.office,
        supervisor_id=UUID(message.supervisor_id) if message.supervisor_id else None,
        specialties=tuple(message.specialties),
        languages=tuple(message.languages),
        credentials=tuple(Credential(c.code, instant(c.expires_at)) for c in message.credentials),
    )


def staff(member: Staff, load: int = 0) -> pb.Staff:
    """A member of staff with the number of open investigations."""
    return pb.Staff(
        staff_id=str(member.staff_id),
        name=member.name,
        email=member.email,
        roles=member.roles,
        office=member.office,
        supervisor_id=str(member.supervisor_id or ""),
        load=load,
        specialties=member.specialties,
        languages=member.languages,
        credentials=[pb.Credential(code=c.code, expires_at=stamp(c.expires_at)) for c in member.credentials],
    )


def contact_method(method: ContactMethod) -> pb.ContactMethod:
    """One address of somebody."""
    return pb.ContactMethod(
        channel=number(pb.ContactChannel, method.channel),
        address=method.address,
        verified=method.verified_at is not None,
        code=method.code or "",
    )


def investigation(of: Investigation) -> pb.Investigation:
    """An investigation as it stands."""
    return pb.Investigation(
        investigation_id=of.id,
        report_id=of.report_id,
        reference=of.reference,
        office=of.office,
        received_at=stamp(of.received_at),
        opened_at=stamp(of.opened_at),
        tier=number(type_pb2.Tier, of.tier),
        state=number(pb.InvestigationState, of.state.value),
        worker_id=of.worker_id or "",
        alleged_victims=of.alleged_victims,
        contacted=of.contacted,
        finding=number(pb.Finding, of.finding.value if of.finding else None),
        alternative=of.alternative,
        version=of.version,
        assigned_version=of.given.version if of.given else 0,
        assigned_at=stamp(of.given.at if of.given else None),
    )


def promise(of: Promise, caller: Caller | None = None) -> promise_pb2.Promise:
    """A promise with its ladder on instants and its clock, and the caller it is owed to where it was looked up."""
    climbed = [rung.name for rung in of.timetable.rungs if rung.climbed == of.cycle]
    return promise_pb2.Promise(
        promise_id=str(of.id),
        kind=of.kind,
        subject=promise_pb2.Subject(type=of.subject.type, id=of.subject.id),
        reference=of.reference,
        owner=_owner(of.owner),
        office=of.office or "",
        tier=number(type_pb2.Tier, of.tier),
        received_at=stamp(of.received_at),
        due_at=stamp(of.due_at),
        pack=_pack(of.pack),
        rungs=[
            promise_pb2.PromiseRung(name=r.name, who=r.who.value, at=stamp(r.at), warning=r.warning)
            for r in of.timetable.rungs
        ],
        cycle=of.cycle,
        rung=climbed[-1] if climbed else "",
        clock=facts.clock(of),
        verdict=facts.verdict(of.closing) if of.closing else promise_pb2.VERDICT_UNSPECIFIED,
        caller_class=number(type_pb2.CallerClass, caller.caller_class if caller else None),
        safe_from=stamp(caller.safe_from) if caller else None,
        safe_until=stamp(caller.safe_until) if caller else None,
    )


def entry(row: Row) -> promise_pb2.PromiseEntry:
    """One line of a promise's timeline."""
    return promise_pb2.PromiseEntry(
        version=row["version"],
        recorded_at=stamp(row["recorded_at"]),
        occurred_at=stamp(row["occurred_at"]),
        event=row["event"],
        actor=row["actor"],
        detail_json=canonical(row["detail"]).decode(),
        trace_id=row["trace_id"] or "",
    )


def told(row: Row) -> promise_pb2.Told:
    """One person on one rung."""
    return promise_pb2.Told(
        staff_id=str(row["staff_id"]),
        rung=row["rung"],
        cycle=row["cycle"],
        climbed_at=stamp(row["climbed_at"]),
        told_at=stamp(row["told_at"]),
        key=row["key"],
        warning=row["warning"],
        why=row["why"],
        failed=row["failed"] or "",
        channel=row["channel"] or "",
    )


def alarmed(answer: Alarmed, caller: Caller | None = None) -> pb.ClimbRungResponse:
    """The answer to an alarm, always with the clock; whoever is told to call hears when that is safe."""
    return pb.ClimbRungResponse(
        outcome=number(pb.ClimbOutcome, answer.outcome),
        clock=facts.clock(answer.promise),
        notices=[_notice(answer.promise, message, caller) for message in answer.messages],
        nobody_left=answer.just_now,
        nobody_left_version=answer.nobody_left,
    )


def _notice(about: Promise, message: Message, caller: Caller | None) -> pb.Notice:
    return pb.Notice(
        key=message.key,
        staff_id=message.staff_id,
        promise_id=str(about.id),
        kind=about.kind,
        reference=about.reference,
        rung=message.rung,
        cycle=message.cycle,
        due_at=stamp(about.due_at),
        warning=message.warning,
        how=[number(pb.ContactChannel, channel) for channel in message.how],
        overdue=about.overdue,
        office=about.office or "",
        safe_from=stamp(caller.safe_from) if caller else None,
        safe_until=stamp(caller.safe_until) if caller else None,
    )


def office_report(office: str, report: OfficeReport) -> pb.GetOfficeReportResponse:
    """How an office keeps its word to those who call."""
    fared = report.answered
    return pb.GetOfficeReportResponse(
        office=office,
        returned=[
            pb.CallsReturned(
                kind=row["kind"],
                caller_class=number(type_pb2.CallerClass, row["caller_class"] or None),
                received=row["received"],
                kept=row["kept"],
                late=row["late"],
                missed=row["missed"],
                open=row["open"],
                void=row["void"],
            )
            for row in report.returned
        ],
        complaints=[
            pb.ComplaintLink(
                reference=row["reference"],
                about=row["about"],
                about_reference=row["about_reference"],
                promise_id=str(row["promise_id"] or ""),
                received_at=stamp(row["received_at"]),
            )
            for row in report.complaints
        ],
        answered=pb.CallsAnswered(
            calls=fared.calls,
            answered=fared.answered,
            abandoned=fared.abandoned,
            voicemail=fared.voicemail,
            not_offered=fared.not_offered,
            percent=fared.percent,
            target_percent=report.target_percent,
            voicemail_reasons={row["reason"]: row["calls"] for row in report.voicemail_reasons},
        ),
    )


def _owner(owner: Owner) -> type_pb2.Owner:
    if owner.kind is OwnerKind.PERSON:
        return type_pb2.Owner(staff_id=owner.id)
    return type_pb2.Owner(queue=owner.id)


def _pack(ref: PackRef) -> type_pb2.PackRef:
    return type_pb2.PackRef(id=ref.id, version=ref.version, sha256=ref.sha256)
