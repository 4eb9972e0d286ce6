"""What tests of triage do again and again: send a report, wait until triage has it, act on it as somebody."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest

from chassis.client import refusal_of
from chassis.errors import Refusal
from hotline.intake.v1 import intake_service_pb2 as intake
from hotline.triage.v1 import triage_service_pb2 as pb
from hotline.triage.v1 import triage_service_pb2_grpc as rpc
from tests.reports import A_FRIGHTENED_CHILD, OFFICE, RANG, a_contact, a_report, at, key, screening_facts
from tests.services import TIMEOUT, RunningService
from tests.waiting import eventually


async def submitted(desk: Any, *, office: str = OFFICE, rang: datetime = RANG, **changed: Any) -> str:
    """The id of a report that was just submitted."""
    contact = await desk.OpenContact(a_contact(office=office, received_at=at(rang)), timeout=TIMEOUT)
    report: intake.SubmitReportResponse = await desk.SubmitReport(
        a_report(contact.contact.contact_id, **changed), timeout=TIMEOUT
    )
    return report.report_id


async def decision_on(screener: Any, report_id: str) -> pb.Decision:
    """The decision on a report, as soon as triage has heard of it."""

    async def known() -> pb.Decision | None:
        try:
            answer = await screener.GetDecision(pb.GetDecisionRequest(report_id=report_id), timeout=TIMEOUT)
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.NOT_FOUND:
                return None
            raise
        decision: pb.Decision = answer.decision
        return decision

    return await eventually(known)


LONG = "The alleged person moved out in May and the grandmother, who lives there now, was spoken to twice today."
"""A reason that is long enough for less urgency."""
MINOR: dict[str, str | int] = A_FRIGHTENED_CHILD | {"severity": 1, "afraid_to_go_home": "NO"}
"""Answers that make a T2, by line P10."""
NOTHING_ALLEGED = screening_facts({"reporter": "PERMISSIVE"}, ([], {"danger_now": "NO", "age_months": 90}))
"""The pack screens it out, and no rule of the pack reviews that."""


@dataclass(frozen=True)
class Person:
    """Somebody at triage: `do` is one call of theirs, `refused` one that must fail."""

    service: RunningService
    role: str
    id: UUID = field(default_factory=uuid4)

    async def do(self, method: str, request: Any) -> Any:
        async with self.service.acting_as(self.role, subject=self.id) as channel:
            return await getattr(rpc.TriageServiceStub(channel), method)(request, timeout=TIMEOUT)

    async def refused(self, method: str, request: Any) -> Refusal:
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await self.do(method, request)
        return refusal_of(error.value)

    async def decide(self, method: str, decision: pb.Decision, **given: Any) -> pb.Decision:
        """The decision that such a call makes of this one."""
        answer: pb.Decision = (await self.do(method, acting_on(method, decision, **given))).decision
        return answer

    async def sees(self, report_id: str) -> pb.Decision:
        answer: pb.Decision = (await self.do("GetDecision", pb.GetDecisionRequest(report_id=report_id))).decision
        return answer

    async def history(self, report_id: str) -> pb.GetHistoryResponse:
        answer: pb.GetHistoryResponse = await self.do("GetHistory", pb.GetHistoryRequest(report_id=report_id))
        return answer


def acting_on(method: str, decision: pb.Decision, **given: Any) -> Any:
    """The request of a call that acts on a decision as it was seen."""
    request = getattr(pb, f"{method}Request")
    known: dict[str, Any] = {"idempotency_key": key(), "report_id": decision.report_id, "version": decision.version}
    fields = request.DESCRIPTOR.fields_by_name
    return request(**{name: value for name, value in (known | given).items() if name in fields or name in given})
