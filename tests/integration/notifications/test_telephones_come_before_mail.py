"""The sender, over a real telephone gateway: whoever cannot be called is told otherwise at once; nobody rings twice."""

import asyncio
import signal
from collections.abc import Sequence
from dataclasses import replace

from hotline.casework.v1 import casework_service_pb2 as casework
from hotline.notifications.v1 import notifications_service_pb2 as pb
from policy.ladders import Channel
from services.notifications.model import Telephone
from tests.integration.notifications.conftest import WORKER, WORKER_EMAIL, Desk
from tests.integration.notifications.telephones import BUSY, NO_ANSWER, REFUSED
from tests.waiting import eventually

EMAIL, SMS = casework.CONTACT_CHANNEL_EMAIL, casework.CONTACT_CHANNEL_SMS
VOICE = casework.CONTACT_CHANNEL_VOICE
IN_ORDER = [VOICE, SMS, EMAIL]
SENT, FAILED = pb.DELIVERY_STATE_SENT, pb.DELIVERY_STATE_FAILED
DESK_PHONE, MOBILE = "+13125550142", "+13125550143"


async def with_telephones(desk: Desk, *, verified: bool = True) -> None:
    """The worker has a telephone for calls and one for texts."""
    calls, texts = Telephone(Channel.VOICE, DESK_PHONE, verified), Telephone(Channel.SMS, MOBILE, verified)
    await desk.know(WORKER, WORKER_EMAIL, calls, texts, version=2)


def came(delivery: pb.Delivery) -> Sequence[tuple[casework.ContactChannel.ValueType, int, str]]:
    return [(tries.channel, tries.attempts, tries.answer) for tries in delivery.tries]


async def test_whoever_has_a_telephone_is_called_and_hears_what_is_due(desk: Desk) -> None:
    await with_telephones(desk)
    await desk.notify("key", channels=IN_ORDER)
    async with desk.sending():
        sent = await desk.until("key", SENT)
    (call,) = desk.telephones.rung.values()
    assert call.text == "This is the hotline. 7, Z, K, 4, M: urgent call back is due Monday 2 March at 12:15."
    assert desk.telephones.called() == [("VOICE", DESK_PHONE)]
    assert (sent.channel, came(sent)) == (VOICE, [(VOICE, 1, "ACCEPTED")])
    assert desk.post_office.mails == []
    assert await desk.sent_by("key") == VOICE


async def test_busy_goes_to_the_next_channel_at_once_and_costs_no_retry(desk: Desk) -> None:
    """iris #546: a busy line used up the retries."""
    await with_telephones(desk)
    desk.telephones.lines = {DESK_PHONE: BUSY, MOBILE: NO_ANSWER}
    await desk.notify("key", channels=IN_ORDER)
    async with desk.sending():
        sent = await desk.until("key", SENT)
    assert desk.telephones.called() == [("VOICE", DESK_PHONE), ("SMS", MOBILE)]
    assert [mail["To"] for mail in desk.post_office.mails] == [WORKER_EMAIL]
    assert came(sent) == [(VOICE, 1, "BUSY"), (SMS, 1, "NO_ANSWER"), (EMAIL, 1, "ACCEPTED")]
    assert await desk.waits("key") == 0


async def test_after_a_round_in_vain_the_telephone_rings_anew(desk: Desk) -> None:
    await with_telephones(desk)
    desk.telephones.lines = {DESK_PHONE: BUSY, MOBILE: BUSY}
    await desk.post_office.close()
    await desk.notify("key", channels=IN_ORDER)
    async with desk.sending():

        async def a_round_was_in_vain() -> bool:
            return len(desk.telephones.rung) >= 2

        await eventually(a_round_was_in_vain)
        desk.telephones.lines = {}
        sent = await desk.until("key", SENT)
    assert desk.telephones.called()[-1] == ("VOICE", DESK_PHONE)
    assert sent.channel == VOICE
    assert await desk.waits("key") >= 1


async def test_nobody_waits_for_a_gateway_that_is_away(desk: Desk) -> None:
    await with_telephones(desk)
    await desk.telephones.close()
    await desk.notify("key", channels=IN_ORDER)
    async with desk.sending():
        sent = await desk.until("key", SENT)
    assert [mail["To"] for mail in desk.post_office.mails] == [WORKER_EMAIL]
    assert came(sent) == [(VOICE, 1, "NOT_NOW"), (SMS, 1, "NOT_NOW"), (EMAIL, 1, "ACCEPTED")]
    assert (await desk.waits("key"), sent.repeated) == (0, False)


