"""Messages are checked, calls returned or directed, at a time that is safe; and an office can show how it did."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from chassis.contract import instant, stamp
from hotline.casework.v1 import casework_service_pb2 as pb
from hotline.casework.v1 import promise_pb2
from hotline.casework.v1 import workforce_service_pb2 as workforce_pb
from hotline.intake.v1 import intake_service_pb2 as intake_pb
from hotline.intake.v1.intake_events_pb2 import (
    ComplaintFiled,
)
from hotline.type.v1 import type_pb2
from tests.integration.casework.callers import asked, message_left, rings
from tests.integration.casework.conftest import DEADLINE, MONDAY, OFFICE, World, key, refused, told


async def check(world: World, promise: promise_pb2.Promise, by: str, **heard: Any) -> pb.CheckMessageResponse:
    request = pb.CheckMessageRequest(
        idempotency_key=key(),
        promise_id=promise.promise_id,
        **({"occurred_at": stamp(world.clock.now)} | heard),
    )
    return await (await world.person(by)).CheckMessage(request, timeout=DEADLINE)


async def signs_in(world: World, place: "workforce_pb.Place.ValueType" = workforce_pb.PLACE_OFFICE) -> int:
    request = workforce_pb.RecordPresenceRequest(idempotency_key=key(), staff_id=world.people.worker, place=place)
    stub = await world.at_work(world.people.worker)
    return (await stub.RecordPresence(request, timeout=DEADLINE)).unchecked_messages


async def sweeps(world: World, sweep: "workforce_pb.Sweep.ValueType") -> workforce_pb.RunSweepResponse:
    request = workforce_pb.RunSweepRequest(sweep=sweep, as_of=stamp(world.clock.now), every_minutes=60)
    return await (await world.sweeping()).RunSweep(request, timeout=DEADLINE)


def due(promise: promise_pb2.Promise) -> datetime:
    return instant(promise.due_at)


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (workforce_pb.PLACE_OFFICE, MONDAY + timedelta(minutes=15)),
        (workforce_pb.PLACE_AWAY, MONDAY + timedelta(hours=1)),
    ],
)
async def test_messages_are_checked_at_once_when_in_and_twice_a_day_when_away(
    world: World, place: "workforce_pb.Place.ValueType", expected: datetime
) -> None:
    """R082, R083: at 10:00 and 15:00 of a business day. Aselo #4616: every message waited for a fixed day."""
    await signs_in(world, place)

    assert due(await message_left(world)) == expected


async def test_whoever_comes_in_is_told_of_the_messages_that_wait(world: World) -> None:
    """R082."""
    await signs_in(world, workforce_pb.PLACE_AWAY)
    waiting = await message_left(world)
    await world.sent(await world.ring(waiting))
    world.clock.move(minutes=20)

    assert await signs_in(world) == 1

    answer = await world.ring(waiting)
    assert told(answer) == [("owner", world.people.worker)]
    await world.sent(answer)
    world.clock.move(minutes=1)
    await signs_in(world)
    assert told(await world.ring(waiting)) == []


async def test_of_the_absent_the_supervisor_checks_daily_and_takes_calls_and_messages_over(world: World) -> None:
    """R084-R086: the time they were received stays."""
    call, message = await asked(world), await message_left(world)
    await world.away(world.people.worker, days=7)
    later = await message_left(world, received_at=stamp(world.clock.move(hours=2)))
    assert due(later) == MONDAY + timedelta(days=1, hours=1)

    found = (await sweeps(world, workforce_pb.SWEEP_TAKE_OVER)).findings

    assert {finding.about for finding in found} == {call.promise_id, message.promise_id, later.promise_id}
    for before in (call, message, later):
        (after,) = await world.open_promises(before.subject.id)
        assert after.owner.staff_id == world.people.supervisor
        assert (after.received_at, after.due_at) == (before.received_at, before.due_at)
    assert told(await world.ring(call)) == [("owner", world.people.supervisor)]
    assert not (await sweeps(world, workforce_pb.SWEEP_TAKE_OVER)).findings


@pytest.mark.parametrize(
    ("urgent", "kind", "late"), [(True, "CALLBACK_URGENT", True), (False, "CALLBACK_STANDARD", False)]
)
async def test_whoever_hears_a_message_assesses_it_and_directs_the_call_which_is_owed_from_its_receipt(
    world: World, urgent: bool, kind: str, late: bool
) -> None:
    """R086: within one business day of its receipt, not of its hearing."""
    message = await message_left(world)
    world.clock.move(minutes=30)

    answer = await check(world, message, world.people.supervisor, urgent=urgent, to_staff_id=world.people.second)

    assert answer.checked.clock.state == promise_pb2.PROMISE_STATE_KEPT
    assert answer.callback.kind == kind
    assert answer.callback.received_at == message.received_at
    assert answer.callback.owner.staff_id == world.people.second
    assert (due(answer.callback) < world.clock.now) == late
    assert (await world.shown(answer.callback)).promise.caller_class == type_pb2.CALLER_CLASS_COURT


