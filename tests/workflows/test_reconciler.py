"""The reconciler on the real Temporal, ledger and notifications: whatever gets lost between them is mended."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.client import WorkflowExecutionStatus

from hotline.casework.v1 import casework_service_pb2 as casework_pb
from hotline.casework.v1.promise_pb2 import Promise
from hotline.type.v1 import type_pb2
from tests.services import free_port
from tests.waiting import eventually
from tests.workflows.conftest import MovedClock, Office, keep_history
from workflows import temporal
from workflows.reconcile import reconciler
from workflows.settings import WorkflowSettings

GRACE = timedelta(seconds=1)
LAST_RESORT = ""


def settings(office: Office, **changed: object) -> WorkflowSettings:
    """The reconciler's, with a second of grace; it looks at casework alone, for no other service runs here."""
    given = {name.removeprefix("HOTLINE_").lower(): value for name, value in office.environment.items()}
    casework = given["casework_address"]
    quick = {
        "intake_address": casework,
        "triage_address": casework,
        "reconcile_grace": GRACE,
        "reconcile_every": timedelta(seconds=0.2),
        "stalled_after": timedelta(seconds=2),
    }
    return WorkflowSettings(**(given | quick | changed))


@asynccontextmanager
async def reconciling(office: Office, **changed: object) -> AsyncIterator[None]:
    """The reconciler at work for as long as the block."""
    stop = asyncio.Event()
    async with reconciler(office.client, settings(office, **changed)) as at_work:
        running = asyncio.create_task(at_work.run(stop))
        try:
            yield
        finally:
            stop.set()
            await running


async def found_armed(office: Office, promise: Promise) -> bool:
    """Whether whoever lists alarms finds this one with its next instant: the list follows what runs, a little late."""
    found = office.client.list_workflows(f"WorkflowId = 'promise/{promise.promise_id}' AND NextInstant IS NOT NULL")
    return bool([execution async for execution in found])


async def waits(office: Office, promise: Promise) -> bool:
    """Whether nothing is under way in the promise's alarm: its timer runs."""
    described = (await office.alarm(promise).describe()).raw_description
    return not described.HasField("pending_workflow_task") and not described.pending_activities


async def ended(office: Office, promise: Promise) -> bool:
    return (await office.alarm(promise).describe()).status is not WorkflowExecutionStatus.RUNNING


async def test_an_alarm_nobody_started_is_started_from_the_ledger(office: Office) -> None:
    promise = await office.promise()
    people = office.people
    async with office.working(), reconciling(office):
        await office.until_told(promise, people.worker, people.supervisor, people.manager, people.director)
    told = await office.told(promise)
    assert [told[person] for person in (people.worker, people.supervisor, people.manager)] == [1, 1, 1]


async def test_an_alarm_that_was_ended_by_mistake_is_started_again(office: Office) -> None:
    promise = await office.promise(kind="CALLBACK_STANDARD")
    async with office.working(), reconciling(office):
        await office.carry()
        await office.until_told(promise, office.people.worker)
        await office.alarm(promise).terminate("by mistake")

        async def runs_again() -> bool:
            return not await ended(office, promise)

        await eventually(runs_again)
    assert await office.told(promise) == Counter([office.people.worker])


async def test_whom_a_delegation_names_is_told_though_its_fact_got_lost(office: Office) -> None:
    promise = await office.promise(kind="CALLBACK_STANDARD")
    people = office.people
    async with office.working(), reconciling(office):
        await office.carry()
        await office.until_told(promise, people.worker)
        await office.delegate(promise, people.second)
        await office.until_told(promise, people.second)
    assert await office.told(promise) == Counter([people.worker, people.second])


async def test_an_alarm_that_never_heard_of_a_later_due_time_is_woken_to_it(office: Office) -> None:
    promise = await office.promise(kind="FINDING", tier=2)
    async with office.working():
        await office.carry()
        await office.until_told(promise, office.people.worker)
        await office.extend(promise, 10)
        async with reconciling(office):
            wanted = (await office.shown(promise)).promise.clock

            async def heard() -> bool:
                return (await office.known(promise)).clock.version == wanted.version

            await eventually(heard)
    await keep_history(office, office.alarm(promise), "promise-woken-to-a-later-due-time")


async def test_an_alarm_of_a_closed_promise_is_woken_and_ends(office: Office) -> None:
    promise = await office.promise(kind="CALLBACK_STANDARD")
    async with office.working():
        await office.carry()
        await office.until_told(promise, office.people.worker)
        await office.keep(promise, office.people.worker, "INVESTIGATOR")
        assert not await ended(office, promise)
        async with reconciling(office):
            await eventually(lambda: ended(office, promise))


async def test_an_alarm_that_is_as_the_ledger_says_is_left_alone(office: Office) -> None:
    promise = await office.promise(kind="CALLBACK_STANDARD")
    async with office.working():
        await office.carry()
        await office.until_told(promise, office.people.worker)
        await office.mark_told(promise)
        await eventually(lambda: waits(office, promise))
        await eventually(lambda: found_armed(office, promise))
        async with reconciling(office):
            before = (await office.alarm(promise).describe()).history_length
            await asyncio.sleep(5 * GRACE.total_seconds())
        assert (await office.alarm(promise).describe()).history_length == before


async def test_an_alarm_that_waits_for_a_worker_is_not_woken_to_wait_behind_itself(office: Office) -> None:
    """No worker has time for it: a wake would be one more task for those who are behind."""
    promise = await office.promise(kind="CALLBACK_STANDARD")
    await office.carry()
    listed = f"WorkflowId = 'promise/{promise.promise_id}' AND ExecutionStatus = 'Running'"

    async def is_listed() -> bool:
        return (await office.client.count_workflows(listed)).count == 1

    await eventually(is_listed)
    before = (await office.alarm(promise).describe()).history_length
    async with reconciler(office.client, settings(office, reconcile_grace=timedelta(0))) as at_work:
        assert await at_work.round()
        assert await at_work.round()
    assert (await office.alarm(promise).describe()).history_length == before


