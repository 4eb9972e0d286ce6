"""What cannot be applied is set aside with all its bytes; its key waits until somebody redrives or waives it."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaConsumer

from chassis import dead_letters, topics
from chassis.consumer import StatelessConsumer
from chassis.envelope import Envelope
from chassis.errors import Refusal
from chassis.kafka import running_producer
from chassis.unit_of_work import UnitOfWork
from tests.integration.chassis import notebook
from tests.integration.chassis.conftest import Desk, close, envelope, has_read, publish, running, send
from tests.integration.chassis.contract import pb
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("acting")

GARBAGE = b"\xff\xff not a message"


async def publish_bytes(desk: Desk, book: UUID, line: int, value: bytes) -> None:
    await send(desk, (envelope(desk, book, line), value))


async def open_letters(desk: Desk) -> list[Any]:
    async with desk.database.transaction() as uow:
        return await dead_letters.open_dead_letters(uow, notebook.CONSUMER)


async def first_in_dead_letter_topic(desk: Desk) -> Any:
    topic = topics.dead_letter(desk.topic, notebook.CONSUMER)
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=desk.kafka, auto_offset_reset="earliest", group_id=None)
    await consumer.start()
    try:
        return await consumer.getone()
    finally:
        await consumer.stop()


async def held(desk: Desk, count: int) -> bool:
    async with desk.database.transaction() as uow:
        return bool(await uow.fetchval("SELECT count(*) = $1 FROM chassis.held", count))


async def test_a_poison_fact_is_set_aside_with_its_bytes_and_later_facts_of_its_key_wait(desk: Desk) -> None:
    book, other = uuid4(), uuid4()
    await publish(desk, book, 1)
    await publish_bytes(desk, book, 2, GARBAGE)
    await publish(desk, book, 3, 4)
    await publish(desk, other, 1)
    async with desk.reading():
        await eventually(lambda: held(desk, 2))
        await eventually(lambda: has_read(desk, other, 1))
    assert await notebook.lines_read(desk.database, book) == [1]
    (letter,) = await open_letters(desk)
    assert (letter["aggregate_id"], letter["sequence"], letter["attempts"]) == (str(book), 2, 1)
    assert letter["reason"].startswith("VALUE")
    record = await first_in_dead_letter_topic(desk)
    headers = dict(record.headers)
    assert (record.value, record.key) == (GARBAGE, str(book).encode())
    assert headers["origin-topic"].decode() == desk.topic
    assert headers["ce_sequence"] == b"2"
    assert headers["dlq-reason"].startswith(b"VALUE")


async def test_a_fact_without_a_handler_waits_behind_a_dead_letter_like_any_other(desk: Desk) -> None:
    book = uuid4()
    await publish_bytes(desk, book, 1, GARBAGE)
    await close(desk, book, 2)
    await publish(desk, book, 3)
    async with desk.reading():
        await eventually(lambda: held(desk, 2))
        async with desk.database.transaction() as uow:
            await dead_letters.waive(uow, notebook.CONSUMER, desk.aggregate_type, str(book), why="written by hand")
        await eventually(lambda: has_read(desk, book, 3))
        await eventually(lambda: held(desk, 0))


async def test_a_fact_that_breaks_its_contract_is_poison_and_its_values_are_not_told(desk: Desk) -> None:
    book = uuid4()
    await publish_bytes(desk, book, 1, pb.LineWritten(notebook_id="Wilhelmina Testcase", line=1).SerializeToString())
    async with desk.reading():
        (letter,) = await eventually(lambda: open_letters(desk))
    assert letter["reason"] == "CONTRACT: hotline.notebook.v1.LineWritten breaks string.uuid"


async def test_a_redriven_fact_is_applied_and_then_what_waited_behind_it(desk: Desk) -> None:
    book = uuid4()
    broken = True

    async def read_unless_broken(fact: Any, envelope: Envelope, uow: UnitOfWork) -> None:
        if broken and fact.line == 2:
            raise KeyError("a defect that a release will mend")
        await notebook.read_line(fact, envelope, uow)

    await publish(desk, book, 1, 2, 3)
    async with desk.reading(read_unless_broken):
        (letter,) = await eventually(lambda: open_letters(desk))
        assert (letter["reason"], letter["attempts"]) == ("FAILED: KeyError", 5)
        await eventually(lambda: held(desk, 1))
        broken = False
        async with desk.database.transaction() as uow:
            why = "mended in the release of today"
            assert await dead_letters.redrive(uow, notebook.CONSUMER, desk.aggregate_type, str(book), why=why) == 1
        await eventually(lambda: has_read(desk, book, 1, 2, 3))
    assert await open_letters(desk) == []


async def test_a_redriven_fact_that_fails_again_is_set_aside_again(desk: Desk) -> None:
    book = uuid4()
    await publish_bytes(desk, book, 1, GARBAGE)
    async with desk.reading():
        (first,) = await eventually(lambda: open_letters(desk))
        async with desk.database.transaction() as uow:
            await dead_letters.redrive(uow, notebook.CONSUMER, desk.aggregate_type, str(book), why="hope")

        async def set_aside_again() -> bool:
            return any(letter["id"] != first["id"] for letter in await open_letters(desk))

        await eventually(set_aside_again)


async def test_a_waived_fact_is_passed_over_and_what_waited_behind_it_is_applied(desk: Desk) -> None:
    book = uuid4()
    await publish(desk, book, 1)
    await publish_bytes(desk, book, 2, GARBAGE)
    await publish(desk, book, 3)
    async with desk.reading():
        await eventually(lambda: open_letters(desk))
        async with desk.database.transaction() as uow:
            await dead_letters.waive(uow, notebook.CONSUMER, desk.aggregate_type, str(book), why="written by hand")
        await eventually(lambda: has_read(desk, book, 1, 3))
    async with desk.database.transaction() as uow:
        row = await uow.fetchrow("SELECT resolution, resolved_by, why FROM chassis.dead_letter")
        audit = await uow.fetchrow("SELECT actor, action, subject FROM chassis.audit")
    assert dict(row or {}) == {"resolution": "WAIVED", "resolved_by": "staff-7", "why": "written by hand"}
    assert dict(audit or {}) == {"actor": "staff-7", "action": "dead-letter.waived", "subject": str(book)}


async def test_nobody_redrives_or_waives_without_saying_why(desk: Desk) -> None:
    async with desk.database.transaction() as uow:
        with pytest.raises(Refusal, match="say why"):
            await dead_letters.waive(uow, notebook.CONSUMER, desk.aggregate_type, "any", why=" ")


async def test_a_duplicate_of_a_dead_letter_is_ignored(desk: Desk) -> None:
    book = uuid4()
    await publish_bytes(desk, book, 1, GARBAGE)
    await publish_bytes(desk, book, 1, GARBAGE)
    await publish(desk, book, 2)
    async with desk.reading():
        await eventually(lambda: held(desk, 1))
    assert len(await open_letters(desk)) == 1


async def test_a_record_without_an_envelope_is_set_aside_and_can_only_be_waived(desk: Desk) -> None:
    book = uuid4()
    async with running_producer(desk.kafka) as producer:
        await producer.send_and_wait(desk.topic, key=str(book).encode(), value=b"", headers=[("x", b"\xfe")])
    async with desk.reading():
        (letter,) = await eventually(lambda: open_letters(desk))
    assert (letter["sequence"], letter["aggregate_type"]) == (None, desk.aggregate_type)
    async with desk.database.transaction() as uow:
        with pytest.raises(Refusal, match="only waived"):
            await dead_letters.redrive(uow, notebook.CONSUMER, desk.aggregate_type, str(book), why="try")
        assert await dead_letters.waive(uow, notebook.CONSUMER, desk.aggregate_type, str(book), why="not ours") == 1


async def test_a_bridge_without_state_retries_sets_aside_and_goes_on(desk: Desk) -> None:
    book, seen = uuid4(), []

    async def handle(fact: Any, _envelope: Envelope) -> None:
        seen.append(fact.line)
        if fact.line == 2:
            raise KeyError("never")

    async def third_seen() -> bool:
        return 3 in seen

    await publish(desk, book, 1, 2, 3)
    handlers = {desk.topic: {pb.LineWritten.DESCRIPTOR.full_name: handle}}
    async with running(StatelessConsumer(notebook.CONSUMER, handlers, desk.kafka).run):
        await eventually(third_seen)
    assert seen == [1, 2, 2, 2, 2, 2, 3]
    record = await first_in_dead_letter_topic(desk)
    assert dict(record.headers)["dlq-reason"] == b"FAILED: KeyError"
