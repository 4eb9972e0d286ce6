"""Contacts from the first ring to their outcome, and the calls that are owed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import grpc
import pytest

from chassis.client import refusal_of
from chassis.errors import Code
from deploy.local.infrastructure import Addresses
from hotline.intake.v1 import intake_events_pb2 as events
from hotline.intake.v1 import intake_service_pb2 as pb
from hotline.type.v1 import type_pb2
from tests.reports import OFFICE, RANG, a_contact, a_report, at, key
from tests.services import TIMEOUT, facts_about


async def opened(desk: Any, **changed: Any) -> Any:
    return (await desk.OpenContact(a_contact(**changed), timeout=TIMEOUT)).contact


async def closed(desk: Any, contact_id: str, outcome: pb.ContactOutcome.ValueType) -> Any:
    return (await closing(desk, contact_id, outcome)).contact


async def closing(desk: Any, contact_id: str, outcome: pb.ContactOutcome.ValueType) -> Any:
    request = pb.CloseContactRequest(idempotency_key=key(), contact_id=contact_id, outcome=outcome, reason="said so")
    return await desk.CloseContact(request, timeout=TIMEOUT)


async def callbacks_of(database: Any, contact_id: str) -> list[Any]:
    found: list[Any] = await database.fetch("SELECT * FROM intake.callback WHERE contact_id = $1", contact_id)
    return found


async def callback_fact(stack: Addresses, callback_id: str) -> events.CallbackRequested:
    (record,) = await facts_about(stack, "hotline.intake.callback.v1", callback_id, 1)
    return events.CallbackRequested.FromString(record.value or b"")


async def test_a_contact_has_an_id_before_anybody_has_answered(desk: Any) -> None:
    """R021."""
    contact = await opened(desk, danger_now=pb.DANGER_NOW_UNSPECIFIED, language="es")

    found = (await desk.GetContact(pb.GetContactRequest(contact_id=contact.contact_id), timeout=TIMEOUT)).contact

    assert found == contact
    assert (found.state, found.danger_now, found.version) == (pb.CONTACT_STATE_OPEN, pb.DANGER_NOW_NOT_ASKED, 1)


async def test_a_contact_tells_its_beginning_and_its_end(desk: Any, stack: Addresses) -> None:
    """R022."""
    contact = await opened(desk, channel=type_pb2.CHANNEL_TTY)
    ended = await closed(desk, contact.contact_id, pb.CONTACT_OUTCOME_INFORMATION)
    assert (ended.state, ended.outcome, ended.reason) == (
        pb.CONTACT_STATE_CLOSED,
        pb.CONTACT_OUTCOME_INFORMATION,
        "said so",
    )

    first, second = await facts_about(stack, "hotline.intake.contact.v1", contact.contact_id, 2)

    beginning = events.ContactOpened.FromString(first.value or b"")
    assert (beginning.channel, beginning.office) == (type_pb2.CHANNEL_TTY, OFFICE)
    assert beginning.received_at.ToDatetime(RANG.tzinfo) == RANG
    assert events.ContactClosed.FromString(second.value or b"").outcome == pb.CONTACT_OUTCOME_INFORMATION
    assert [dict(record.headers)["ce_sequence"] for record in (first, second)] == [b"1", b"2"]


async def test_a_contact_ends_once(desk: Any) -> None:
    contact = await opened(desk)
    await closed(desk, contact.contact_id, pb.CONTACT_OUTCOME_WRONG_NUMBER)
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await closed(desk, contact.contact_id, pb.CONTACT_OUTCOME_OTHER)
    refusal = refusal_of(error.value)
    assert (refusal.code, refusal.reason) == (Code.FAILED_PRECONDITION, "WRONG_STATE")


async def test_a_contact_ends_as_a_report_only_when_there_is_one(desk: Any) -> None:
    contact = await opened(desk)
    with pytest.raises(grpc.aio.AioRpcError, match="no REPORT yet"):
        await closed(desk, contact.contact_id, pb.CONTACT_OUTCOME_REPORT)

    await desk.SubmitReport(a_report(contact.contact_id), timeout=TIMEOUT)

    assert (await closed(desk, contact.contact_id, pb.CONTACT_OUTCOME_REPORT)).outcome == pb.CONTACT_OUTCOME_REPORT


async def test_a_report_closes_nothing_by_itself(desk: Any) -> None:
    contact = await opened(desk)
    await desk.SubmitReport(a_report(contact.contact_id, interpreter_used=True), timeout=TIMEOUT)
    found = (await desk.GetContact(pb.GetContactRequest(contact_id=contact.contact_id), timeout=TIMEOUT)).contact
    assert (found.state, found.interpreter_used) == (pb.CONTACT_STATE_OPEN, True)


async def test_whoever_gave_up_waiting_is_owed_a_call_at_once(desk: Any, database: Any, stack: Addresses) -> None:
    """R024."""
    contact = await opened(desk, caller_address="555 0142", danger_now=pb.DANGER_NOW_NOT_ASKED)
    answer = await closing(desk, contact.contact_id, pb.CONTACT_OUTCOME_ABANDONED)

    (callback,) = await callbacks_of(database, contact.contact_id)
    assert (answer.callback_id, answer.callback_reference) == (str(callback["id"]), callback["reference"])
    fact = await callback_fact(stack, answer.callback_id)

    assert (fact.urgent, fact.caller_class) == (False, type_pb2.CALLER_CLASS_CITIZEN)
    assert fact.owner.queue == f"INTAKE_SPECIALIST:{OFFICE}"
    assert fact.received_at.ToDatetime(RANG.tzinfo) == RANG


async def test_nobody_is_called_back_whose_number_is_unknown(desk: Any, database: Any) -> None:
    contact = await opened(desk)
    answer = await closing(desk, contact.contact_id, pb.CONTACT_OUTCOME_ABANDONED)
    assert not answer.callback_id
    assert not await callbacks_of(database, contact.contact_id)


@pytest.mark.parametrize(
    ("urgent", "caller", "expected"),
    [
        (False, type_pb2.CALLER_CLASS_CITIZEN, False),
        (True, type_pb2.CALLER_CLASS_COURT, True),
        (False, type_pb2.CALLER_CLASS_SUPERIOR, True),
    ],
)
async def test_urgent_calls_and_calls_from_superiors_are_urgent(
    desk: Any, stack: Addresses, urgent: bool, caller: type_pb2.CallerClass.ValueType, expected: bool
) -> None:
    """R080."""
    contact, staff = await opened(desk), str(uuid4())
    request = pb.RequestCallbackRequest(
        idempotency_key=key(),
        contact_id=contact.contact_id,
        urgent=urgent,
        caller_class=caller,
        staff_id=staff,
        phone="555 0143",
    )
    callback = await desk.RequestCallback(request, timeout=TIMEOUT)

    fact = await callback_fact(stack, callback.callback_id)

    assert (fact.urgent, fact.caller_class, fact.owner.staff_id) == (expected, caller, staff)
    assert fact.reference == callback.reference


async def test_a_message_is_left_for_a_person(desk: Any, stack: Addresses) -> None:
    """R026, R027, R082: with the reason why no person took the call, and whether one was offered."""
    contact, staff = await opened(desk), str(uuid4())
    request = pb.LeaveVoicemailRequest(
        idempotency_key=key(),
        contact_id=contact.contact_id,
        staff_id=staff,
        caller_class=type_pb2.CALLER_CLASS_COURT,
        recording_ref="recordings/1",
        reason=pb.VOICEMAIL_REASON_UNINTERRUPTED_WORK,
        live_person_offered=True,
    )
    voicemail_id = (await desk.LeaveVoicemail(request, timeout=TIMEOUT)).voicemail_id

    (record,) = await facts_about(stack, "hotline.intake.voicemail.v1", voicemail_id, 1)

    fact = events.VoicemailLeft.FromString(record.value or b"")
    assert (fact.contact_id, fact.staff_id, fact.office) == (contact.contact_id, staff, OFFICE)
    assert fact.received_at.ToDatetime(RANG.tzinfo) == RANG
    assert (fact.reason, fact.live_person_offered) == (pb.VOICEMAIL_REASON_UNINTERRUPTED_WORK, True)


async def test_a_caller_says_when_it_is_safe_to_call(desk: Any, stack: Addresses) -> None:
    contact = await opened(desk)
    request = pb.RequestCallbackRequest(
        idempotency_key=key(),
        contact_id=contact.contact_id,
        caller_class=type_pb2.CALLER_CLASS_CLIENT,
        safe_from=at(RANG + timedelta(hours=2)),
        safe_until=at(RANG + timedelta(hours=3)),
    )

    callback = await desk.RequestCallback(request, timeout=TIMEOUT)

    fact = await callback_fact(stack, callback.callback_id)
    assert (fact.safe_from, fact.safe_until) == (request.safe_from, request.safe_until)


async def test_a_complaint_is_kept_and_tells_no_word_of_what_was_said(desk: Any, stack: Addresses) -> None:
    """R088: with the number of the call that it is about."""
    contact = await opened(desk)
    asked = pb.RequestCallbackRequest(
        idempotency_key=key(), contact_id=contact.contact_id, caller_class=type_pb2.CALLER_CLASS_CLIENT
    )
    owed = await desk.RequestCallback(asked, timeout=TIMEOUT)
    request = pb.FileComplaintRequest(
        idempotency_key=key(),
        contact_id=contact.contact_id,
        about=pb.COMPLAINT_ABOUT_UNRETURNED_CALL,
        text="Mrs. Zebulon has never called me back.",
        about_reference=owed.reference,
    )
    filed = await desk.FileComplaint(request, timeout=TIMEOUT)
    ended = await closed(desk, contact.contact_id, pb.CONTACT_OUTCOME_COMPLAINT)

    (record,) = await facts_about(stack, "hotline.intake.complaint.v1", filed.complaint_id, 1)

    fact = events.ComplaintFiled.FromString(record.value or b"")
    assert (fact.reference, fact.office, fact.about) == (filed.reference, OFFICE, pb.COMPLAINT_ABOUT_UNRETURNED_CALL)
    assert fact.received_at.ToDatetime(RANG.tzinfo) == RANG
    assert fact.about_reference == owed.reference
    assert b"Zebulon" not in (record.value or b"")
    assert ended.outcome == pb.CONTACT_OUTCOME_COMPLAINT


async def test_contacts_are_listed_newest_first_by_office_and_state(desk: Any) -> None:
    office = f"office-{uuid4().hex[:8]}"
    ids = [
        (await opened(desk, office=office, received_at=at(RANG + timedelta(minutes=m)))).contact_id for m in (2, 0, 1)
    ]
    await closed(desk, ids[0], pb.CONTACT_OUTCOME_OTHER)

    async def listed(**asked: Any) -> list[str]:
        answer = await desk.ListContacts(pb.ListContactsRequest(office=office, **asked), timeout=TIMEOUT)
        return [contact.contact_id for contact in answer.contacts]

    assert await listed() == [ids[0], ids[2], ids[1]]
    assert await listed(limit=1) == [ids[0]]
    assert await listed(open_only=True) == [ids[2], ids[1]]
