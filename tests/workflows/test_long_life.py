"""Workflows outlive releases and years: newer code takes over while they sleep, and their histories stay short."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import Client
from temporalio.service import RPCError

from chassis.client import connect
from hotline.casework.v1.promise_pb2 import Promise
from tests.stack import clean_environment
from tests.waiting import eventually
from tests.workflows.conftest import PROJECT, Office, keep_history
from workflows import DEPLOYMENT, TASK_QUEUE, temporal, upgrade
from workflows.activities import Activities
from workflows.codec import Encrypted, Keyring, KeyringUnusable, make_keyring
from workflows.messages import Alarm, PromiseClock
from workflows.promise import PromiseWorkflow
from workflows.worker import worker

SLEEPING = 200
CANARY = "canary-7c1f0a"
# History events: to begin and to end, and for each version of the promise (a fact, a question, a message, a timer).
BUDGET_BEGIN = 10
BUDGET_VERSION = 17


@pytest.fixture
async def versioned(office: Office) -> AsyncIterator[Office]:
    """Builds count in this test. Workers of the others have none: what they start must not wait for one."""
    yield office
    await upgrade.make_current(office.client, "")


@asynccontextmanager
async def building(office: Office, build_id: str) -> AsyncIterator[None]:
    """A worker of this build, for as long as the block."""
    token = office.token("service:workflows", ("SERVICE",))
    async with (
        connect(f"127.0.0.1:{office.casework.port}", token) as casework,
        connect(f"127.0.0.1:{office.notifications.port}", token) as told,
        worker(office.client, Activities(casework, told), build_id),
    ):
        yield


async def on(client: Client, build_id: str) -> int:
    """How many alarms sleep on this build."""
    query = f"ExecutionStatus = 'Running' AND TemporalWorkerDeploymentVersion = '{DEPLOYMENT}:{build_id}'"
    return (await client.count_workflows(query)).count


async def registered(client: Client, build_id: str) -> None:
    """Wait until Temporal has heard of the build's worker, and make it current."""

    async def current() -> bool:
        try:
            await upgrade.make_current(client, build_id)
        except RPCError:
            return False
        return True

    await eventually(current)


async def keep_both_runs(office: Office, promise: Promise) -> None:
    """The run that ended on the old build, and the one that goes on on the new."""
    newer = office.alarm(promise)
    first_run = (await newer.describe()).raw_description.workflow_execution_info.first_run_id
    began = office.client.get_workflow_handle(newer.id, run_id=first_run)
    await keep_history(office, began, "promise-begun-anew-on-a-newer-build")
    await keep_history(office, newer, "promise-on-a-newer-build")


@pytest.mark.timeout(900)
async def test_two_hundred_sleeping_promises_go_over_to_a_new_build(versioned: Office) -> None:
    office = versioned
    old, new = f"old-{uuid4().hex[:8]}", f"new-{uuid4().hex[:8]}"
    client = office.client
    async with building(office, old):
        await registered(client, old)
        promises = [await office.promise(kind="FINDING", tier=2) for _ in range(SLEEPING)]
        await office.carry()

        async def asleep() -> bool:
            return await on(client, old) == SLEEPING

        await eventually(asleep, within=300)
        async with building(office, new):
            await registered(client, new)
            assert await upgrade.upgrade(client, new, a_second=100) == SLEEPING

            async def gone_over() -> bool:
                return await on(client, new) == SLEEPING

            await eventually(gone_over, within=300)
            assert await on(client, old) == 0
        await keep_both_runs(office, promises[0])
        wanted = (await office.shown(promises[0])).promise.clock
    async with building(office, new):
        assert (await office.known(promises[0])).clock.version == wanted.version
    async with building(office, old), building(office, new):
        await office.extend(promises[1], 10)
        await office.carry()
        wanted = (await office.shown(promises[1])).promise.clock

        async def heard() -> bool:
            return (await office.known(promises[1])).clock.version == wanted.version

        await eventually(heard)


