"""The alarm of a promise, on the real Temporal, with the real ledger and real notifications behind it."""

from __future__ import annotations

import asyncio
import json
import signal
from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from temporalio.client import WorkflowExecutionStatus

from chassis.contract import instant, stamp
from hotline.casework.v1 import casework_service_pb2 as casework
from hotline.casework.v1.promise_pb2 import Promise
from policy import lateness
from tests.waiting import eventually
from tests.workflows.conftest import DEADLINE, Office, keep_history
from workflows import TASK_QUEUE
from workflows.messages import Alarm, PromiseClock
from workflows.promise import NEXT_INSTANT, PromiseWorkflow

# An alarm may be late by this much, in seconds, on a machine that runs everything at once.
LATE = 30.0
LAST_RESORT = ""


def ladder(office: Office) -> list[str]:
    """Who is told, rung by rung."""
    people = office.people
    return [people.worker, people.supervisor, people.manager, people.director]


async def listed_for(office: Office, promise: Promise) -> datetime | None:
    """The instant for which Temporal lists the alarm."""
    return (await office.alarm(promise).describe()).typed_search_attributes.get(NEXT_INSTANT)


async def ended(office: Office, promise: Promise) -> bool:
    return (await office.alarm(promise).describe()).status is not WorkflowExecutionStatus.RUNNING


async def test_a_promise_nobody_acts_on_climbs_each_rung_at_its_instant(office: Office) -> None:
    async with office.working():
        promise = await office.promise()
        await office.carry()
        await office.until_told(promise, *ladder(office))
        shown = await office.shown(promise)
        climbed = {told.rung: instant(told.climbed_at) for told in shown.told}
        for rung in promise.rungs:
            late = (climbed[rung.name] - instant(rung.at)).total_seconds()
            assert 0 <= late < LATE, f"the {rung.name} rung was climbed {late} s after its instant"
        await office.keep(promise, office.people.director, "DIRECTOR")
        await office.carry()
        await office.alarm(promise).result()
    await keep_history(office, office.alarm(promise), "promise-just-made-climbed-to-the-director")


async def test_a_promise_kept_in_time_ends_its_alarm_and_nobody_else_is_told(office: Office) -> None:
    promise = await office.promise(kind="CALLBACK_STANDARD")
    async with office.working():
        await office.carry()
        await office.until_told(promise, office.people.worker)
        await office.keep(promise, office.people.worker, "INVESTIGATOR")
        await office.carry()
        await office.alarm(promise).result()
    assert await office.told(promise) == Counter(ladder(office)[:1])
    await keep_history(office, office.alarm(promise), "promise-kept-in-time")


async def test_a_promise_that_was_just_made_is_listed_for_its_first_instant_and_asks_nothing_before(
    office: Office,
) -> None:
    promise = await office.promise(received_at=stamp(datetime.now(UTC) + timedelta(hours=1)))
    async with office.working():
        await office.carry()

        async def asleep() -> bool:
            return "timer_started_event_attributes" in await happened(office, promise)

        await eventually(asleep)
    assert await listed_for(office, promise) == instant(promise.clock.next_instant)
    assert await asked(office, promise) == 0
    await keep_history(office, office.alarm(promise), "promise-just-made")


async def test_what_an_alarm_brings_about_it_is_not_told_a_second_time(office: Office) -> None:
    """The ledger's answer says it; the fact of the same climb costs the alarm nothing."""
    promise = await office.promise()
    async with office.working():
        await office.carry()
        await office.until_told(promise, *ladder(office))
        await office.carry()
        assert (await office.shown(promise)).promise.clock.version > 1
        assert "workflow_execution_signaled_event_attributes" not in await happened(office, promise)


async def test_the_last_rung_repeats_while_nobody_keeps_the_promise(office: Office) -> None:
    promise = await office.promise()
    director = office.people.director
    async with office.working():
        await office.carry()

        async def told_three_times() -> bool:
            return (await office.told(promise, "OVERDUE"))[director] >= 3

        await eventually(told_three_times)
        assert not await ended(office, promise)
    told = await office.told(promise)
    assert [told[person] for person in ladder(office)[:-1]] == [1, 1, 1]


