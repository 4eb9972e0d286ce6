"""An urgent callback that nobody returns: whoever has proven a telephone is called, and who has none is mailed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from deploy.local.infrastructure import addresses
from hotline.casework.v1 import casework_service_pb2 as casework
from hotline.casework.v1 import workforce_service_pb2 as workforce
from hotline.casework.v1.casework_service_pb2 import CONTACT_CHANNEL_EMAIL, CONTACT_CHANNEL_VOICE
from hotline.casework.v1.workforce_service_pb2_grpc import WorkforceServiceStub
from hotline.notifications.v1 import notifications_service_pb2 as notifications
from tests.faults.calls import deliveries
from tests.faults.floor import MANAGER, SUPERVISOR, TIMEOUT, WORKER, Floor, floor
from tests.waiting import eventually

FOLLOWS = 180.0
"""Seconds until everybody has been told, on a machine that does other things too."""
NUMBERS = {SUPERVISOR: "+13125550142", MANAGER: "+13125550143"}


def calls(platform: Floor, number: str) -> list[Mapping[str, str]]:
    """What the telephone gateway was given for a number."""
    kept = addresses(platform.settings).phone
    assert kept is not None, "this test reads the embedded gateway's folder"
    made = [json.loads(file.read_text()) for file in (kept / "messages").glob("*.json")]
    return [call for call in made if call["number"] == number]


async def proves(platform: Floor, staff_id: str, role: str) -> None:
    """Somebody gives a number, is called with its code, and says it back."""
    number = NUMBERS[staff_id]
    async with platform.calling("casework", role, subject=staff_id) as channel:
        stub = WorkforceServiceStub(channel)
        given = workforce.SetContactMethodRequest(
            idempotency_key=uuid4().hex, staff_id=staff_id, channel=CONTACT_CHANNEL_VOICE, address=number
        )
        await stub.SetContactMethod(given, timeout=TIMEOUT, wait_for_ready=True)

        async def rang() -> list[Mapping[str, str]]:
            return calls(platform, number)

        (call,) = await eventually(rang, within=FOLLOWS)
        code = "".join(re.findall(r"[0-9]", call["text"]))
        proven = workforce.VerifyContactMethodRequest(
            idempotency_key=uuid4().hex, channel=CONTACT_CHANNEL_VOICE, code=code
        )
        assert (await stub.VerifyContactMethod(proven, timeout=TIMEOUT)).verified


@pytest.mark.timeout(900)
async def test_busy_goes_to_the_next_channel_at_once_and_who_has_no_telephone_is_mailed() -> None:
    """iris #546 on the whole platform: a busy line costs the manager no time, and the supervisor is called."""
    async with floor() as platform, platform.up():
        await platform.hire()
        await proves(platform, SUPERVISOR, "SUPERVISOR")
        await proves(platform, MANAGER, "MANAGER")
        (platform.settings.phone / "lines.json").write_text(json.dumps({NUMBERS[MANAGER]: "BUSY"}))
        (promise,) = await platform.owe([datetime.now(UTC) - timedelta(minutes=16)])

        async def told() -> dict[str, notifications.Delivery] | None:
            found = await deliveries(platform, promise.promise_id)
            sent = {one.staff_id: one for one in found if one.state == notifications.DELIVERY_STATE_SENT}
            return sent if sent.keys() >= {WORKER, SUPERVISOR, MANAGER} else None

        sent: dict[str, notifications.Delivery] = await eventually(told, within=FOLLOWS)
        assert {staff_id: sent[staff_id].channel for staff_id in (WORKER, SUPERVISOR, MANAGER)} == {
            WORKER: CONTACT_CHANNEL_EMAIL,
            SUPERVISOR: CONTACT_CHANNEL_VOICE,
            MANAGER: CONTACT_CHANNEL_EMAIL,
        }
        assert [(tries.answer, tries.attempts) for tries in sent[MANAGER].tries] == [("BUSY", 1), ("ACCEPTED", 1)]
        _, due = sorted(calls(platform, NUMBERS[SUPERVISOR]), key=lambda call: call["at"])
        assert "urgent call back was due" in due["text"]

        async def known() -> dict[str, str] | None:
            (shown,) = await platform.shown([promise])
            return told_by(shown) if {WORKER, SUPERVISOR, MANAGER} <= told_by(shown).keys() else None

        ledger: dict[str, str] = await eventually(known, within=FOLLOWS)
        assert (ledger[WORKER], ledger[SUPERVISOR], ledger[MANAGER]) == ("EMAIL", "VOICE", "EMAIL")
        said = await platform.hotline("promise", promise.promise_id)
        (row,) = (line for line in said.splitlines() if "Invented Supervisor" in line and "call OVERDUE" in line)
        assert "supervisor" in row


def told_by(shown: casework.GetPromiseResponse) -> dict[str, str]:
    """By which channel each person was told, of those who are known to have been."""
    return {told.staff_id: told.channel for told in shown.told if told.HasField("told_at")}
