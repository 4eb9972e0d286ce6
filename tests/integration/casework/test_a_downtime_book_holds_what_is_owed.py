"""The downtime book: written through real calls, readable with a key and no platform, and never half."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pyrage
import pytest

from chassis.client import connect
from chassis.contract import stamp
from chassis.identity import issue_service_token
from hotline.casework.v1 import casework_service_pb2 as pb
from hotline.casework.v1 import workforce_service_pb2 as workforce
from policy.packs import Packs
from services.casework.commands.downtime import last_written, tell_last
from services.casework.downtime import book
from services.casework.downtime.shelf import BookNotWritten
from services.casework.downtime.writing import BookNotRecorded, Order, write
from tests.integration.casework.conftest import DEADLINE, OFFICE, World, key
from tests.services import free_port

IDENTITY = pyrage.x25519.Identity.generate()
NUMBERS = "Police and ambulance: '911'\nDirector on call, Dora Whitfield: 555-0100\n"


@pytest.fixture
def order(tmp_path: Path) -> Order:
    """A shelf, the office's public key, and its emergency numbers."""
    shelf, keys, numbers = tmp_path / "shelf", tmp_path / "keys.txt", tmp_path / "numbers.yaml"
    shelf.mkdir()
    keys.write_text(f"# the office's safe\n{IDENTITY.to_public()}\n")
    numbers.write_text(NUMBERS)
    return Order(shelf, keys, numbers, keep=3)


async def written(world: World, order: Order) -> Path:
    token = issue_service_token(world.identity, "downtime-book")
    async with connect(world.address, lambda: token) as casework:
        return await write(casework, order, Packs(), "seed-default", world.clock.now)


def read(file: Path) -> str:
    text: str = pyrage.decrypt(file.read_bytes(), [IDENTITY]).decode()
    return text


async def reached_by_telephone(world: World, staff_id: str, number: str) -> None:
    """Somebody gives a number, and says back the code that went there."""
    methods = pb.GetContactMethodsRequest(staff_id=staff_id)
    at_work = await world.at_work(staff_id)
    given = workforce.SetContactMethodRequest(
        idempotency_key=key(), staff_id=staff_id, channel=pb.CONTACT_CHANNEL_VOICE, address=number
    )
    await at_work.SetContactMethod(given, timeout=DEADLINE)
    known = await (await world.service()).GetContactMethods(methods, timeout=DEADLINE)
    (code,) = (method.code for method in known.methods if method.address == number)
    proven = workforce.VerifyContactMethodRequest(idempotency_key=key(), channel=pb.CONTACT_CHANNEL_VOICE, code=code)
    await at_work.VerifyContactMethod(proven, timeout=DEADLINE)


