"""ClimbRung: whoever asks how often, each rung is climbed once and nobody is told twice."""

import asyncio
import json
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from chassis.contract import instant
from hotline.casework.v1 import casework_service_pb2 as pb
from hotline.casework.v1 import promise_pb2
from hotline.type.v1 import type_pb2
from policy import lateness
from tests.integration.casework.conftest import DEADLINE, OFFICE, World, key, refused, told


async def test_a_repeated_question_gets_the_recorded_people(world: World) -> None:
    promise = await world.promise()
    as_of = world.clock.now
    first = await world.ring(promise, as_of)
    await world.sent(first)
    world.clock.move(minutes=2)

    again = await world.ring(promise, as_of)

    assert first.outcome == pb.CLIMB_OUTCOME_CLIMBED
    assert again == first


async def test_twenty_questions_at_once_climb_once(world: World) -> None:
    promise = await world.promise()

    answers = await asyncio.gather(*(world.ring(promise) for _ in range(20)))

    assert len({answer.SerializeToString(deterministic=True) for answer in answers}) == 1
    shown = await world.shown(promise)
    assert [entry.event for entry in shown.history] == ["MADE", "CLIMBED"]
    assert [(row.rung, row.staff_id) for row in shown.told] == [("owner", world.people.worker)]


async def test_twenty_questions_at_different_instants_climb_each_rung_once(world: World) -> None:
    promise = await world.promise()
    start = world.clock.now
    world.clock.move(minutes=20)

    await asyncio.gather(*(world.ring(promise, start.replace(minute=minute)) for minute in range(20)))

    rows = (await world.shown(promise)).told
    assert Counter((row.rung, row.staff_id) for row in rows) == {
        ("owner", world.people.worker): 1,
        ("supervisor", world.people.supervisor): 1,
        ("manager", world.people.manager): 1,
    }


async def test_an_early_question_is_answered_with_the_clock(world: World) -> None:
    promise = await world.promise()
    await world.sent(await world.ring(promise))
    world.clock.move(minutes=1)

    answer = await world.ring(promise)

    assert answer.outcome == pb.CLIMB_OUTCOME_NOT_YET
    assert not answer.notices
    assert instant(answer.clock.next_instant) == instant(promise.received_at).replace(minute=10)


async def test_whoever_is_not_known_to_be_told_is_named_again(world: World) -> None:
    """A crash between ClimbRung and Notify loses nobody: every run first notifies the untold."""
    promise = await world.promise()
    first = await world.ring(promise)
    world.clock.move(minutes=1)

    before = await world.ring(promise)
    await world.sent(before)
    after = await world.ring(promise)

    assert [notice.key for notice in before.notices] == [notice.key for notice in first.notices]
    assert not after.notices


async def test_nobody_is_told_twice_of_one_rung_in_one_cycle(world: World) -> None:
    """The supervisor stands in for an absent owner, and still hears of the supervisor's own rung once."""
    await world.away(world.people.worker)
    promise = await world.promise()
    keys = []
    for _ in range(3):
        answer = await world.ring(promise)
        keys += [notice.key for notice in answer.notices]
        await world.sent(answer)
        world.clock.move(minutes=10)

    assert len(keys) == len(set(keys))


async def test_a_rungs_channels_come_with_whom_it_tells_and_again_with_the_untold(world: World) -> None:
    by_telephone = [pb.CONTACT_CHANNEL_VOICE, pb.CONTACT_CHANNEL_SMS, pb.CONTACT_CHANNEL_EMAIL]
    urgent, standard = await world.promise(), await world.promise(kind="CALLBACK_STANDARD")

    (called,) = (await world.ring(urgent)).notices
    (mailed,) = (await world.ring(standard)).notices
    world.clock.move(minutes=1)
    (still_untold,) = (await world.ring(urgent)).notices

    assert list(called.how) == list(still_untold.how) == by_telephone
    assert list(mailed.how) == [pb.CONTACT_CHANNEL_EMAIL]


async def test_a_person_on_several_rungs_climbed_together_gets_one_message_naming_the_oldest(world: World) -> None:
    await world.away(world.people.worker)
    promise = await world.promise()
    world.clock.move(minutes=12)

    answer = await world.ring(promise)

    assert told(answer) == [("owner", world.people.supervisor)]
    assert {row.rung for row in (await world.shown(promise)).told} == {"owner", "supervisor"}


async def test_a_closed_promise_can_never_climb(world: World) -> None:
    promise = await world.promise()
    await world.attempt(promise)
    world.clock.move(days=3)

    answer = await world.ring(promise)

    assert answer.outcome == pb.CLIMB_OUTCOME_CLOSED
    assert not answer.notices
    assert answer.clock.state == promise_pb2.PROMISE_STATE_KEPT


