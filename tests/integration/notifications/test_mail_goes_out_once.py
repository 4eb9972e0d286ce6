"""The sender, over real SMTP: through refusals, outages and deaths, each message arrives, and arrives as one mail."""

import asyncio
import json
import signal
import sys
from datetime import UTC, datetime, timedelta
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from hotline.notifications.v1 import notifications_service_pb2 as pb
from tests.integration.notifications.conftest import (
    PROJECT,
    SUPERVISOR,
    SUPERVISOR_EMAIL,
    WORKER_EMAIL,
    Desk,
    serving,
    token_of,
)
from tests.stack import clean_environment
from tests.waiting import eventually

SENT, QUEUED, FAILED = pb.DELIVERY_STATE_SENT, pb.DELIVERY_STATE_QUEUED, pb.DELIVERY_STATE_FAILED


async def has_arrived(desk: Desk, count: int) -> bool:
    return len(desk.post_office.mails) >= count


async def test_a_message_becomes_one_mail_with_its_own_message_id(desk: Desk) -> None:
    delivery = await desk.notify("key")
    async with desk.sending():
        sent = await desk.until("key", SENT)
    (mail,) = desk.post_office.mails
    assert mail["Message-ID"] == delivery.message_id
    assert mail["To"] == WORKER_EMAIL
    assert mail["Subject"] == "7ZK4-M: urgent call back is due Mon 02 Mar 2026 12:15:00 CST"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert (sent.attempts, sent.repeated, sent.problem) == (1, False, "")
    assert await desk.facts() == [("NotificationQueued", 1), ("NotificationSent", 2)]


async def test_the_last_resort_is_the_packs_own(desk: Desk) -> None:
    await desk.notify("help", None, template="LAST_RESORT", values={"since": "2026-03-02T18:00:00+00:00"})
    async with desk.sending():
        await desk.until("help", SENT)
    assert desk.post_office.mails[0]["To"] == "on-call-director@hotline.example"


async def test_two_senders_send_one_mail_each(desk: Desk) -> None:
    keys = [f"key-{number}" for number in range(30)]
    async with desk.sending(), desk.sending():
        await asyncio.gather(*(desk.notify(key) for key in keys))
        for key in keys:
            await desk.until(key, SENT)
    assert len({mail["Message-ID"] for mail in desk.post_office.mails}) == len(desk.post_office.mails) == 30


async def test_a_mail_server_that_is_down_for_a_while_loses_nothing(desk: Desk) -> None:
    await desk.post_office.close()
    async with desk.sending():
        await desk.notify("key")

        async def waits_again() -> bool:
            delivery = await desk.delivery("key")
            return delivery.attempts >= 2 and delivery.state == QUEUED

        await eventually(waits_again)
        assert "no connection to the mail server" in (await desk.delivery("key")).problem
        await desk.post_office.open()
        sent = await desk.until("key", SENT)
    assert len(desk.post_office.mails) == 1
    assert not sent.repeated


async def test_a_sender_killed_between_data_and_record_is_followed_by_a_repetition_under_one_message_id(
    desk: Desk,
) -> None:
    """Primero, webhook_job: an ambiguous send is repeated only under a name by which it is known again."""
    desk = desk.impatient()
    desk.post_office.answering.clear()
    await desk.notify("key")
    async with desk.process("sender") as first:
        await eventually(lambda: has_arrived(desk, 1))
        first.send_signal(signal.SIGKILL)
        assert await first.wait() == -signal.SIGKILL
    assert (await desk.delivery("key")).state == pb.DELIVERY_STATE_SENDING
    desk.post_office.answering.set()
    async with desk.process("sender") as second:
        sent = await desk.until("key", SENT)
        second.send_signal(signal.SIGTERM)
        assert await second.wait() == 0
    assert sent.repeated
    assert {mail["Message-ID"] for mail in desk.post_office.mails} == {sent.message_id}
    assert len(desk.post_office.mails) == 2
    assert await desk.facts() == [("NotificationQueued", 1), ("NotificationSent", 2)]


async def test_an_answer_that_never_comes_makes_a_repetition(desk: Desk) -> None:
    desk = desk.impatient()
    desk.post_office.answering.clear()
    await desk.notify("key")
    async with desk.sending():
        await eventually(lambda: has_arrived(desk, 2))
        desk.post_office.answering.set()
        sent = await desk.until("key", SENT)
    assert sent.repeated
    assert {mail["Message-ID"] for mail in desk.post_office.mails} == {sent.message_id}


async def test_a_refusal_for_good_fails_and_says_so_in_a_fact(desk: Desk) -> None:
    desk.post_office.answers[WORKER_EMAIL] = "550 nobody here by that name"
    await desk.notify("key")
    async with desk.sending():
        failed = await desk.until("key", FAILED)
    assert failed.problem == "REFUSED: the mail server refused: 550"
    assert await desk.facts() == [("NotificationQueued", 1), ("NotificationFailed", 2)]


