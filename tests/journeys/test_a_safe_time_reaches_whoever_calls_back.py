"""A caller names the time at which a call is safe: the mail to whoever owes the call says it first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy

import pytest

from chassis.contract import stamp
from deploy.local.infrastructure import addresses
from hotline.notifications.v1 import notifications_service_pb2 as notifications
from tests.faults.calls import call_in, deliveries
from tests.faults.floor import floor
from tests.waiting import eventually

FOLLOWS = 180.0
"""Seconds until the mail has gone out, on a machine that does other things too."""


@pytest.mark.timeout(600)
async def test_the_worker_is_told_in_the_mail_when_a_call_is_safe() -> None:
    safe_from = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=5)
    async with floor() as platform, platform.up():
        await platform.hire()
        await call_in(platform, 1, safe_from=stamp(safe_from), safe_until=stamp(safe_from + timedelta(minutes=5)))

        async def sent() -> notifications.Delivery | None:
            found = await deliveries(platform)
            return next((one for one in found if one.state == notifications.DELIVERY_STATE_SENT), None)

        delivery: notifications.Delivery = await eventually(sent, within=FOLLOWS)
        assert delivery.template == "CALL"
        kept = addresses(platform.settings).mail
        assert kept is not None
        mails = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in (kept / "new").iterdir()]
        (mail,) = [mail for mail in mails if mail["Message-ID"] == delivery.message_id]
        assert "safe to call" in mail["Subject"]
        assert "555-0100" not in mail.as_string(), "a number of a caller has left the platform"