async def test_the_ledger_answers_by_the_instant_it_is_asked_about_not_by_its_own_clock(world: World) -> None:
    promise = await world.promise()
    later = world.clock.now.replace(minute=11)

    answer = await world.ring(promise, later)

    assert [rung for rung, _ in told(answer)] == ["owner", "supervisor"]


async def test_what_an_alarm_asked_in_vain_until_the_ledger_was_back_is_recorded_when_it_was_heard(
    world: World,
) -> None:
    """R113: the certificate says that the rung was climbed late, and a repeated question still gets its answer."""
    promise = await world.promise()
    as_of = world.clock.now
    heard_at = world.clock.move(seconds=50)

    first = await world.ring(promise, as_of)
    await world.sent(first)
    again = await world.ring(promise, as_of)

    shown = await world.shown(promise)
    assert again == first
    assert instant(shown.history[-1].recorded_at) == heard_at
    assert instant(shown.history[-1].occurred_at) == as_of
    assert [instant(row.climbed_at) for row in shown.told] == [heard_at]
    await world.attempt(promise)
    stub = await world.service()
    wanted = pb.GetCertificateRequest(promise_id=promise.promise_id)
    signed = json.loads((await stub.GetCertificate(wanted, timeout=DEADLINE)).certificate_json)
    reasons = lateness.reasons(signed["body"], {}, world.clock.now)
    assert [reason.late for reason in reasons if reason.code == "ALARM_LATE"] == [timedelta(seconds=50)]


async def test_an_absent_owners_first_rung_is_the_supervisor(world: World) -> None:
    await world.away(world.people.worker)
    promise = await world.promise()

    answer = await world.ring(promise)

    assert told(answer) == [("owner", world.people.supervisor)]
    assert (await world.shown(promise)).told[0].why == "owner absent: the owner's supervisor"


async def test_an_empty_rung_is_climbed_past_at_once(world: World) -> None:
    await world.away(world.people.supervisor)
    promise = await world.promise()
    await world.sent(await world.ring(promise))
    world.clock.move(minutes=10)

    answer = await world.ring(promise)

    assert told(answer) == [("manager", world.people.manager)]
    assert [entry.event for entry in (await world.shown(promise)).history] == ["MADE", "CLIMBED", "CLIMBED", "CLIMBED"]


async def test_when_every_rung_is_empty_the_answer_says_that_nobody_is_left(empty_world: World) -> None:
    promise = await empty_world.promise(owner=type_pb2.Owner(queue=f"SCREENER:{OFFICE}"))

    answer = await empty_world.ring(promise)

    assert answer.nobody_left
    assert answer.nobody_left_version == answer.clock.version
    assert not answer.notices
    assert await empty_world.ring(promise) == answer
    assert answer.clock.HasField("next_instant")


@pytest.mark.parametrize("way", ["escalated", "delegated", "retiered"])
async def test_whoever_brings_a_ladder_to_its_end_nobody_being_there_is_known_before_its_next_instant(
    world: World, way: str
) -> None:
    promise = await world.promise("SCREENING_DECISION", tier=type_pb2.TIER_T2)
    await world.sent(await world.ring(promise))
    for staff_id in world.people.roles():
        await world.away(staff_id)
    world.clock.move(minutes=1)
    await by_hand(world, promise, way)
    world.clock.move(seconds=1)

    answer = await world.ring(promise)

    assert answer.outcome == pb.CLIMB_OUTCOME_NOT_YET
    assert not answer.nobody_left
    assert answer.nobody_left_version == answer.clock.version
    world.clock.move(seconds=1)
    assert (await world.ring(promise)).nobody_left_version == answer.nobody_left_version
    await world.hire(str(uuid4()), "DIRECTOR")
    await by_hand(world, promise, "escalated")
    world.clock.move(seconds=1)
    assert not (await world.ring(promise)).nobody_left_version


async def by_hand(world: World, promise: promise_pb2.Promise, way: str) -> None:
    """A supervisor escalates to the top, hands it over, or makes it more urgent."""
    stub = await world.person(world.people.supervisor)
    of: dict[str, Any] = {"idempotency_key": key(), "promise_id": promise.promise_id}
    if way == "escalated":
        await stub.EscalateTo(pb.EscalateToRequest(**of, rung=promise.rungs[-1].name), timeout=DEADLINE)
    elif way == "delegated":
        request = pb.DelegatePromiseRequest(**of, to_staff_id=world.people.second)
        await stub.DelegatePromise(request, timeout=DEADLINE)
    else:
        await stub.RetierPromise(pb.RetierPromiseRequest(**of, tier=type_pb2.TIER_T1), timeout=DEADLINE)


async def test_a_question_about_no_promise_is_refused(world: World) -> None:
    async with refused("NOT_FOUND"):
        await world.ring(promise_pb2.Promise(promise_id="00000000-0000-7000-8000-0000000000ff"))