async def test_a_refusal_for_now_is_tried_again(desk: Desk) -> None:
    """Iris pull request #289: what failed was caught and logged, and never sent."""
    desk.post_office.answers[WORKER_EMAIL] = "451 come back later"
    await desk.notify("key")
    async with desk.sending():

        async def was_refused() -> bool:
            return "451" in (await desk.delivery("key")).problem

        await eventually(was_refused)
        del desk.post_office.answers[WORKER_EMAIL]
        sent = await desk.until("key", SENT)
    assert sent.attempts >= 2
    assert not sent.repeated


async def test_people_are_told_independently(desk: Desk) -> None:
    desk.post_office.answers[WORKER_EMAIL] = "451 come back later"
    await desk.notify("worker")
    await desk.notify("supervisor", SUPERVISOR)
    async with desk.sending():
        await desk.until("supervisor", SENT)
    assert [mail["To"] for mail in desk.post_office.mails] == [SUPERVISOR_EMAIL]


async def test_a_message_past_its_time_is_not_sent(desk: Desk) -> None:
    past = Timestamp()
    past.FromDatetime(datetime.now(UTC) - timedelta(seconds=1))
    await desk.notify("key", not_after=past)
    async with desk.sending():
        failed = await desk.until("key", FAILED)
    assert failed.problem.startswith("EXPIRED: ")
    assert desk.post_office.mails == []
    assert await desk.facts() == [("NotificationQueued", 1), ("NotificationFailed", 2)]


async def test_a_message_waits_until_it_is_known_how_its_person_is_reached(desk: Desk) -> None:
    newcomer = UUID(int=99)
    await desk.notify("newcomer", newcomer)
    await desk.notify("worker")
    async with desk.sending():
        await desk.until("worker", SENT)
        assert (await desk.delivery("newcomer")).state == QUEUED
        await desk.know(newcomer, "newcomer@office.hotline.invalid")
        await desk.until("newcomer", SENT)
    assert desk.post_office.mails[-1]["To"] == "newcomer@office.hotline.invalid"


async def test_an_older_reading_of_an_address_never_replaces_a_newer_one(desk: Desk) -> None:
    await desk.know(SUPERVISOR, "new@office.hotline.invalid", version=3)
    await desk.know(SUPERVISOR, "old@office.hotline.invalid", version=2)
    await desk.notify("key", SUPERVISOR)
    async with desk.sending():
        await desk.until("key", SENT)
    assert desk.post_office.mails[0]["To"] == "new@office.hotline.invalid"


async def test_a_message_to_somebody_of_whom_no_address_is_known_is_given_up_in_the_end(desk: Desk) -> None:
    await desk.notify("key", UUID(int=77))
    async with desk.database.transaction() as uow:
        await uow.execute("UPDATE notification SET requested_at = requested_at - interval '5 days'")
    async with desk.sending():
        failed = await desk.until("key", FAILED)
    assert failed.problem == "GAVE_UP: nobody knows where they are reached"
    assert await desk.facts() == [("NotificationQueued", 1), ("NotificationFailed", 2)]


async def typed(desk: Desk, port: int, *arguments: str) -> tuple[int, str]:
    """`hotline messages`, as a supervisor types it: its exit code and what it says."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", "messages", *arguments),
        cwd=PROJECT,
        env=clean_environment()
        | {
            "HOTLINE_NOTIFICATIONS_ADDRESS": f"127.0.0.1:{port}",
            "HOTLINE_TOKEN_FILE": str(desk.identity / "supervisor"),
            "COLUMNS": "300",
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return await process.wait(), said.decode()


async def test_what_was_refused_goes_out_once_somebody_has_mended_why(desk: Desk) -> None:
    """iris #289, primero `webhook_job`: what had failed was never tried again."""
    desk.post_office.answers[WORKER_EMAIL] = "550 no such person"
    await desk.notify("key")
    async with desk.sending():
        await desk.until("key", FAILED)
        desk.post_office.answers.clear()
        token = token_of(desk.identity, "SUPERVISOR")
        (desk.identity / "supervisor").write_text(token())
        async with serving(desk.settings, desk.database) as port:
            failed = await typed(desk, port, "--failed")
            mended = await typed(desk, port, "redrive", "key", "--why", "the mailbox was made")
            await desk.until("key", SENT)
            again = await typed(desk, port, "redrive", "key", "--why", "the mailbox was made")
            none_left = await typed(desk, port, "--failed", "--json")
    assert [code for code, _ in (failed, mended, again, none_left)] == [0, 0, 2, 0]
    assert "REFUSED: the mail server refused: 550" in failed[1]
    assert "WRONG_STATE" in again[1]
    assert json.loads(none_left[1]) == {"deliveries": []}
    assert len(desk.post_office.mails) == 1
    facts = [("NotificationQueued", 1), ("NotificationFailed", 2), ("NotificationQueued", 3), ("NotificationSent", 4)]
    assert await desk.facts() == facts
