"""Every process is killed at once while a promise's clock is stopped: afterwards it runs on, and rings on time."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from chassis.contract import instant, stamp
from deploy.local import status
from hotline.casework.v1 import casework_service_pb2 as casework
from hotline.casework.v1.casework_service_pb2_grpc import CaseworkServiceStub
from hotline.casework.v1.promise_pb2 import PROMISE_STATE_OPEN, PROMISE_STATE_PAUSED, Promise
from tests.faults import history
from tests.faults.floor import SUPERVISOR, TIMEOUT, Floor, climbed, floor
from tests.waiting import eventually

AHEAD = timedelta(seconds=60)
"""How far the supervisor's rung, ten minutes after receipt, lies ahead when the clock is stopped."""
STOPPED = timedelta(seconds=45)
RECOVERY = 300.0


async def stop_the_clock(platform: Floor, promise: Promise, until: datetime) -> Promise:
    """The caller has named a time."""
    async with platform.calling("casework", "SUPERVISOR", subject=SUPERVISOR) as channel:
        request = casework.PausePromiseRequest(
            idempotency_key=uuid4().hex,
            promise_id=promise.promise_id,
            reason="CALLER_CHOSE_LATER",
            until=stamp(until),
        )
        return (await CaseworkServiceStub(channel).PausePromise(request, timeout=TIMEOUT)).promise


async def rung_is_climbed(platform: Floor, promise: Promise, rung: str) -> casework.GetPromiseResponse:
    """Wait for it; the promise as it is then."""

    async def found() -> casework.GetPromiseResponse | None:
        (shown,) = await platform.shown([promise])
        return shown if rung in climbed(shown) else None

    answer: casework.GetPromiseResponse = await eventually(found, within=RECOVERY)
    return answer


def kill_everything(platform: Floor) -> None:
    """As when the machine loses its power."""
    current = status.read(platform.settings.folder)
    assert current is not None
    running = [process for part in current.parts if (process := status.process_of(part))]
    assert {"postgres", "temporal", "kafka", "workflows worker"} <= {part.name for part in current.parts if part.pid}
    for process in running:
        os.kill(process.pid, signal.SIGKILL)


@pytest.mark.timeout(900)
async def test_a_clock_that_was_stopped_while_everything_died_runs_on_and_its_ladder_resumes_on_time() -> None:
    async with floor() as platform:
        async with platform.up():
            await platform.hire()
            (promise,) = await platform.owe([datetime.now(UTC) - timedelta(minutes=10) + AHEAD])
            await rung_is_climbed(platform, promise, "owner")
            paused = await stop_the_clock(platform, promise, datetime.now(UTC) + STOPPED)
            assert paused.clock.state == PROMISE_STATE_PAUSED
            kill_everything(platform)
        async with platform.up():
            healthy = datetime.now(UTC)
            shown = await rung_is_climbed(platform, promise, "supervisor")
            assert shown.promise.clock.state == PROMISE_STATE_OPEN
            (rung,) = (rung for rung in shown.promise.rungs if rung.name == "supervisor")
            due, before = instant(rung.at), instant(promise.rungs[1].at)
            assert due - before == instant(shown.promise.due_at) - instant(promise.due_at)
            assert timedelta(0) < due - before <= STOPPED
            history.versions_follow(shown)
            # Late only if everything was still down when the rung fell due.
            history.climbed_in_time(shown, max(healthy - due, timedelta(0)), datetime.now(UTC))