async def test_the_last_resort_is_called_where_the_deployment_says_and_mailed_if_they_do_not_answer(desk: Desk) -> None:
    deployed = replace(desk, settings=desk.settings.model_copy(update={"last_resort_phone": DESK_PHONE}))
    values = {"since": "2026-03-02T18:00:00+00:00"}
    for key in ("answered", "busy"):
        await deployed.notify(key, None, template="NOBODY_LEFT", values=values, channels=[VOICE, EMAIL])
        async with deployed.sending():
            await deployed.until(key, SENT)
        desk.telephones.lines = {DESK_PHONE: BUSY}
    assert desk.telephones.called() == [("VOICE", DESK_PHONE)] * 2
    assert [mail["To"] for mail in desk.post_office.mails] == ["on-call-director@hotline.example"]


async def test_a_number_counts_only_once_it_was_proven(desk: Desk) -> None:
    await with_telephones(desk, verified=False)
    await desk.notify("key", channels=IN_ORDER)
    async with desk.sending():
        sent = await desk.until("key", SENT)
    assert (sent.channel, came(sent)) == (EMAIL, [(EMAIL, 1, "ACCEPTED")])
    assert not desk.telephones.rung


async def test_the_code_that_proves_a_number_goes_to_that_number(desk: Desk) -> None:
    await with_telephones(desk, verified=False)
    await desk.notify("key", template="VERIFY", values={"code": "048213"}, channels=[SMS])
    async with desk.sending():
        await desk.until("key", SENT)
    (text,) = desk.telephones.rung.values()
    assert (text.number, text.text) == (MOBILE, "Hotline: Your code is 048213")


async def test_a_sender_without_a_gateway_passes_telephones_over_at_once(desk: Desk) -> None:
    await with_telephones(desk)
    await desk.notify("key", channels=IN_ORDER)
    async with desk.sending(gateway=False):
        sent = await desk.until("key", SENT)
    assert (sent.channel, came(sent)) == (EMAIL, [(EMAIL, 1, "ACCEPTED")])


async def test_what_every_channel_refuses_for_good_fails_and_says_so(desk: Desk) -> None:
    await with_telephones(desk)
    desk.telephones.lines = {DESK_PHONE: REFUSED, MOBILE: REFUSED}
    desk.post_office.answers[WORKER_EMAIL] = "550 nobody here by that name"
    await desk.notify("key", channels=IN_ORDER)
    async with desk.sending():
        failed = await desk.until("key", FAILED)
    assert came(failed) == [(VOICE, 1, "NEVER"), (SMS, 1, "NEVER"), (EMAIL, 1, "NEVER")]
    assert failed.problem == "REFUSED: the mail server refused: 550"
    assert await desk.facts() == [("NotificationQueued", 1), ("NotificationFailed", 2)]


async def test_a_call_made_by_a_sender_that_was_killed_is_asked_for_again_and_does_not_ring_twice(desk: Desk) -> None:
    desk = desk.impatient()
    await with_telephones(desk)
    desk.telephones.answering.clear()
    await desk.notify("key", channels=IN_ORDER)

    async def rings() -> bool:
        return bool(desk.telephones.rung)

    async with desk.process("sender") as first:
        await eventually(rings)
        first.send_signal(signal.SIGKILL)
        assert await first.wait() == -signal.SIGKILL
    desk.telephones.answering.set()
    async with desk.sending():
        sent = await desk.until("key", SENT)
    assert desk.telephones.asked >= 2
    assert desk.telephones.called() == [("VOICE", DESK_PHONE)]
    assert (sent.channel, sent.repeated) == (VOICE, True)
    assert desk.post_office.mails == []


async def test_a_gateway_that_dies_while_it_rings_keeps_nobody_from_being_told(desk: Desk) -> None:
    desk = desk.impatient()
    await with_telephones(desk)
    desk.telephones.answering.clear()
    await desk.notify("key", channels=IN_ORDER)

    async def rings() -> bool:
        return bool(desk.telephones.rung)

    async with desk.sending():
        await eventually(rings)
        await desk.telephones.close()
        sent = await desk.until("key", SENT)
    assert len(desk.telephones.rung) == 1
    assert (sent.channel, sent.repeated) == (EMAIL, True)


async def test_people_are_told_independently_of_whose_telephone_rings(desk: Desk) -> None:
    """oncall #1503: one failed notification stopped the others."""
    await with_telephones(desk)
    desk.telephones.answering.clear()
    await desk.notify("rings", channels=IN_ORDER)
    async with desk.sending():
        await eventually(lambda: asyncio.sleep(0, bool(desk.telephones.rung)))
        await desk.notify("other")
        await desk.until("other", SENT)
        assert (await desk.delivery("rings")).state == pb.DELIVERY_STATE_SENDING
        desk.telephones.answering.set()
        await desk.until("rings", SENT)
