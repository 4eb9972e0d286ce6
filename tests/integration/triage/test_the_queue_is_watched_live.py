"""Who watches the queue sees what waits, and each change as it happens (R023)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, aclosing, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import grpc
import pytest

from chassis.database import Database
from deploy.local.infrastructure import Addresses
from hotline.triage.v1 import triage_service_pb2 as pb
from hotline.triage.v1 import triage_service_pb2_grpc as rpc
from hotline.type.v1 import type_pb2
from services.triage.watch import QueueWatch
from tests.integration.triage.screening_desk import MINOR, Person, decision_on, submitted
from tests.reports import screening_facts
from tests.services import TIMEOUT, RunningService, running_service
from tests.waiting import eventually


@pytest.fixture
def office() -> str:
    """An office of the test's own."""
    return f"office-{uuid4().hex[:8]}"


async def heard(watch: Any) -> pb.WatchQueueResponse:
    """The next message of a watch, which must come in time."""
    async with asyncio.timeout(TIMEOUT):
        message: pb.WatchQueueResponse = await anext(watch)
        return message


@contextmanager
def watching(screener: Any, office: str = "") -> Iterator[AsyncIterator[pb.WatchQueueResponse]]:
    """A watch that is left when the test is done with it."""
    call = screener.WatchQueue(pb.WatchQueueRequest(office=office), timeout=60.0)
    try:
        yield aiter(call)
    finally:
        call.cancel()


async def test_first_comes_all_that_waits_then_each_change(desk: Any, screener: Any, wren: Person, office: str) -> None:
    first = await decision_on(screener, await submitted(desk, office=office))
    with watching(screener, office) as watch:
        snapshot = await heard(watch)
        assert snapshot.snapshot
        assert [d.report_id for d in snapshot.waiting] == [first.report_id]
        (entry,) = snapshot.waiting
        assert (entry.recommended_tier, entry.recommendation_json) == (type_pb2.TIER_T1, "")

        second = await submitted(desk, office=office)
        came = await heard(watch)
        assert (came.snapshot, [d.report_id for d in came.waiting], list(came.gone_report_ids)) == (False, [second], [])

        await wren.decide("TakeReport", first)
        taken = await heard(watch)
        assert [(d.report_id, d.taken_by) for d in taken.waiting] == [(first.report_id, str(wren.id))]

        await wren.decide("ConfirmDecision", await wren.sees(first.report_id))
        gone = await heard(watch)
        assert (list(gone.gone_report_ids), list(gone.waiting)) == ([first.report_id], [])


async def test_an_office_hears_of_its_own_alone(desk: Any, screener: Any, office: str) -> None:
    with watching(screener, office) as watch:
        assert not (await heard(watch)).waiting
        await decision_on(screener, await submitted(desk))
        own = await submitted(desk, office=office)
        assert [d.report_id for d in (await heard(watch)).waiting] == [own]


async def test_an_office_with_lesser_reports_sees_them_in_a_surge_elsewhere(
    desk: Any, screener: Any, triage: RunningService, office: str
) -> None:
    for _ in range(3):
        await decision_on(screener, await submitted(desk))
    lesser = screening_facts(None, (["PA2"], MINOR))
    own = await decision_on(screener, await submitted(desk, office=office, facts=lesser))
    database = await Database.open(triage.database_url, source="triage")
    watch = QueueWatch(database, triage.database_url, asyncio.Event(), shown=2)
    try:
        async with aclosing(watch.changes(None)) as everywhere, aclosing(watch.changes(office)) as here:
            assert len((await anext(everywhere)).waiting) == 2
            assert [d.report_id for d in (await anext(here)).waiting] == [UUID(own.report_id)]

            second = await submitted(desk, office=office, facts=lesser)
            assert [d.report_id for d in (await anext(here)).waiting] == [UUID(second)]
    finally:
        await database.close()


async def test_many_watch_and_all_hear_while_one_connection_listens(
    desk: Any, triage: RunningService, office: str, database: Any
) -> None:
    with ExitStack() as watches:
        async with AsyncExitStack() as channels:
            opened = [await channels.enter_async_context(triage.acting_as("SCREENER")) for _ in range(40)]
            stubs = [rpc.TriageServiceStub(channel) for channel in opened]
            many = [watches.enter_context(watching(stub, office)) for stub in stubs]
            await asyncio.gather(*(heard(watch) for watch in many))

            report_id = await submitted(desk, office=office)

            told = await asyncio.gather(*(heard(watch) for watch in many))
            assert [[d.report_id for d in message.waiting] for message in told] == [[report_id]] * 40
            await eventually(lambda: listening(database, 1))


async def test_a_watch_ends_cleanly_when_the_callers_time_is_up(screener: Any, office: str) -> None:
    call = screener.WatchQueue(pb.WatchQueueRequest(office=office), timeout=5.0)
    assert [message.snapshot async for message in call] == [True]


async def test_when_nobody_watches_any_more_nobody_listens(screener: Any, office: str, database: Any) -> None:
    with watching(screener, office) as watch:
        await heard(watch)
        await eventually(lambda: listening(database, 1))
    await eventually(lambda: listening(database, 0))


async def test_a_watch_outlives_the_connection_on_which_changes_are_told(
    desk: Any, screener: Any, office: str, database: Any
) -> None:
    with watching(screener, office) as watch:
        await heard(watch)
        await database.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query ILIKE 'LISTEN%triage_queue%'"
        )
        report_id = await submitted(desk, office=office)
        assert [d.report_id for d in (await heard(watch)).waiting] == [report_id]


async def test_a_service_that_ends_ends_its_watches_in_order(stack: Addresses, tmp_path: Path, office: str) -> None:
    """No error for whoever watches: they begin again, and find another process."""
    running = AsyncExitStack()
    service = await running.enter_async_context(running_service("triage", stack, tmp_path))
    async with service.acting_as("SCREENER") as channel:
        with watching(rpc.TriageServiceStub(channel), office) as watch:
            await heard(watch)
            ending = asyncio.create_task(running.aclose())
            with pytest.raises(StopAsyncIteration):
                await heard(watch)
        await ending


@pytest.mark.parametrize("role", ["INTAKE_SPECIALIST", "INVESTIGATOR", "ADMIN"])
async def test_only_who_screens_or_leads_watches(triage: RunningService, role: str) -> None:
    async with triage.acting_as(role) as channel:
        with watching(rpc.TriageServiceStub(channel)) as watch, pytest.raises(grpc.aio.AioRpcError) as error:
            await heard(watch)
    assert error.value.code() is grpc.StatusCode.PERMISSION_DENIED


async def listening(database: asyncpg.Connection[asyncpg.Record], connections: int) -> bool:
    """Whether so many connections of triage, no more, wait to be told that the queue has changed."""
    count = await database.fetchval(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND query ILIKE 'LISTEN%triage_queue%'"
    )
    return bool(count == connections)
