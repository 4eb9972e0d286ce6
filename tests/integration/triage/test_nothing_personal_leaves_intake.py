"""A canary name in every field that may hold one: it stands in intake's database, and nowhere else."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from chassis.topics import TOPICS
from deploy.local.infrastructure import Addresses
from hotline.intake.v1 import intake_service_pb2 as pb
from hotline.type.v1 import type_pb2
from tests.integration.triage.screening_desk import decision_on
from tests.reports import a_contact, a_report, key
from tests.services import TIMEOUT, RunningService, facts_about, records

CANARY = "Canarybird"
PEOPLE = [
    pb.Participant(id="c1", role=pb.Participant.ROLE_ALLEGED_VICTIM, name=CANARY, address=f"1 {CANARY} Lane"),
]


async def test_no_name_number_address_or_narrative_is_on_any_topic_or_in_any_log(
    desk: Any, screener: Any, stack: Addresses, intake: RunningService, triage: RunningService, database: Any
) -> None:
    """hrm #1083: personal data stood in logs."""
    contact_id = (await desk.OpenContact(a_contact(caller_address=CANARY), timeout=TIMEOUT)).contact.contact_id
    told = a_report(
        contact_id,
        participants=PEOPLE,
        narrative=f"{CANARY} was seen.",
        reporter=pb.Reporter(name=CANARY, contact=CANARY),
    )
    report_id = (await desk.SubmitReport(told, timeout=TIMEOUT)).report_id
    callback_id = await _ask_for_a_callback(desk, contact_id)
    voicemail_id = await _leave_a_message(desk, contact_id)
    await _fail_in_every_way(desk, told)
    close = pb.CloseContactRequest(
        idempotency_key=key(), contact_id=contact_id, outcome=pb.CONTACT_OUTCOME_REPORT, reason=CANARY
    )
    await desk.CloseContact(close, timeout=TIMEOUT)
    await decision_on(screener, report_id)

    await facts_about(stack, "hotline.intake.contact.v1", contact_id, 2)
    await facts_about(stack, "hotline.intake.callback.v1", callback_id, 1)
    await facts_about(stack, "hotline.intake.voicemail.v1", voicemail_id, 1)
    await facts_about(stack, "hotline.triage.decision.v1", report_id, 1)
    everything = await records(stack, *(topic.name for topic in TOPICS))

    assert everything
    canary = CANARY.encode()
    assert not [
        r.topic for r in everything if canary in (r.value or b"") or canary in b"".join(v for _, v in r.headers)
    ]
    for service in (intake, triage):
        log = service.log.read_text()
        assert '"event": "serving"' in log
        assert CANARY not in log
    assert not await database.fetchval("SELECT count(*) FROM triage.decision d WHERE strpos(d::text, $1) > 0", CANARY)


async def test_the_canary_would_be_seen(desk: Any) -> None:
    """The test above searches for something that is really there to be found."""
    contact_id = (await desk.OpenContact(a_contact(), timeout=TIMEOUT)).contact.contact_id
    report = await desk.SubmitReport(a_report(contact_id, participants=PEOPLE), timeout=TIMEOUT)
    found = await desk.GetReport(pb.GetReportRequest(report_id=report.report_id), timeout=TIMEOUT)
    assert CANARY.encode() in found.SerializeToString()


async def _ask_for_a_callback(desk: Any, contact_id: str) -> str:
    request = pb.RequestCallbackRequest(
        idempotency_key=key(), contact_id=contact_id, caller_class=type_pb2.CALLER_CLASS_CITIZEN, phone=CANARY
    )
    callback_id: str = (await desk.RequestCallback(request, timeout=TIMEOUT)).callback_id
    return callback_id


async def _leave_a_message(desk: Any, contact_id: str) -> str:
    request = pb.LeaveVoicemailRequest(
        idempotency_key=key(),
        contact_id=contact_id,
        staff_id="00000000-0000-4000-8000-000000000007",
        caller_class=type_pb2.CALLER_CLASS_CITIZEN,
        recording_ref=CANARY,
    )
    voicemail_id: str = (await desk.LeaveVoicemail(request, timeout=TIMEOUT)).voicemail_id
    return voicemail_id


async def _fail_in_every_way(desk: Any, told: pb.SubmitReportRequest) -> None:
    """By the contract, by the model, by the key, and in the database: each refusal is logged by somebody one day."""
    wrong_facts = pb.SubmitReportRequest()
    wrong_facts.CopyFrom(told)
    wrong_facts.facts.report["reporter"].code = f"{CANARY} itself"
    stranger = pb.SubmitReportRequest()
    stranger.CopyFrom(told)
    stranger.idempotency_key = key()
    stranger.participants.add(id="c9", role=pb.Participant.ROLE_ALLEGED_VICTIM, name=CANARY)
    another_body = pb.SubmitReportRequest()
    another_body.CopyFrom(told)
    another_body.narrative += CANARY
    unstorable = pb.SubmitReportRequest()
    unstorable.CopyFrom(told)
    unstorable.idempotency_key = key()
    unstorable.narrative = f"{CANARY}\0"
    for request in (wrong_facts, stranger, another_body, unstorable):
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await desk.SubmitReport(request, timeout=TIMEOUT)
        assert CANARY not in str(error.value)
