"""Where nobody on a ladder can be told, somebody hears of it all the same: at once, once, and whatever was lost."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from uuid import UUID, uuid4

from hotline.casework.v1 import casework_service_pb2 as casework
from hotline.casework.v1.promise_pb2 import Promise
from tests.waiting import eventually
from tests.workflows.conftest import DEADLINE, Office, keep_history
from tests.workflows.test_long_life import building, registered, versioned
from workflows import TASK_QUEUE, upgrade
from workflows.messages import Alarm, PromiseClock
from workflows.promise import PromiseWorkflow

__all__ = ["versioned"]

LAST_RESORT = ""


async def escalate(office: Office, promise: Promise) -> None:
    """The supervisor wants the top of the ladder told now."""
    request = casework.EscalateToRequest(
        idempotency_key=uuid4().hex, promise_id=promise.promise_id, rung=promise.rungs[-1].name
    )
    supervisor = await office.person(office.people.supervisor, "SUPERVISOR")
    await supervisor.EscalateTo(request, timeout=DEADLINE)


async def called(office: Office, promise: Promise, template: str, times: int = 1) -> None:
    """Wait until the last resort was asked for so often."""

    async def reached() -> bool:
        return (await office.told(promise, template))[LAST_RESORT] >= times

    await eventually(reached)
    assert (await office.told(promise, template))[LAST_RESORT] == times


async def answered(office: Office, promise: Promise) -> bool:
    """Whether the ledger has answered since it fell silent."""
    return (await office.known(promise)).silent_since is None


async def test_an_escalation_that_meets_nobody_has_the_last_resort_told_at_once(empty_office: Office) -> None:
    """The ladder's next instant is hours ahead."""
    office = empty_office
    await office.hire(office.people.worker, "INVESTIGATOR")
    promise = await office.promise(kind="CALLBACK_STANDARD")
    async with office.working():
        await office.carry()
        await office.until_told(promise, office.people.worker)
        await escalate(office, promise)
        await office.carry()
        await called(office, promise, "NOBODY_LEFT")
        await office.alarm(promise).signal(PromiseWorkflow.wake)
        await office.keep(promise, office.people.worker, "INVESTIGATOR")
        await office.carry()
        await office.alarm(promise).result()
    assert await office.told(promise, "NOBODY_LEFT") == Counter({LAST_RESORT: 1})
    await keep_history(office, office.alarm(promise), "promise-nobody-left")


async def test_a_call_for_help_that_one_run_could_not_make_is_made_by_the_next(
    versioned: Office,
) -> None:
    """Notifications is away when nobody is left, and is back when newer code has taken the alarm over."""
    office, old, new = versioned, f"old-{uuid4().hex[:8]}", f"new-{uuid4().hex[:8]}"
    for person, role, _ in office.people.placed():
        away = casework.RecordAbsenceRequest(idempotency_key=uuid4().hex, staff_id=person)
        away.starts_at.GetCurrentTime()
        away.ends_at.GetCurrentTime()
        away.ends_at.seconds += 7 * 24 * 3600
        await (await office.person(person, role)).RecordAbsence(away, timeout=DEADLINE)
    await office.notifications.stop()
    async with building(office, old):
        await registered(office.client, old)
        promise = await office.promise(kind="CALLBACK_STANDARD")
        await office.carry()
        alarm = office.alarm(promise)

        async def calls_in_vain() -> bool:
            pending = (await alarm.describe()).raw_description.pending_activities
            return any(activity.activity_type.name == "call_for_help" for activity in pending)

        await eventually(calls_in_vain)
        async with building(office, new):
            await registered(office.client, new)
            assert await upgrade.upgrade(office.client, new, a_second=100) == 1
            await office.notifications.start()
            await called(office, promise, "NOBODY_LEFT")
            await keep_history(office, alarm, "promise-called-for-help-by-its-next-run")


async def test_each_silence_of_the_ledger_has_the_last_resort_told_though_the_alarm_was_lost_in_between(
    office: Office,
) -> None:
    promise = await office.promise()
    await office.casework.stop()
    alarm = Alarm(PromiseClock(promise.promise_id), patience=2.0)
    async with office.working():
        for silence in (1, 2):
            handle = await office.client.start_workflow(
                PromiseWorkflow.run, alarm, id=f"promise/{promise.promise_id}", task_queue=TASK_QUEUE
            )
            await called(office, promise, "LAST_RESORT", silence)
            await handle.terminate("its store is lost")


async def test_a_ledger_that_was_silent_when_the_alarm_was_woken_is_asked_until_it_answers(office: Office) -> None:
    """Nothing falls due for hours."""
    promise = await office.promise(kind="CALLBACK_STANDARD")
    async with office.working():
        await office.carry()
        await office.until_told(promise, office.people.worker)
        await office.casework.stop()
        await office.alarm(promise).signal(PromiseWorkflow.wake)
        await called(office, promise, "LAST_RESORT")
        silent_since: datetime | None = (await office.known(promise)).silent_since
        assert silent_since
        await office.casework.start()
        await eventually(lambda: answered(office, promise))
    assert (await office.told(promise, "LAST_RESORT")) == Counter({LAST_RESORT: 1})
    await keep_history(office, office.alarm(promise), "promise-ledger-silent-when-woken")


async def test_what_notifications_has_forgotten_is_told_it_again_on_a_wake(office: Office) -> None:
    """Its database was restored to before it accepted the message, which has not gone out."""
    promise = await office.promise(kind="CALLBACK_STANDARD")
    async with office.working():
        await office.carry()
        await office.until_told(promise, office.people.worker)
        async with office.notifications.database.transaction() as uow:
            await uow.execute("DELETE FROM notification WHERE promise_id = $1", UUID(promise.promise_id))
        assert not await office.told(promise)
        await office.alarm(promise).signal(PromiseWorkflow.wake)
        await office.until_told(promise, office.people.worker)
    await keep_history(office, office.alarm(promise), "promise-told-anew-when-woken")