async def test_lost_facts_are_harmless(office: Office) -> None:
    """Only the first fact arrives: the ladder is climbed all the same, and the closed promise ends its alarm."""
    async with office.working():
        promise = await office.promise()
        await office.carry()
        await office.until_told(promise, *ladder(office)[:2])
        await office.keep(promise, office.people.supervisor, "SUPERVISOR")
        await asyncio.wait_for(office.alarm(promise).result(), 30)
    # Whoever stood on no rung before it was kept hears nothing of it.
    assert set(await office.told(promise)) <= {told.staff_id for told in (await office.shown(promise)).told}


async def test_repeated_and_reordered_facts_are_harmless(office: Office) -> None:
    promise = await office.promise()
    async with office.working():
        await office.carry()
        await office.until_told(promise, *ladder(office)[:2])
        facts = await office.facts("casework.promise")
        await office.carry([*reversed(facts), *facts, *facts])
        await office.until_told(promise, *ladder(office))
        newest = (await office.facts("casework.promise"))[-1][0].sequence
        assert (await office.known(promise)).clock.version >= newest
    told = await office.told(promise)
    assert [told[person] for person in ladder(office)[:-1]] == [1, 1, 1]


async def test_a_ledger_restored_to_an_earlier_time_is_asked_once_and_decides(office: Office) -> None:
    """A fact of what the ledger has lost comes on: the alarm goes by what the ledger says now."""
    promise = await office.promise(kind="CALLBACK_STANDARD")
    async with office.working():
        await office.carry()
        await office.until_told(promise, office.people.worker)
        kept = (await office.shown(promise)).promise.clock
        lost = PromiseClock(promise.promise_id, kept.version + 5, datetime.now(UTC))
        climbs = await asked(office, promise)
        await office.alarm(promise).signal(PromiseWorkflow.clock, lost)

        async def goes_by_the_ledger() -> bool:
            return (await office.known(promise)).clock.version == kept.version

        await eventually(goes_by_the_ledger)
        assert (await office.known(promise)).clock.next_instant == instant(kept.next_instant)
        assert await asked(office, promise) == climbs + 1


async def happened(office: Office, promise: Promise) -> set[str]:
    """The kinds of what stands in the alarm's history."""
    history = await office.alarm(promise).fetch_history()
    return {event.WhichOneof("attributes") or "" for event in history.events}


async def asked(office: Office, promise: Promise) -> int:
    """How often the alarm has asked the ledger."""
    history = await office.alarm(promise).fetch_history()
    scheduled = (event.activity_task_scheduled_event_attributes.activity_type.name for event in history.events)
    return sum(name == "climb_rung" for name in scheduled)


async def test_whom_a_delegation_names_is_told_though_no_rung_is_due(office: Office) -> None:
    promise = await office.promise(kind="CALLBACK_STANDARD")
    people = office.people
    async with office.working():
        await office.carry()
        await office.until_told(promise, people.worker)
        request = casework.DelegatePromiseRequest(
            idempotency_key=uuid4().hex, promise_id=promise.promise_id, to_staff_id=people.second
        )
        supervisor = await office.person(people.supervisor, "SUPERVISOR")
        await supervisor.DelegatePromise(request, timeout=DEADLINE)
        await office.carry()
        await office.until_told(promise, people.second)
    assert await office.told(promise) == Counter([people.worker, people.second])
    await keep_history(office, office.alarm(promise), "promise-delegated")