async def typed(office: Office, build_id: str) -> tuple[int, str]:
    """The command as it is typed where a worker runs, with that one's settings: its exit code, and what it says."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "workflows", "upgrade", build_id),
        cwd=PROJECT,
        env=clean_environment() | dict(office.environment) | {"HOTLINE_ENVIRONMENT": "production"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complained = await process.communicate()
    assert process.returncode is not None
    return process.returncode, (said + complained).decode()


async def test_a_worker_goes_over_to_a_new_build_by_a_command_typed_beside_it(versioned: Office) -> None:
    office, old, new = versioned, f"old-{uuid4().hex[:8]}", f"new-{uuid4().hex[:8]}"
    async with building(office, old):
        await registered(office.client, old)
        await office.promise(kind="FINDING", tier=2)
        await office.carry()

        async def asleep() -> bool:
            return await on(office.client, old) == 1

        await eventually(asleep)
        code, said = await typed(office, new)
        assert (code, f"{new} has not become current" in said) == (1, True), said
        async with building(office, new):
            await registered(office.client, old)  # while Temporal hears of the new one

            async def gone_over() -> bool:
                code, said = await typed(office, new)
                return code == 0 and f"{new} is current" in said

            await eventually(gone_over)
            assert (await on(office.client, old), await on(office.client, new)) == (0, 1)


async def test_a_promise_that_climbs_its_whole_ladder_spends_no_more_events_than_its_budget(office: Office) -> None:
    promise = await office.promise()
    people = office.people
    async with office.working():
        await office.carry()
        await office.until_told(promise, people.worker, people.supervisor, people.manager, people.director)
        await office.keep(promise, people.director, "DIRECTOR")
        await office.carry()
        await office.alarm(promise).result()
        history = await office.alarm(promise).fetch_history()
        shown = await office.shown(promise)
    versions = len(shown.history)
    assert len(history.events) <= BUDGET_BEGIN + BUDGET_VERSION * versions, f"{versions} versions"


async def test_temporal_stores_no_word_of_what_workflows_say(office: Office) -> None:
    """A canary among the arguments is searched for in every event, and in the store's own file where there is one."""
    promise_id = str(uuid4())
    far = PromiseClock(promise_id, 1, datetime(2099, 1, 1, tzinfo=UTC))
    handle = await office.client.start_workflow(
        PromiseWorkflow.run,
        Alarm(PromiseClock(CANARY)),
        id=f"promise/{promise_id}",
        task_queue=TASK_QUEUE,
        start_signal="clock",
        start_signal_args=[PromiseClock(CANARY, 1, far.next_instant)],
    )
    plain = await temporal.connect(office.environment["HOTLINE_TEMPORAL_ADDRESS"], "default", asyncio.Event())
    assert plain is not None
    stored = (await plain.get_workflow_handle(handle.id).fetch_history()).to_json()
    assert CANARY not in stored
    files = [file for file in (office.home / "temporal").glob("temporal.db*") if CANARY.encode() in file.read_bytes()]
    assert not files


async def test_a_failure_is_stored_without_its_words(office: Office) -> None:
    """The ledger refuses a promise it does not know; the refusal's message is for those who have the keys."""
    async with office.working():
        handle = await office.client.start_workflow(
            PromiseWorkflow.run,
            Alarm(PromiseClock(str(uuid4())), patience=1.0),
            id=f"promise/{uuid4()}",
            task_queue=TASK_QUEUE,
        )

        async def failed() -> str:
            stored = (await handle.fetch_history()).to_json()
            return stored if "activityTaskTimedOut" in stored or "activityTaskFailed" in stored else ""

        stored = await eventually(failed)
    assert "Encoded failure" in stored
    assert "promise" not in stored.lower().replace("promiseworkflow", "").replace("promise/", "")


async def test_payloads_of_an_older_key_still_open_and_those_of_an_unknown_one_say_which(tmp_path: Path) -> None:
    rings = []
    for name in ("a", "b"):
        make_keyring(tmp_path / name)
        rings.append(Keyring.read(tmp_path / name))
    old, new = rings
    both = Keyring(new.current, {**old.keys, **new.keys})
    plain = Payload(metadata={"encoding": b"json/plain"}, data=b'"x"')
    (written,) = await Encrypted(old).encode([plain])
    assert written.data != plain.data
    assert await Encrypted(both).decode([written]) == [plain]
    with pytest.raises(KeyringUnusable, match=old.current):
        await Encrypted(new).decode([written])
    written.data = bytes([written.data[0] ^ 1]) + written.data[1:]
    with pytest.raises(KeyringUnusable, match="does not open"):
        await Encrypted(both).decode([written])
