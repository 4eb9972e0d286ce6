"""What triage hears: a report was submitted."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from chassis.consumer import Subscriptions
from chassis.contract import instant
from chassis.envelope import Envelope
from chassis.unit_of_work import UnitOfWork
from hotline.intake.v1 import intake_events_pb2 as intake
from hotline.intake.v1 import intake_service_pb2 as contract
from services.triage import commands
from services.triage.model import Submission


def subscriptions(pack_at: commands.PackAt) -> Subscriptions:
    """What triage reads, and what it does with it."""

    async def report_submitted(fact: intake.ReportSubmitted, _envelope: Envelope, uow: UnitOfWork) -> None:
        await commands.recommend(submission(fact), pack_at, uow)

    return {"hotline.intake.report.v1": {intake.ReportSubmitted.DESCRIPTOR.full_name: report_submitted}}


def submission(fact: intake.ReportSubmitted) -> Submission:
    """The report of a fact, its answers in the form screening reads."""
    children = [{"id": c.id, "criteria": list(c.criteria), "facts": _answers(c.facts)} for c in fact.facts.children]
    return Submission(
        report_id=UUID(fact.report_id),
        reference=fact.reference,
        office=fact.office,
        received_at=instant(fact.received_at),
        facts={"report": _answers(fact.facts.report), "children": children},
    )


def _answers(answers: Any) -> dict[str, str | int]:
    return {name: _answer(answer) for name, answer in sorted(answers.items())}


def _answer(answer: contract.Answer) -> str | int:
    return answer.number if answer.HasField("number") else answer.code