async def test_a_message_heard_long_before_it_is_entered_needs_a_reason_and_its_call_is_owed_at_once(
    world: World,
) -> None:
    """R085, R086: the check awaits another person's word, the caller does not."""
    message = await message_left(world)
    heard = stamp(world.clock.now)
    world.clock.move(minutes=20)

    async with refused("REASON_REQUIRED") as why:
        await check(world, message, world.people.worker, urgent=True, occurred_at=heard)
    answer = await check(
        world, message, world.people.worker, urgent=True, occurred_at=heard, late_reason="no line at the house"
    )

    assert list(why[0].fields) == ["late_reason"]
    assert answer.checked.clock.state == promise_pb2.PROMISE_STATE_AWAITS_CONFIRMATION
    assert answer.callback.kind == "CALLBACK_URGENT"
    assert (answer.callback.received_at, due(answer.callback)) == (message.received_at, MONDAY + timedelta(minutes=15))


async def test_a_message_that_asks_for_no_call_says_why(world: World) -> None:
    answer = await check(world, await message_left(world), world.people.worker, no_call_because="ANSWERED_BY_REPORT")

    assert not answer.HasField("callback")


async def test_a_message_is_not_checked_by_saying_so(world: World) -> None:
    """R085: whoever hears it assesses its urgency, and so the call that it asks for is owed."""
    promise = await message_left(world)

    async with refused("WRONG_STATE") as why:
        await world.attempt(promise, "CHECKED")

    assert "CheckMessage" in next(iter(why[0].fields.values()))
    assert (await world.shown(promise)).promise.clock.state == promise_pb2.PROMISE_STATE_OPEN


async def test_only_a_message_is_checked(world: World) -> None:
    async with refused("WRONG_STATE"):
        await check(world, await asked(world), world.people.worker)


async def test_a_missed_attempt_keeps_its_place_and_its_received_time(world: World) -> None:
    """Illinois, 2019: a caller who missed the call went to the back of the queue."""
    promise = await asked(world)
    world.clock.move(hours=1)

    after = await world.attempt(promise, "NO_ANSWER")

    assert (after.received_at, after.due_at) == (promise.received_at, promise.due_at)
    assert [rung.at for rung in after.rungs] == [rung.at for rung in promise.rungs]


async def test_a_call_that_is_safe_only_after_the_due_time_waits_until_then(world: World) -> None:
    """Illinois, 2019: a caller was rung at half past one at night."""
    safe_from = MONDAY + timedelta(hours=9)
    promise = await asked(
        world, urgent=True, safe_from=stamp(safe_from), safe_until=stamp(MONDAY + timedelta(hours=11))
    )

    assert promise.clock.state == promise_pb2.PROMISE_STATE_PAUSED
    assert instant(promise.clock.next_instant) == safe_from
    assert due(promise) == safe_from + timedelta(minutes=15)
    assert not (await world.ring(promise)).notices

    world.clock.now = safe_from
    (notice,) = (await world.ring(promise)).notices
    assert instant(notice.safe_until) == MONDAY + timedelta(hours=11)


async def test_a_safe_time_before_the_due_time_moves_nothing_and_is_told(world: World) -> None:
    safe = {"safe_from": stamp(MONDAY + timedelta(hours=2)), "safe_until": stamp(MONDAY + timedelta(hours=3))}
    promise = await asked(world, **safe)

    (notice,) = (await world.ring(promise)).notices

    assert due(promise) == MONDAY + timedelta(days=1)
    assert (notice.safe_from, notice.safe_until) == (safe["safe_from"], safe["safe_until"])


async def test_who_cannot_talk_safely_names_another_time(world: World) -> None:
    promise = await asked(world, urgent=True)
    evening = MONDAY + timedelta(hours=10)

    after = await world.attempt(promise, "NOT_SAFE_TO_TALK", safe_from=stamp(evening))

    assert after.received_at == promise.received_at
    assert due(after) == evening + timedelta(minutes=15)
    assert instant((await world.shown(promise)).promise.safe_from) == evening


async def test_a_call_that_is_safe_only_tomorrow_does_not_climb_all_night_because_it_was_heard_late(
    world: World,
) -> None:
    """R081: the caller said so when they asked; what took longer than the due time was on our side."""
    received_at, safe_from = MONDAY, MONDAY + timedelta(hours=18)
    world.clock.move(minutes=40)

    promise = await asked(world, urgent=True, received_at=stamp(received_at), safe_from=stamp(safe_from))

    assert promise.clock.state == promise_pb2.PROMISE_STATE_PAUSED
    assert (instant(promise.clock.next_instant), due(promise)) == (safe_from, safe_from + timedelta(minutes=15))
    assert not (await world.ring(promise)).notices
    world.clock.now = safe_from
    assert told(await world.ring(promise)) == [("owner", world.people.worker)]


