"""The commands that people type first when something is wrong, on a platform with somebody who owes something."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pyrage
import pytest

from chassis.kafka import running_producer
from tests.faults.floor import Floor, floor
from tests.waiting import eventually


def read(book: Path, identity: pyrage.x25519.Identity) -> str:
    """What a book says to whoever has the key."""
    text: str = pyrage.decrypt(book.read_bytes(), [identity]).decode()
    return text


@pytest.fixture(scope="module")
async def platform() -> AsyncIterator[Floor]:
    """The whole platform, with four people."""
    async with floor() as made, made.up():
        await made.hire()
        yield made


@pytest.mark.timeout(600)
async def test_what_is_late_is_listed_and_nothing_is_stuck(platform: Floor) -> None:
    now = datetime.now(UTC)
    late, ahead = await platform.owe([now - timedelta(hours=1), now])

    shown = json.loads(await platform.hotline("promises", "--late", "--json"))

    assert [promise["promise_id"] for promise in shown["promises"]] == [late.promise_id]
    said = await platform.hotline("status")
    assert "Waiting for a decision: not for your roles" in said  # an administrator's are the machines
    assert late.promise_id in said
    assert ahead.promise_id in said
    assert (await platform.hotline("facts", "stuck")).strip() == "Stuck facts: none"
    soon = json.loads(await platform.hotline("promises", "--due-within", "1h", "--json"))
    assert {promise["promise_id"] for promise in soon["promises"]} == {late.promise_id, ahead.promise_id}
    await platform.hotline("login", "--as", "SUPERVISOR")
    assert "none" in await platform.hotline("queue")
    assert "Waiting for a decision: 0" in await platform.hotline("status")


@pytest.mark.timeout(600)
async def test_a_fact_that_cannot_be_read_is_shown_not_tried_again_and_passed_over(platform: Floor) -> None:
    await platform.hotline("login", "--as", "ADMIN")
    aggregate = str(uuid4())
    async with running_producer(platform.settings.address("kafka")) as producer:
        # What no version of the platform has ever sent.
        await producer.send_and_wait("hotline.intake.callback.v1", key=aggregate.encode(), value=b"broken")

    async def stuck() -> bool:
        return aggregate in await platform.hotline("facts", "stuck")

    await eventually(stuck, within=120)
    await platform.hotline("status", code=1)
    key = ("casework", "intake.callback", aggregate)
    # Nothing can come of it but the same again, and that is said.
    await platform.hotline("facts", "redrive", *key, "--why", "to see what it says", code=2)
    await platform.hotline("facts", "waive", *key, "--why", "nobody of ours has sent it")
    assert not await stuck()
    await platform.hotline("status")


@pytest.mark.timeout(600)
async def test_a_downtime_book_holds_every_open_promise_of_a_running_platform(platform: Floor, tmp_path: Path) -> None:
    identity, keys, numbers = pyrage.x25519.Identity.generate(), tmp_path / "keys.txt", tmp_path / "numbers.yaml"
    keys.write_text(f"{identity.to_public()}\n")
    numbers.write_text("Police: '911'\n")
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    promises = await platform.owe([datetime.now(UTC)] * 30)

    async def armed() -> bool:
        return await platform.open_alarms() >= len(promises)

    await eventually(armed, within=120)
    listed = json.loads(await platform.hotline("promises", "--json"))["promises"]

    order = ("--out", str(shelf), "--key", str(keys), "--numbers", str(numbers))
    book = Path((await platform.hotline("downtime-book", *order)).strip())

    page = read(book, identity)
    assert f"{len(listed)} open promises" in page
    assert page.count("<td>7ZK4-M2QX</td>") == len(listed)
    assert "Invented Director, director@office.hotline.invalid" in page
    keys.write_text(str(identity))
    await platform.hotline("downtime-book", *order, code=1)
    assert list(shelf.iterdir()) == [book]
