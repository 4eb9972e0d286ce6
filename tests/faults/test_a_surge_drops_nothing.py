"""Hundreds call within seconds: everyone who was answered is owed one call, and the worker hears of each once."""

from __future__ import annotations

from collections import defaultdict

import pytest

from hotline.notifications.v1 import notifications_service_pb2 as notifications
from tests.faults import history
from tests.faults.calls import call_in, deliveries, everybody_told, owed
from tests.faults.floor import floor
from tests.waiting import eventually

CALLERS = 300
FOLLOWS = 600.0
"""Seconds until everything has followed, on a machine that does other things too."""


@pytest.mark.timeout(1200)
async def test_in_a_surge_no_call_is_dropped_and_none_is_told_twice() -> None:
    """OnCall #3898: alerts were dropped under load."""
    async with floor() as platform, platform.up():
        await platform.hire()
        callbacks = await call_in(platform, CALLERS)

        async def all_told() -> bool:
            return everybody_told(await owed(platform, callbacks), CALLERS)

        await eventually(all_told, within=FOLLOWS)
        sent: dict[str, list[notifications.Delivery]] = defaultdict(list)
        for delivery in await deliveries(platform):
            sent[delivery.promise_id].append(delivery)
        found = await owed(platform, callbacks)
        history.once_each(callbacks, found)
        for shown in found:
            history.versions_follow(shown)
            history.told_once(shown, sent[shown.promise.promise_id])
