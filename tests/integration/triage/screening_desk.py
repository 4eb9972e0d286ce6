"""What tests of triage do again and again: send a report, wait until triage has it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import grpc

from hotline.intake.v1 import intake_service_pb2 as intake
from hotline.triage.v1 import triage_service_pb2 as pb
from tests.reports import OFFICE, RANG, a_contact, a_report, at
from tests.services import TIMEOUT, eventually


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
