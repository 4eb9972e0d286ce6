"""SubmitReport is the only point of no return: one commit, once for its idempotency key."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest

from chassis.client import refusal_of
from chassis.errors import Code
from deploy.local.infrastructure import Addresses
from hotline.intake.v1 import intake_events_pb2 as events
from hotline.intake.v1 import intake_service_pb2 as pb
from tests.reports import OFFICE, RANG, a_contact, a_report
from tests.services import TIMEOUT, facts_about


async def open_contact(desk: Any, **changed: Any) -> str:
    opened = await desk.OpenContact(a_contact(**changed), timeout=TIMEOUT)
    contact_id: str = opened.contact.contact_id
    return contact_id


async def test_two_calls_with_one_key_make_one_report(desk: Any, database: Any) -> None:
    request = a_report(await open_contact(desk))

    first = await desk.SubmitReport(request, timeout=TIMEOUT)
    second = await desk.SubmitReport(request, timeout=TIMEOUT)

    assert first == second
    assert await database.fetchval("SELECT count(*) FROM intake.report WHERE contact_id = $1", request.contact_id) == 1
    assert await database.fetchval("SELECT count(*) FROM chassis.outbox WHERE aggregateid = $1", first.report_id) == 1


async def test_twenty_calls_at_once_with_one_key_make_one_report(desk: Any, database: Any) -> None:
    request = a_report(await open_contact(desk))

    answers = await asyncio.gather(*(desk.SubmitReport(request, timeout=TIMEOUT) for _ in range(20)))

    assert len({answer.reference for answer in answers}) == 1
    assert await database.fetchval("SELECT count(*) FROM intake.report WHERE contact_id = $1", request.contact_id) == 1


async def test_the_same_key_with_another_body_is_refused(desk: Any, database: Any) -> None:
    request = a_report(await open_contact(desk))
    await desk.SubmitReport(request, timeout=TIMEOUT)
    request.narrative += " And once before."

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await desk.SubmitReport(request, timeout=TIMEOUT)

    refusal = refusal_of(refused.value)
    assert (refusal.code, refusal.reason) == (Code.ALREADY_EXISTS, "IDEMPOTENCY_KEY_REUSED")
    assert await database.fetchval("SELECT count(*) FROM intake.report WHERE contact_id = $1", request.contact_id) == 1


async def test_report_people_reporter_fact_audit_and_key_are_one_transaction(desk: Any, database: Any) -> None:
    request = a_report(await open_contact(desk))
    report_id = (await desk.SubmitReport(request, timeout=TIMEOUT)).report_id

    transactions = await database.fetch(
        """
        SELECT 'report' AS row, xmin::text FROM intake.report WHERE id::text = $1
        UNION ALL SELECT 'person', xmin::text FROM intake.participant WHERE report_id::text = $1
        UNION ALL SELECT 'reporter', xmin::text FROM vault.reporter WHERE report_id::text = $1
        UNION ALL SELECT 'fact', (xact::text::bigint % 4294967296)::text FROM chassis.outbox WHERE aggregateid = $1
        UNION ALL SELECT 'audit', xmin::text FROM chassis.audit WHERE subject = $1 AND action = 'SubmitReport'
        UNION ALL SELECT 'key', xmin::text FROM chassis.idempotency WHERE key = $2
        """,
        report_id,
        request.idempotency_key,
    )

    assert sorted(row["row"] for row in transactions) == [
        "audit",
        "fact",
        "key",
        "person",
        "person",
        "report",
        "reporter",
    ]
    assert len({row["xmin"] for row in transactions}) == 1


async def test_the_fact_of_a_report_holds_all_that_screening_needs(desk: Any, stack: Addresses) -> None:
    request = a_report(await open_contact(desk), interpreter_used=True)
    submitted = await desk.SubmitReport(request, timeout=TIMEOUT)

    (record,) = await facts_about(stack, "hotline.intake.report.v1", submitted.report_id, 1)

    fact = events.ReportSubmitted.FromString(record.value or b"")
    assert (fact.report_id, fact.reference) == (submitted.report_id, submitted.reference)
    assert (fact.contact_id, fact.office, fact.interpreter_used) == (request.contact_id, OFFICE, True)
    assert fact.facts == request.facts
    headers = dict(record.headers)
    assert headers["ce_type"] == b"hotline.intake.v1.ReportSubmitted"
    assert headers["ce_sequence"] == b"1"


async def test_the_clocks_of_a_report_run_from_the_first_ring(desk: Any) -> None:
    submitted = await desk.SubmitReport(a_report(await open_contact(desk)), timeout=TIMEOUT)

    found = await desk.GetReport(pb.GetReportRequest(report_id=submitted.report_id), timeout=TIMEOUT)

    assert found.report.received_at.ToDatetime(RANG.tzinfo) == RANG
    assert found.report.recorded_at.ToDatetime(RANG.tzinfo) > RANG


async def test_what_reasonable_cause_rests_on_is_kept_with_every_version(desk: Any) -> None:
    """R016."""
    told = [pb.REASONABLE_CAUSE_CHILD_SAID]
    request = a_report(await open_contact(desk), reasonable_cause=told)
    submitted = await desk.SubmitReport(request, timeout=TIMEOUT)
    amendment = pb.AmendReportRequest(
        idempotency_key="seen since " + submitted.report_id,
        report_id=submitted.report_id,
        version=1,
        facts=request.facts,
        narrative=request.narrative,
        reasonable_cause=[*told, pb.REASONABLE_CAUSE_SIGNS],
    )
    amended = await desk.AmendReport(amendment, timeout=TIMEOUT)

    first = await desk.GetReport(pb.GetReportRequest(report_id=submitted.report_id, version=1), timeout=TIMEOUT)

    assert list(first.report.reasonable_cause) == told
    assert list(amended.report.reasonable_cause) == [*told, pb.REASONABLE_CAUSE_SIGNS]


async def test_a_basis_is_named_once_and_is_one_there_is(desk: Any) -> None:
    """R016."""
    for wrong in ([pb.REASONABLE_CAUSE_SIGNS] * 2, [pb.REASONABLE_CAUSE_UNSPECIFIED], [99]):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await desk.SubmitReport(a_report(await open_contact(desk), reasonable_cause=wrong), timeout=TIMEOUT)
        assert any("reasonable_cause" in field for field in refusal_of(refused.value).fields)


async def test_a_report_is_taken_although_its_contact_has_ended(desk: Any) -> None:
    contact_id = await open_contact(desk)
    close = pb.CloseContactRequest(
        idempotency_key="hung up " + contact_id, contact_id=contact_id, outcome=pb.CONTACT_OUTCOME_ABANDONED
    )
    await desk.CloseContact(close, timeout=TIMEOUT)

    assert (await desk.SubmitReport(a_report(contact_id), timeout=TIMEOUT)).reference