async def test_a_clock_that_stands_still_climbs_no_rung_and_goes_on_where_it_was_when_it_runs_again(
    office: Office,
) -> None:
    promise = await office.promise()
    stopped = await office.stop_the_clock(promise, until=datetime.now(UTC) + timedelta(hours=1))
    async with office.working():
        await office.carry()

        async def armed_for_its_end() -> bool:
            return await listed_for(office, promise) == instant(stopped.clock.next_instant)

        await eventually(armed_for_its_end)
        assert await office.told(promise) == Counter()
        resumed_at = datetime.now(UTC)
        await office.resume(promise)
        await office.carry()
        await office.until_told(promise, *ladder(office))
        shown = await office.shown(promise)
        climbed = {told.rung: instant(told.climbed_at) for told in shown.told}
        assert min(climbed.values()) >= resumed_at
        # The last rung's own instant moves on with each repetition.
        assert all(climbed[rung.name] >= instant(rung.at) for rung in shown.promise.rungs[:-1])
        await office.keep(promise, office.people.director, "DIRECTOR")
        await office.carry()
        await office.alarm(promise).result()
    await keep_history(office, office.alarm(promise), "promise-stopped-and-resumed")


async def test_a_worker_killed_in_the_middle_of_a_ladder_is_followed_by_one_that_goes_on(office: Office) -> None:
    promise = await office.promise()
    async with office.process("worker") as first:
        await office.carry()
        await office.until_told(promise, *ladder(office)[:2])
        first.send_signal(signal.SIGKILL)
        assert await first.wait() == -signal.SIGKILL
        told = (await office.told(promise))[office.people.director]

    async def goes_on() -> bool:
        return (await office.told(promise))[office.people.director] > told

    async with office.process("worker") as second:
        await eventually(goes_on)
        second.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(second.wait(), 45) == 0
    everybody = await office.told(promise)
    assert [everybody[person] for person in ladder(office)[:-1]] == [1, 1, 1]


async def test_a_rung_that_fell_due_while_the_ledger_was_away_says_that_it_was_climbed_late(office: Office) -> None:
    """R113: the alarm asks the same question until it is answered; the ledger records when that was."""
    promise = await office.promise()
    away = 6.0
    async with office.working():
        await office.casework.stop()
        await office.client.start_workflow(
            PromiseWorkflow.run,
            Alarm(PromiseClock(promise.promise_id), patience=60.0),
            id=f"promise/{promise.promise_id}",
            task_queue=TASK_QUEUE,
        )
        await asyncio.sleep(away)
        await office.casework.start()
        await office.until_told(promise, office.people.worker)
    await office.keep(promise, office.people.worker, "INVESTIGATOR")
    wanted = casework.GetCertificateRequest(promise_id=promise.promise_id)
    signed = json.loads((await (await office.service()).GetCertificate(wanted, timeout=DEADLINE)).certificate_json)
    reasons = lateness.reasons(signed["body"], {}, datetime.now(UTC))
    late = [reason.late.total_seconds() for reason in reasons if reason.code == "ALARM_LATE"]
    assert late
    assert late[0] > away


async def test_a_ledger_that_falls_silent_has_the_last_resort_told_once_and_is_asked_again(office: Office) -> None:
    promise = await office.promise()
    await office.casework.stop()
    alarm = Alarm(PromiseClock(promise.promise_id), patience=5.0)
    async with office.working():
        await office.client.start_workflow(
            PromiseWorkflow.run, alarm, id=f"promise/{promise.promise_id}", task_queue=TASK_QUEUE
        )
        await office.until_told(promise, LAST_RESORT)
        began = (await office.known(promise)).silent_since
        assert began is not None

        async def still_silent() -> bool:
            return (datetime.now(UTC) - began).total_seconds() > 3 * alarm.patience

        await eventually(still_silent)
        assert await office.told(promise) == Counter([LAST_RESORT])
        await office.casework.start()

        async def everybody_told() -> bool:
            return set(await office.told(promise)) == {LAST_RESORT, *ladder(office)}

        await eventually(everybody_told)
        assert (await office.known(promise)).silent_since is None
    await keep_history(office, office.alarm(promise), "promise-ledger-silent")


async def test_notifications_being_away_neither_stops_the_ladder_nor_loses_anybody(office: Office) -> None:
    promise = await office.promise()
    await office.notifications.stop()
    async with office.working():
        await office.carry()

        async def climbed_to_the_director() -> bool:
            return "director" in {told.rung for told in (await office.shown(promise)).told}

        await eventually(climbed_to_the_director)
        await office.notifications.start()

        async def everybody_told() -> bool:
            return set(await office.told(promise)) == set(ladder(office))

        await eventually(everybody_told)