@pytest.mark.parametrize(
    ("hours", "state", "due_after"),
    [
        (20, promise_pb2.PROMISE_STATE_PAUSED, timedelta(hours=20, minutes=10)),
        (6, promise_pb2.PROMISE_STATE_PAUSED, timedelta(hours=6, minutes=10)),
        (0.25, promise_pb2.PROMISE_STATE_OPEN, timedelta(minutes=20)),
    ],
    ids=["later", "earlier", "within the time that is left"],
)
async def test_the_time_that_a_caller_named_last_counts(
    world: World, hours: float, state: "promise_pb2.PromiseState.ValueType", due_after: timedelta
) -> None:
    """R081: five minutes after they asked they cannot talk before the evening, ten minutes after they name another."""
    promise = await asked(world, urgent=True)
    world.clock.move(minutes=5)
    await world.attempt(promise, "NOT_SAFE_TO_TALK", safe_from=stamp(MONDAY + timedelta(hours=10)))
    world.clock.move(minutes=5)

    after = await world.attempt(promise, "NOT_SAFE_TO_TALK", safe_from=stamp(MONDAY + timedelta(hours=hours)))

    assert after.clock.state == state
    assert due(after) == MONDAY + due_after


async def test_an_office_report_shows_kept_late_missed_and_linked_complaints(world: World) -> None:
    """R087-R089: for every class of caller."""
    classes = type_pb2.CALLER_CLASS_CLIENT, type_pb2.CALLER_CLASS_CLIENT, type_pb2.CALLER_CLASS_POLICE
    kept, late, missed = [
        await asked(world, urgent=True, reference=f"K7M2-000{n}", caller_class=caller)
        for n, caller in enumerate(classes)
    ]
    await world.attempt(kept)
    world.clock.move(hours=1)
    await world.attempt(late)
    await world.hears(
        ComplaintFiled(
            complaint_id=str(uuid4()),
            reference="C0MP-1A1N",
            contact_id=str(uuid4()),
            office=OFFICE,
            about=intake_pb.COMPLAINT_ABOUT_UNRETURNED_CALL,
            received_at=stamp(world.clock.now),
            about_reference=missed.reference,
        )
    )

    report = await office_report(world)

    rows = {row.caller_class: row for row in report.returned}
    clients, police = rows[type_pb2.CALLER_CLASS_CLIENT], rows[type_pb2.CALLER_CLASS_POLICE]
    assert (clients.received, clients.kept, clients.late, clients.missed) == (2, 1, 1, 0)
    assert (police.received, police.kept, police.late, police.missed) == (1, 0, 0, 1)
    assert [(link.about, link.promise_id) for link in report.complaints] == [("UNRETURNED_CALL", missed.promise_id)]


async def test_how_callers_are_answered_is_counted_and_too_few_raise_an_alarm(world: World) -> None:
    """R026, R027; the office is told once for each sweep."""
    for outcome in ("INFORMATION", "REPORT", "OTHER", "ABANDONED", "ABANDONED"):
        await rings(world, outcome)
    await rings(world, "ABANDONED", at=MONDAY - timedelta(hours=6))
    await message_left(world, live_person_offered=False)
    world.clock.move(minutes=30)

    answered = (await office_report(world)).answered
    swept = await sweeps(world, workforce_pb.SWEEP_ANSWERING)

    assert (answered.calls, answered.answered, answered.abandoned, answered.voicemail) == (6, 3, 2, 1)
    assert (answered.percent, answered.target_percent, answered.not_offered) == (50, 90, 1)
    assert dict(answered.voicemail_reasons) == {"UNINTERRUPTED_WORK": 1}
    assert [finding.code for finding in swept.findings] == ["ANSWERED_TOO_FEW"]
    # Nobody here has proven an address: whoever leads may hear of it, and the last resort must, while it can be mended.
    people = world.people
    assert [notice.staff_id for notice in swept.notices] == [people.supervisor, people.manager, people.director, ""]
    sms, voice = pb.CONTACT_CHANNEL_SMS, pb.CONTACT_CHANNEL_VOICE
    assert {tuple(notice.how) for notice in swept.notices} == {(sms, voice, pb.CONTACT_CHANNEL_EMAIL)}
    assert swept == await sweeps(world, workforce_pb.SWEEP_ANSWERING)


async def office_report(world: World) -> pb.GetOfficeReportResponse:
    request = pb.GetOfficeReportRequest(
        office=OFFICE, since=stamp(MONDAY - timedelta(days=1)), until=stamp(MONDAY + timedelta(days=1))
    )
    return await (await world.person(world.people.manager)).GetOfficeReport(request, timeout=DEADLINE)
