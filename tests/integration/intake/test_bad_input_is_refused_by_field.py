"""Bad input is refused as INVALID_ARGUMENT with the path of each field, and nothing of it is written."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import grpc
import pytest

from chassis.client import refusal_of
from chassis.errors import Code, Refusal
from hotline.intake.v1 import intake_service_pb2 as pb
from hotline.intake.v1 import intake_service_pb2_grpc as rpc
from hotline.type.v1 import type_pb2
from services.intake.__main__ import _DESCRIPTOR
from services.intake.api import ACCESS
from tests.reports import a_contact, a_report, at, key, screening_facts
from tests.services import TIMEOUT, RunningService

NOBODY = "00000000-0000-4000-8000-000000000000"


async def refused(call: Any, request: Any) -> Refusal:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await call(request, timeout=TIMEOUT)
    return refusal_of(error.value)


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"office": "Cook North"}, "office"),
        ({"channel": 0}, "channel"),
        ({"channel": 99}, "channel"),
        ({"received_at": None}, "received_at"),
        ({"received_at": at(datetime(1999, 12, 31, tzinfo=UTC))}, "received_at"),
        ({"received_at": at(datetime(2099, 1, 1, tzinfo=UTC))}, "received_at"),
        ({"idempotency_key": ""}, "idempotency_key"),
    ],
)
async def test_a_contact_with_a_wrong_field_is_refused(desk: Any, changed: dict[str, Any], path: str) -> None:
    refusal = await refused(desk.OpenContact, a_contact(**changed))
    assert refusal.code is Code.INVALID_ARGUMENT
    assert list(refusal.fields) == [path]


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"narrative": ""}, "narrative"),
        ({"narrative": "x" * 20_001}, "narrative"),
        ({"facts": None}, "facts"),
        ({"facts": pb.ScreeningFacts()}, "facts.children"),
        ({"facts": screening_facts({"reporter": "Robin Example"})}, "facts.report['reporter'].code"),
        ({"facts": screening_facts(None, (["PA2", "PA2"], {}))}, "facts.children[0].criteria"),
        (
            {"facts": screening_facts(None, (["PA2"], {"age_months": -1}))},
            "facts.children[0].facts['age_months'].number",
        ),
        ({"participants": [pb.Participant(id="c9", role=pb.Participant.ROLE_ALLEGED_VICTIM)]}, "participants[0].id"),
        ({"participants": [pb.Participant(id="a1", role=pb.Participant.ROLE_CAREGIVER)] * 2}, "participants"),
    ],
)
async def test_a_report_with_a_wrong_field_is_refused_and_nothing_is_written(
    desk: Any, database: Any, changed: dict[str, Any], path: str
) -> None:
    opened = await desk.OpenContact(a_contact(), timeout=TIMEOUT)
    request = a_report(opened.contact.contact_id, **changed)

    refusal = await refused(desk.SubmitReport, request)

    assert refusal.code is Code.INVALID_ARGUMENT
    assert refusal.reason == "INVALID_REQUEST"
    assert list(refusal.fields) == [path]
    assert await database.fetchval("SELECT count(*) FROM intake.report WHERE contact_id = $1", request.contact_id) == 0
    assert not await database.fetchval(
        "SELECT count(*) FROM chassis.idempotency WHERE key = $1", request.idempotency_key
    )


async def test_a_refused_call_may_be_mended_and_sent_again_under_its_key(desk: Any) -> None:
    opened = await desk.OpenContact(a_contact(), timeout=TIMEOUT)
    request = a_report(
        opened.contact.contact_id, participants=[pb.Participant(id="c9", role=pb.Participant.ROLE_ALLEGED_VICTIM)]
    )
    await refused(desk.SubmitReport, request)

    del request.participants[:]

    assert (await desk.SubmitReport(request, timeout=TIMEOUT)).reference


@pytest.mark.parametrize(
    ("call", "request_"),
    [
        ("SubmitReport", a_report(NOBODY)),
        (
            "CloseContact",
            pb.CloseContactRequest(idempotency_key=key(), contact_id=NOBODY, outcome=pb.CONTACT_OUTCOME_INFORMATION),
        ),
        (
            "RequestCallback",
            pb.RequestCallbackRequest(
                idempotency_key=key(), contact_id=NOBODY, caller_class=type_pb2.CALLER_CLASS_CITIZEN
            ),
        ),
        (
            "LeaveVoicemail",
            pb.LeaveVoicemailRequest(
                idempotency_key=key(), contact_id=NOBODY, staff_id=NOBODY, caller_class=type_pb2.CALLER_CLASS_CITIZEN
            ),
        ),
        ("GetContact", pb.GetContactRequest(contact_id=NOBODY)),
        ("GetReport", pb.GetReportRequest(report_id=NOBODY)),
        ("GetReport", pb.GetReportRequest(reference="0000-0000")),
    ],
)
async def test_what_is_not_there_is_not_found(desk: Any, call: str, request_: Any) -> None:
    refusal = await refused(getattr(desk, call), request_)
    assert (refusal.code, refusal.reason) == (Code.NOT_FOUND, "NOT_FOUND")


async def test_no_error_quotes_what_was_sent(desk: Any) -> None:
    wrong = screening_facts({"reporter": "Robin Example"})
    refusal = await refused(desk.SubmitReport, a_report(NOBODY, facts=wrong))
    assert "Robin" not in repr((refusal.message, refusal.fields, refusal.metadata))


async def test_text_with_a_zero_byte_is_refused_not_failed(desk: Any) -> None:
    opened = await desk.OpenContact(a_contact(), timeout=TIMEOUT)
    refusal = await refused(desk.SubmitReport, a_report(opened.contact.contact_id, narrative="It\0 happened."))
    assert refusal.code is Code.INVALID_ARGUMENT


def test_every_call_has_its_row_in_the_access_table() -> None:
    assert set(ACCESS) == {method.name for method in _DESCRIPTOR.methods}


@pytest.mark.parametrize("role", ["INVESTIGATOR", "SCREENER", "DIRECTOR", "ADMIN", "SERVICE"])
async def test_only_the_call_floor_and_its_supervisors_take_reports(intake: RunningService, role: str) -> None:
    async with intake.acting_as(role) as channel:
        refusal = await refused(rpc.IntakeServiceStub(channel).SubmitReport, a_report(NOBODY))
    assert (refusal.code, refusal.reason) == (Code.PERMISSION_DENIED, "ROLE_NOT_ALLOWED")


async def test_an_administrator_reads_no_report(intake: RunningService) -> None:
    async with intake.acting_as("ADMIN") as channel:
        refusal = await refused(rpc.IntakeServiceStub(channel).GetReport, pb.GetReportRequest(report_id=NOBODY))
    assert refusal.code is Code.PERMISSION_DENIED


async def test_a_caller_class_must_be_said(desk: Any) -> None:
    opened = await desk.OpenContact(a_contact(), timeout=TIMEOUT)
    request = pb.RequestCallbackRequest(
        idempotency_key=key(),
        contact_id=opened.contact.contact_id,
        caller_class=type_pb2.CALLER_CLASS_UNSPECIFIED,
        staff_id="nobody",
    )
    assert sorted((await refused(desk.RequestCallback, request)).fields) == ["caller_class", "staff_id"]
