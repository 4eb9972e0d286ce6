"""A report is found by its reference number, however it came over the line (R028), and every reading is audited."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import grpc
import pytest

from chassis.client import refusal_of
from hotline.intake.v1 import intake_service_pb2 as pb
from hotline.intake.v1 import intake_service_pb2_grpc as rpc
from tests.reports import a_contact, a_report
from tests.services import TIMEOUT, RunningService


@pytest.fixture(scope="module")
async def submitted(desk: Any) -> tuple[pb.SubmitReportRequest, pb.SubmitReportResponse]:
    contact_id = (await desk.OpenContact(a_contact(), timeout=TIMEOUT)).contact.contact_id
    request = a_report(contact_id)
    return request, await desk.SubmitReport(request, timeout=TIMEOUT)


async def found_by(desk: Any, reference: str) -> pb.Report:
    report: pb.Report = (await desk.GetReport(pb.GetReportRequest(reference=reference), timeout=TIMEOUT)).report
    return report


@pytest.mark.parametrize(
    "typed",
    [
        lambda given: given,
        lambda given: given.lower(),
        lambda given: given.replace("-", ""),
        lambda given: given.replace("-", " "),
        lambda given: given.replace("0", "O").replace("1", "l"),
        lambda given: "-".join(given.replace("-", "")),
    ],
)
async def test_a_report_is_found_however_its_reference_is_typed(desk: Any, submitted: Any, typed: Any) -> None:
    _, response = submitted
    assert (await found_by(desk, typed(response.reference))).report_id == response.report_id


async def test_a_wrong_symbol_finds_no_other_report_but_says_what_is_wrong(desk: Any, submitted: Any) -> None:
    _, response = submitted
    first = "Z" if response.reference[0] != "Z" else "Y"
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await found_by(desk, first + response.reference[1:])
    assert list(refusal_of(error.value).fields) == ["reference"]


async def test_a_report_is_given_back_as_it_was_told_without_its_reporter(desk: Any, submitted: Any) -> None:
    request, response = submitted
    report = await found_by(desk, response.reference)
    assert report.facts == request.facts
    assert list(report.participants) == list(request.participants)
    assert report.narrative == request.narrative
    assert not report.anonymous
    assert "Robin" not in str(report)
    assert "555" not in str(report)


async def test_a_reporter_may_stay_anonymous(desk: Any, database: Any) -> None:
    """R012, R014."""
    contact_id = (await desk.OpenContact(a_contact(), timeout=TIMEOUT)).contact.contact_id
    response = await desk.SubmitReport(a_report(contact_id, reporter=None), timeout=TIMEOUT)
    assert (await found_by(desk, response.reference)).anonymous
    assert not await database.fetchval(
        "SELECT count(*) FROM vault.reporter WHERE report_id::text = $1", response.report_id
    )


async def test_every_reading_of_a_report_leaves_its_trace(
    intake: RunningService, database: Any, submitted: Any
) -> None:
    """R105."""
    _, response = submitted
    reader = uuid4()
    async with intake.acting_as("INVESTIGATOR", subject=reader) as channel:
        await found_by(rpc.IntakeServiceStub(channel), response.reference)
    rows = await database.fetch("SELECT action, subject FROM chassis.audit WHERE actor = $1", str(reader))
    assert [tuple(row) for row in rows] == [("GetReport", response.report_id)]