async def test_what_went_out_is_told_again_until_the_ledger_has_heard_of_it(office: Office) -> None:
    """The ledger was restored to a time before, or the fact got lost."""
    unheard, heard = await office.promise(kind="CALLBACK_STANDARD"), await office.promise(kind="CALLBACK_STANDARD")
    async with office.working():
        await office.carry()
        for promise in (unheard, heard):
            await office.until_told(promise, office.people.worker)
            await office.went_out(promise)
        await office.mark_told(heard)
        (message,) = (sent for sent in await office.deliveries() if sent.promise_id == unheard.promise_id)
        async with reconciling(office):
            await eventually(office.told_again)
            assert await office.told_again() == {message.notification_id}
            await office.mark_told(unheard)
            await office.went_out(unheard)
        async with reconciler(office.client, settings(office, reconcile_grace=timedelta(0))) as at_work:
            assert await at_work.round()
            assert await at_work.round()
        assert await office.told_again() == set()


@pytest.mark.parametrize("temporal_is_away", [False, True])
async def test_who_directs_is_told_once_of_an_alarm_that_does_not_ring(office: Office, temporal_is_away: bool) -> None:
    """No worker runs; the second time not even Temporal does."""
    promise = await office.promise()
    client = office.client
    if temporal_is_away:
        client = await temporal.reaching_for(f"127.0.0.1:{free_port()}", "default", None)
    rounds = 0
    async with reconciler(client, settings(office)) as at_work:

        async def directed() -> bool:
            nonlocal rounds
            rounds += 1
            await at_work.round()
            return bool(await office.told(promise, "STALLED"))

        await eventually(directed)
        await at_work.round()
    async with reconciler(client, settings(office)) as another:
        await another.round()
    assert await office.told(promise, "STALLED") == Counter([office.people.director])


async def test_who_directs_is_told_once_how_many_alarms_do_not_ring_when_nobody_could_read_of_each(
    office: Office,
) -> None:
    """After an hour without workers; then of what came since, when it has been quiet for a while."""
    first = [await office.promise() for _ in range(12)]
    clock = MovedClock(timedelta(hours=1))

    async def told() -> Counter[tuple[str, str, bool]]:
        of_first = {promise.promise_id for promise in first}
        found = [sent for sent in await office.deliveries() if sent.template.startswith("STALLED")]
        return Counter((sent.template, sent.staff_id, sent.promise_id in of_first) for sent in found)

    once = Counter({("STALLED_MANY", office.people.director, False): 1})
    after = timedelta(minutes=1)
    async with reconciler(office.client, settings(office, stalled_after=after), clock) as at_work:
        await at_work.round()
        assert await told() == once
        await office.promise()
        await at_work.round()
        assert await told() == once
        clock.ahead += 2 * after
        await at_work.round()
    assert await told() == once + Counter({("STALLED", office.people.director, False): 1})


async def test_whoever_directs_is_told_the_way_the_promises_ladder_tells_people(office: Office) -> None:
    mailed, called = await office.promise(), await office.promise(kind="ON_SCENE", tier=type_pb2.TIER_T0)
    async with reconciler(office.client, settings(office), MovedClock(timedelta(hours=1))) as at_work:
        await at_work.round()
    channels = {sent.promise_id: sent.channel for sent in await office.deliveries() if sent.template == "STALLED"}
    assert channels == {
        mailed.promise_id: casework_pb.CONTACT_CHANNEL_EMAIL,
        called.promise_id: casework_pb.CONTACT_CHANNEL_VOICE,
    }


async def test_without_anybody_who_directs_the_last_resort_is_told(empty_office: Office) -> None:
    office = empty_office
    await office.hire(office.people.worker, "INVESTIGATOR")
    promise = await office.promise()
    async with reconciling(office):

        async def told() -> bool:
            return LAST_RESORT in await office.told(promise, "STALLED")

        await eventually(told)


async def test_it_beats_only_when_every_comparison_was_made(office: Office, tmp_path: Path) -> None:
    file = tmp_path / "heartbeat.json"
    async with reconciler(office.client, settings(office, heartbeat_file=file)) as at_work:
        await office.casework.stop()
        assert not await at_work.round()
        assert not file.exists()
        await office.casework.start()
        await eventually(at_work.round)
        assert '"completed_at"' in file.read_text()


async def test_it_runs_as_a_process_of_its_own_and_needs_no_worker(office: Office, tmp_path: Path) -> None:
    promise = await office.promise(kind="CALLBACK_STANDARD")
    beat = tmp_path / "heartbeat.json"
    own = {
        "HOTLINE_INTAKE_ADDRESS": office.environment["HOTLINE_CASEWORK_ADDRESS"],
        "HOTLINE_TRIAGE_ADDRESS": office.environment["HOTLINE_CASEWORK_ADDRESS"],
        "HOTLINE_HEARTBEAT_FILE": str(beat),
        "HOTLINE_RECONCILE_EVERY": "PT0.2S",
        "HOTLINE_RECONCILE_GRACE": "PT1S",
    }
    async with office.process("reconciler", **own) as process:

        async def started() -> bool:
            listed = office.client.list_workflows(f"WorkflowId = 'promise/{promise.promise_id}'")
            return bool([execution async for execution in listed])

        await eventually(started)
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 30) == 0
    assert beat.exists()