async def test_it_holds_each_open_promise_and_none_that_is_closed(
    world: World, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(book, "PAGE", 7)  # so that there are several pages, and a full last one
    promises = [await world.promise(reference=f"REF-{n:04}") for n in range(21)]
    world.clock.move(minutes=5)
    await world.attempt(promises[3])

    page = read(await written(world, order))

    shown = [n for n, promise in enumerate(promises) if f"<td>REF-{n:04}</td>" in page]
    assert shown == [n for n in range(21) if n != 3]
    assert "20 open promises" in page


async def test_it_says_who_is_on_now_and_tomorrow_and_at_which_number(world: World, order: Order) -> None:
    people = world.people
    await reached_by_telephone(world, people.worker, "+13125550142")
    rotation = workforce.Rotation(
        rotation_id="00000000-0000-7000-8000-0000000000aa",
        role="INVESTIGATOR",
        office=OFFICE,
        members=[people.worker, people.second],
        first_day="2026-11-23",
        begins="08:00",
        ends="16:00",
        turn_days=1,
    )
    request = workforce.DefineRotationRequest(idempotency_key=key(), rotation=rotation)
    await (await world.at_work(people.supervisor)).DefineRotation(request, timeout=DEADLINE)
    await world.promise()

    page = read(await written(world, order))

    assert "<td>Director on call, Dora Whitfield</td><td>555-0100</td>" in page
    assert "on-call-director@hotline.example" in page
    assert f"INVESTIGATOR of {OFFICE} on duty" in page
    # Today's duty is the worker's, tomorrow's the second's; both within 24 hours.
    assert "<td>Mon 2026-11-23 08:00 -0600</td><td>Mon 2026-11-23 16:00 -0600</td><td>INVESTIGATOR</td>" in page
    assert "<td>Tue 2026-11-24 08:00 -0600</td>" in page
    assert "Invented Investigator, +13125550142, 0001@office.hotline.invalid" in page
    assert "Invented Director" in page


async def test_what_is_late_is_marked_and_a_time_that_is_safe_is_said(world: World, order: Order) -> None:
    late = await world.promise(reference="LATE-0001", received_at=stamp(world.clock.now - timedelta(hours=2)))
    assert late.due_at.ToDatetime() < world.clock.now.replace(tzinfo=None)

    page = read(await written(world, order))

    (row,) = (line for line in page.splitlines() if "LATE-0001" in line)
    assert row.startswith('<tr class="late">')
    assert " LATE</td>" in row


async def test_without_the_key_it_says_nothing_and_one_changed_byte_is_refused(world: World, order: Order) -> None:
    await world.promise(reference="7ZK4-M2QX")
    file = await written(world, order)
    sealed = file.read_bytes()

    assert all(word not in sealed for word in (b"7ZK4-M2QX", b"Invented", OFFICE.encode(), b"hotline.invalid"))
    assert file.stat().st_mode & 0o077 == 0
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(sealed, [pyrage.x25519.Identity.generate()])
    for place in (len(sealed) // 2, len(sealed) - 1):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(pyrage.DecryptError):
            pyrage.decrypt(bytes(changed), [IDENTITY])


@pytest.mark.skipif(shutil.which("age") is None, reason="the program `age` is not on this machine")
async def test_the_documented_command_reads_it(world: World, order: Order, tmp_path: Path) -> None:
    await world.promise(reference="7ZK4-M2QX")
    file, private = await written(world, order), tmp_path / "private.txt"
    private.write_text(str(IDENTITY))
    command = ("age", "--decrypt", "--identity", str(private), str(file))
    age = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    said, _ = await age.communicate()
    assert said.decode() == read(file)


async def test_several_people_may_each_have_a_key_of_their_own(world: World, order: Order) -> None:
    second = pyrage.x25519.Identity.generate()
    order.keys.write_text(f"{IDENTITY.to_public()}\n{second.to_public()}\n")
    sealed = (await written(world, order)).read_bytes()
    assert pyrage.decrypt(sealed, [second]) == pyrage.decrypt(sealed, [IDENTITY])


async def test_the_last_few_stay_and_other_files_are_left_alone(world: World, order: Order) -> None:
    other = order.folder / "notes.txt"
    other.write_text("ours")
    books = []
    for _ in range(5):
        books.append(await written(world, order))
        world.clock.move(hours=1)
    assert sorted(order.folder.iterdir()) == sorted([*books[-3:], other])


async def told_of_the_last(world: World) -> float:
    """What casework tells, once it has looked: as of when the last book is."""
    async with world.database.transaction() as uow:
        await tell_last(uow)
    return last_written.readings()[()]


async def test_casework_tells_of_the_last_book_that_was_written_and_of_none_that_was_not(
    world: World, order: Order
) -> None:
    first = world.clock.now
    await written(world, order)
    assert await told_of_the_last(world) == first.timestamp()
    second = world.clock.move(hours=1)
    await written(world, order)
    await written(world, order)
    assert await told_of_the_last(world) == second.timestamp()
    world.clock.move(hours=1)
    order.numbers.unlink()
    with pytest.raises(BookNotWritten):
        await written(world, order)
    assert await told_of_the_last(world) == second.timestamp()


async def test_a_writer_whose_clock_is_ahead_makes_no_book_younger_than_it_is(world: World, order: Order) -> None:
    token = issue_service_token(world.identity, "downtime-book")
    async with connect(world.address, lambda: token) as casework:
        await write(casework, order, Packs(), "seed-default", world.clock.now + timedelta(days=1))
    assert await told_of_the_last(world) == world.clock.now.timestamp()


async def test_a_book_of_which_casework_could_not_be_told_stands_and_the_error_says_so(
    world: World, order: Order
) -> None:
    """As of the hours of a rollout, in which casework is still the former one."""
    async with world.database.transaction() as uow:
        await uow.execute("ALTER TABLE casework.downtime_book RENAME TO book_of_another_release")
    with pytest.raises(BookNotRecorded, match=r"is written, but casework could not be told of it \(INTERNAL\)"):
        await written(world, order)
    (stands,) = order.folder.iterdir()
    assert "open promises" in read(stands)


async def test_while_casework_is_away_the_last_good_book_stays_and_the_error_names_it(
    world: World, order: Order
) -> None:
    good = await written(world, order)
    content = good.read_bytes()
    async with connect(f"127.0.0.1:{free_port()}", lambda: "token") as nobody:
        with pytest.raises(BookNotWritten) as refused:
            await write(nobody, order, Packs(), "seed-default", world.clock.move(hours=1))
    assert str(refused.value).startswith("casework did not answer (UNAVAILABLE")
    assert str(refused.value).endswith(f"the last good book is {good}")
    assert [good] == list(order.folder.iterdir())
    assert good.read_bytes() == content


async def test_a_write_that_is_cut_off_leaves_no_half_book(
    world: World, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = await written(world, order)

    def no_room(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_room)
    world.clock.move(hours=1)
    with pytest.raises(BookNotWritten, match=r"No space left on device.*the last good book is"):
        await written(world, order)
    assert [good] == list(order.folder.iterdir())


def _remove(order: Order) -> None:
    order.keys.unlink()


def _private(order: Order) -> None:
    order.keys.write_text(str(IDENTITY))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_remove, "keys.txt cannot be read"),
        (_private, "keys.txt holds a private key, which has no place on this machine"),
        (lambda order: order.keys.write_text("# nobody yet\n"), "keys.txt holds no public key"),
        (lambda order: order.keys.write_text("age1wrong\n"), "keys.txt: not a public key of age or ssh"),
        (lambda order: order.numbers.write_text("- 911"), "numbers.yaml must hold lines of `name: number`"),
        (lambda order: order.folder.rmdir(), "shelf is no folder"),
    ],
)
async def test_what_is_wrong_with_the_order_is_said(
    world: World, order: Order, spoil: Callable[[Order], None], said: str
) -> None:
    spoil(order)
    with pytest.raises(BookNotWritten) as refused:
        await written(world, order)
    assert said in str(refused.value)
    assert "AGE-SECRET" not in str(refused.value)
