"""What triage hears: reports submitted and amended, investigations that follow, contacts made, and who works here."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from chassis.consumer import Subscriptions
from chassis.contract import instant, word
from chassis.envelope import Envelope
from chassis.unit_of_work import UnitOfWork
from hotline.casework.v1 import casework_events_pb2 as casework
from hotline.intake.v1 import intake_events_pb2 as intake
from hotline.intake.v1 import intake_service_pb2 as contract
from hotline.type.v1 import type_pb2
from services.triage.commands import screening, training
from services.triage.model.decisions import Submission


def subscriptions(pack_at: screening.PackAt) -> Subscriptions:
    """What triage reads, and what it does with it."""

    async def submitted(fact: intake.ReportSubmitted, _: Envelope, uow: UnitOfWork) -> None:
        await screening.recommend(submission(fact), pack_at, uow)

    async def amended(fact: intake.ReportAmended, _: Envelope, uow: UnitOfWork) -> None:
        await screening.rescreen(amendment(fact), pack_at, uow)

    async def investigated(fact: casework.InvestigationOpened, _: Envelope, uow: UnitOfWork) -> None:
        await screening.note_investigation(UUID(fact.investigation_id), UUID(fact.report_id), uow)

    async def contacted(fact: casework.ContactRecorded, _: Envelope, uow: UnitOfWork) -> None:
        await screening.note_contact(UUID(fact.investigation_id), instant(fact.occurred_at), uow)

    async def registered(fact: casework.StaffRegistered, _: Envelope, uow: UnitOfWork) -> None:
        await training.register(fact.staff_id, list(fact.roles), fact.office, uow)

    return {
        "hotline.intake.report.v1": {
            intake.ReportSubmitted.DESCRIPTOR.full_name: submitted,
            intake.ReportAmended.DESCRIPTOR.full_name: amended,
        },
        "hotline.casework.investigation.v1": {
            casework.InvestigationOpened.DESCRIPTOR.full_name: investigated,
            casework.ContactRecorded.DESCRIPTOR.full_name: contacted,
        },
        "hotline.casework.staff.v1": {casework.StaffRegistered.DESCRIPTOR.full_name: registered},
    }


def submission(fact: intake.ReportSubmitted) -> Submission:
    """The report of a fact, its answers in the form screening reads."""
    return Submission(
        report_id=UUID(fact.report_id),
        reference=fact.reference,
        office=fact.office,
        received_at=instant(fact.received_at),
        facts=_facts(fact.facts),
        channel=word(type_pb2.Channel, fact.channel),
        language=fact.language,
        interpreter_used=fact.interpreter_used,
    )


def amendment(fact: intake.ReportAmended) -> Submission:
    """The later version of a report of a fact, with the clock of the first."""
    return Submission(
        report_id=UUID(fact.report_id),
        reference=fact.reference,
        office=fact.office,
        received_at=instant(fact.received_at),
        facts=_facts(fact.facts),
        channel=word(type_pb2.Channel, fact.channel),
        language=fact.language,
        interpreter_used=fact.interpreter_used,
        version=fact.version,
        amended_at=instant(fact.amended_at),
    )


def _facts(facts: contract.ScreeningFacts) -> dict[str, Any]:
    children = [{"id": c.id, "criteria": list(c.criteria), "facts": _answers(c.facts)} for c in facts.children]
    return {"report": _answers(facts.report), "children": children}


def _answers(answers: Any) -> dict[str, str | int]:
    return {name: _answer(answer) for name, answer in sorted(answers.items())}


def _answer(answer: contract.Answer) -> str | int:
    return answer.number if answer.HasField("number") else answer.code