async def test_a_ladder_without_anybody_on_it_has_the_last_resort_told(empty_office: Office) -> None:
    office = empty_office
    await office.hire(office.people.worker, "INVESTIGATOR")
    promise = await office.promise()
    async with office.working():
        await office.carry()

        async def last_resort_told() -> bool:
            return (await office.told(promise, "NOBODY_LEFT"))[LAST_RESORT] >= 1

        await eventually(last_resort_told)


async def test_continuing_as_new_keeps_the_highest_version(office: Office) -> None:
    """The server suggests it at 512 events here; the ledger is away, so that only the facts' own versions count."""
    promise_id, far = str(uuid4()), datetime(2099, 1, 1, tzinfo=UTC)
    await office.casework.stop()
    async with office.working():
        handle = await office.client.start_workflow(
            PromiseWorkflow.run,
            Alarm(PromiseClock(promise_id), patience=1.0),
            id=f"promise/{promise_id}",
            task_queue=TASK_QUEUE,
        )
        first, version = (await handle.describe()).run_id, 600
        # Each is an event: no more than a run may be sent, and while more come in the server lets no run end.
        for newer in range(1, version + 1):
            await handle.signal(PromiseWorkflow.clock, PromiseClock(promise_id, newer, far))

        async def begun_anew() -> bool:
            return (await handle.describe()).run_id != first

        await eventually(begun_anew)
        await handle.signal(PromiseWorkflow.clock, PromiseClock(promise_id, 7, far))
        assert (await handle.query(PromiseWorkflow.known)).clock == PromiseClock(promise_id, version, far)
        assert (await handle.query(PromiseWorkflow.known)).silent_since is not None
    long = office.client.get_workflow_handle(handle.id, run_id=first)
    await keep_history(office, long, "promise-begun-anew-when-it-had-grown-long")


async def test_late_facts_of_a_closed_promise_start_nothing(office: Office) -> None:
    promise = await office.promise(kind="CALLBACK_STANDARD")
    async with office.working():
        await office.carry()
        await office.until_told(promise, *ladder(office)[:1])
        await office.keep(promise, office.people.worker, "INVESTIGATOR")
        await office.carry()
        await office.alarm(promise).result()
        run = (await office.alarm(promise).describe()).run_id
        await office.carry(await office.facts("casework.promise"))
        assert (await office.alarm(promise).describe()).run_id == run


async def test_a_fact_of_a_promise_that_closed_before_any_alarm_starts_one_that_ends_at_once(office: Office) -> None:
    promise = await office.promise()
    await office.keep(promise, office.people.worker, "INVESTIGATOR")
    async with office.working():
        await office.carry((await office.facts("casework.promise"))[:1])
        await asyncio.wait_for(office.alarm(promise).result(), 15)
    assert not await office.told(promise)


async def test_the_next_instant_can_be_searched_for_while_the_alarm_waits(office: Office) -> None:
    promise = await office.promise(kind="CALLBACK_STANDARD")
    async with office.working():
        await office.carry()

        async def armed_as_the_ledger_says() -> bool:
            # Listed from its birth for its first instant, which is now; and then for whatever comes next.
            listed = await listed_for(office, promise)
            clock = (await office.shown(promise)).promise.clock
            differs = listed and abs((listed - instant(clock.next_instant)).total_seconds())
            return clock.version > 1 and differs is not None and differs < 0.001

        await eventually(armed_as_the_ledger_says)


async def test_an_alarm_that_a_person_cancels_ends_even_while_the_ledger_is_silent(office: Office) -> None:
    promise = await office.promise()
    await office.casework.stop()
    async with office.working():
        await office.carry()
        await office.alarm(promise).cancel()
        await eventually(lambda: ended(office, promise))
    assert (await office.alarm(promise).describe()).status is WorkflowExecutionStatus.CANCELED
