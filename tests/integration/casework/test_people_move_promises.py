"""What people do to a promise, through the calls: hold it, hand it over, move it, enter it late, void it."""

from datetime import timedelta
from typing import Any

from chassis.contract import instant, stamp
from hotline.casework.v1 import casework_service_pb2 as pb
from hotline.casework.v1 import promise_pb2
from hotline.casework.v1.promise_pb2 import Promise, Subject
from hotline.type.v1 import type_pb2
from tests.integration.casework.conftest import DEADLINE, OFFICE, World, key, refused, told


async def acknowledge(world: World, promise: Promise, by: str) -> Promise:
    stub = await world.person(by)
    request = pb.AcknowledgePromiseRequest(idempotency_key=key(), promise_id=promise.promise_id)
    return (await stub.AcknowledgePromise(request, timeout=DEADLINE)).promise


async def delegate(world: World, promise: Promise, to: str) -> Promise:
    stub = await world.person(world.people.supervisor)
    request = pb.DelegatePromiseRequest(idempotency_key=key(), promise_id=promise.promise_id, to_staff_id=to)
    return (await stub.DelegatePromise(request, timeout=DEADLINE)).promise


async def finding(world: World) -> Promise:
    """A promise of sixty days."""
    return await world.promise("FINDING", subject=Subject(type="investigation", id=key()), tier=type_pb2.TIER_T2)


async def call(world: World, method: str, request: Any, by: str) -> Any:
    return await getattr(await world.person(by), method)(request, timeout=DEADLINE)


async def test_acknowledged_is_not_kept_and_the_ladder_resumes(world: World) -> None:
    promise = await world.promise()
    await world.sent(await world.ring(promise))

    held = await acknowledge(world, promise, world.people.worker)
    world.clock.move(minutes=10)
    during = await world.ring(promise)
    world.clock.move(minutes=5)
    after = await world.ring(promise)

    assert held.clock.state == promise_pb2.PROMISE_STATE_HELD
    assert during.outcome == pb.CLIMB_OUTCOME_HELD
    assert not during.notices
    assert told(after) == [("supervisor", world.people.supervisor)]


async def test_delegation_tells_the_new_owner_at_once_and_keeps_the_received_time(world: World) -> None:
    """R086."""
    promise = await world.promise("CALLBACK_STANDARD")
    first = await world.ring(promise)
    world.clock.move(minutes=30)

    moved = await delegate(world, promise, world.people.second)
    answer = await world.ring(promise)

    assert moved.owner.staff_id == world.people.second
    assert moved.received_at == promise.received_at
    assert moved.due_at == promise.due_at
    assert moved.cycle == 2
    assert told(first) == [("owner", world.people.worker)]
    assert told(answer) == [("owner", world.people.second)]


async def test_a_promise_is_delegated_only_to_somebody_who_is_registered(world: World) -> None:
    promise = await world.promise()

    async with refused("NOT_FOUND"):
        await delegate(world, promise, "00000000-0000-7000-8000-0000000000ff")


async def test_a_chosen_rung_is_told_now(world: World) -> None:
    """R101: the next contact on request."""
    promise = await world.promise()
    await world.sent(await world.ring(promise))
    world.clock.move(minutes=1)

    request = pb.EscalateToRequest(idempotency_key=key(), promise_id=promise.promise_id, rung="manager")
    await call(world, "EscalateTo", request, world.people.worker)

    assert told(await world.ring(promise)) == [("manager", world.people.manager)]


async def test_while_an_acknowledgement_holds_only_whom_somebody_asked_for_is_told(world: World) -> None:
    """Nobody is told again while it holds; an escalation is another matter."""
    promise = await world.promise()
    await world.ring(promise)
    await acknowledge(world, promise, world.people.worker)
    world.clock.move(minutes=1)
    quiet = await world.ring(promise)
    request = pb.EscalateToRequest(idempotency_key=key(), promise_id=promise.promise_id, rung="manager")
    await call(world, "EscalateTo", request, world.people.worker)

    answer = await world.ring(promise)

    assert (quiet.outcome, told(quiet)) == (pb.CLIMB_OUTCOME_HELD, [])
    assert (answer.outcome, told(answer)) == (pb.CLIMB_OUTCOME_HELD, [("manager", world.people.manager)])


async def test_a_finding_is_extended_once_as_the_pack_allows(world: World) -> None:
    promise = await finding(world)

    def ask() -> pb.ExtendPromiseRequest:
        return pb.ExtendPromiseRequest(
            idempotency_key=key(), promise_id=promise.promise_id, days=30, reason="laboratory report outstanding"
        )

    extended = (await call(world, "ExtendPromise", ask(), world.people.supervisor)).promise

    assert instant(extended.due_at) == instant(promise.due_at) + timedelta(days=30)
    async with refused("NOT_IN_PACK"):
        await call(world, "ExtendPromise", ask(), world.people.supervisor)


async def test_a_pause_for_a_legal_reason_moves_the_due_time_and_ends_early_when_resumed(world: World) -> None:
    promise = await finding(world)
    until = world.clock.now + timedelta(days=10)

    def ask(reason: str) -> pb.PausePromiseRequest:
        return pb.PausePromiseRequest(
            idempotency_key=key(), promise_id=promise.promise_id, reason=reason, until=stamp(until)
        )

    async with refused("NOT_IN_PACK"):
        await call(world, "PausePromise", ask("HOLIDAY"), world.people.supervisor)
    paused = (await call(world, "PausePromise", ask("COURT_ORDER"), world.people.supervisor)).promise
    world.clock.move(days=4)
    answer = await world.ring(promise)
    resume = pb.ResumePromiseRequest(idempotency_key=key(), promise_id=promise.promise_id)
    resumed = (await call(world, "ResumePromise", resume, world.people.supervisor)).promise

    assert answer.outcome == pb.CLIMB_OUTCOME_PAUSED
    assert instant(paused.due_at) == instant(promise.due_at) + timedelta(days=10)
    assert instant(resumed.due_at) == instant(promise.due_at) + timedelta(days=4)


async def test_an_upgrade_only_moves_a_promise_earlier(world: World) -> None:
    promise = await world.promise(
        "FIRST_CONTACT", subject=Subject(type="investigation", id=key()), tier=type_pb2.TIER_T3
    )

    def to(tier: type_pb2.Tier.ValueType) -> pb.RetierPromiseRequest:
        return pb.RetierPromiseRequest(idempotency_key=key(), promise_id=promise.promise_id, tier=tier)

    upgraded = (await call(world, "RetierPromise", to(type_pb2.TIER_T1), world.people.supervisor)).promise

    assert instant(upgraded.due_at) == instant(promise.received_at) + timedelta(hours=24)
    assert upgraded.tier == type_pb2.TIER_T1
    async with refused("ONLY_EARLIER"):
        await call(world, "RetierPromise", to(type_pb2.TIER_T4), world.people.supervisor)


async def test_the_tier_of_an_overdue_promise_is_not_lowered_though_its_last_rung_repeats(world: World) -> None:
    """R038: FIRST_CONTACT has one due time at T0 and T1, and a repeated rung stands later than any new one."""
    promise = await world.promise("FIRST_CONTACT", tier=type_pb2.TIER_T0)
    for hours in (0, 25, 5):
        world.clock.move(hours=hours)
        await world.ring(promise)

    for tier in (type_pb2.TIER_T0, type_pb2.TIER_T1):
        request = pb.RetierPromiseRequest(idempotency_key=key(), promise_id=promise.promise_id, tier=tier)
        async with refused("ONLY_EARLIER"):
            await call(world, "RetierPromise", request, world.people.supervisor)
    assert (await world.shown(promise)).promise.tier == type_pb2.TIER_T0


async def test_an_outcome_that_is_mistyped_is_refused_and_those_there_are_are_named(world: World) -> None:
    promise = await world.promise()

    async with refused("NOT_IN_PACK") as why:
        await world.attempt(promise, "REACHD")

    assert list(why[0].fields) == ["outcome"]
    assert "BUSY, LEFT_MESSAGE, NOT_SAFE_TO_TALK, NO_ANSWER, REACHED, WRONG_NUMBER" in why[0].fields["outcome"]
    assert [entry.event for entry in (await world.shown(promise)).history] == ["MADE"]


async def test_a_late_entry_needs_a_reason_and_another_person(world: World) -> None:
    promise = await world.promise("CALLBACK_STANDARD")
    said = stamp(world.clock.now)
    world.clock.move(hours=1)

    async with refused("REASON_REQUIRED") as why:
        await world.attempt(promise, occurred_at=said)
    entered = await world.attempt(promise, occurred_at=said, late_reason="no signal at the house")

    def judge(confirmed: bool) -> pb.ConfirmLateEntryRequest:
        return pb.ConfirmLateEntryRequest(idempotency_key=key(), promise_id=promise.promise_id, confirmed=confirmed)

    confirmed = (await call(world, "ConfirmLateEntry", judge(True), world.people.supervisor)).promise

    assert "late_reason" in why[0].fields
    assert entered.clock.state == promise_pb2.PROMISE_STATE_AWAITS_CONFIRMATION
    assert confirmed.verdict == promise_pb2.VERDICT_MET_RECORDED_LATE


async def test_nobody_confirms_their_own_late_entry(world: World) -> None:
    promise = await world.promise("CALLBACK_STANDARD")
    said = stamp(world.clock.now)
    world.clock.move(hours=1)
    supervisor = world.people.supervisor
    await world.attempt(promise, by=supervisor, occurred_at=said, late_reason="took the call on the road")

    request = pb.ConfirmLateEntryRequest(idempotency_key=key(), promise_id=promise.promise_id, confirmed=True)
    async with refused("FOUR_EYES"):
        await call(world, "ConfirmLateEntry", request, supervisor)


async def test_a_refused_late_entry_resumes_the_ladder(world: World) -> None:
    promise = await world.promise()
    said = stamp(world.clock.now)
    world.clock.move(minutes=16)
    await world.attempt(promise, occurred_at=said, late_reason="line was dead")
    request = pb.ConfirmLateEntryRequest(
        idempotency_key=key(), promise_id=promise.promise_id, confirmed=False, reason="the caller says otherwise"
    )

    refusal = (await call(world, "ConfirmLateEntry", request, world.people.supervisor)).promise
    answer = await world.ring(promise)

    assert refusal.clock.state == promise_pb2.PROMISE_STATE_OPEN
    assert "manager" in [rung for rung, _ in told(answer)]


async def test_an_act_in_the_future_is_impossible(world: World) -> None:
    promise = await world.promise()

    async with refused("IMPOSSIBLE_TIME") as why:
        await world.attempt(promise, occurred_at=stamp(world.clock.now + timedelta(minutes=1)))
    assert list(why[0].fields) == ["occurred_at"]


async def test_a_void_promise_says_who_and_why_and_stays_closed(world: World) -> None:
    promise = await world.promise()
    request = pb.VoidPromiseRequest(idempotency_key=key(), promise_id=promise.promise_id, reason="asked for twice")

    void = (await call(world, "VoidPromise", request, world.people.supervisor)).promise

    assert void.verdict == promise_pb2.VERDICT_VOID
    last = (await world.shown(promise)).history[-1]
    assert (last.event, last.actor) == ("VOID", world.people.supervisor)
    assert "asked for twice" in last.detail_json
    async with refused("PROMISE_CLOSED"):
        await world.attempt(promise)


async def test_a_kind_the_pack_does_not_know_is_refused(world: World) -> None:
    async with refused("NOT_IN_PACK"):
        await world.promise("TEA_BREAK")


async def test_a_promise_received_before_any_pack_was_in_force_is_refused(world: World) -> None:
    async with refused("PACK_UNUSABLE"):
        await world.promise(received_at=stamp(world.clock.now.replace(year=1990)))


async def test_the_same_key_is_one_attempt_and_another_body_is_refused(world: World) -> None:
    promise = await world.promise()
    stub = await world.person(world.people.worker)
    request = pb.RecordAttemptRequest(
        idempotency_key=key(),
        promise_id=promise.promise_id,
        outcome="BUSY",
        occurred_at=stamp(world.clock.now),
    )
    first = await stub.RecordAttempt(request, timeout=DEADLINE)
    second = await stub.RecordAttempt(request, timeout=DEADLINE)

    assert first == second
    assert len((await world.shown(promise)).history) == 2
    request.outcome = "REACHED"
    async with refused("IDEMPOTENCY_KEY_REUSED"):
        await stub.RecordAttempt(request, timeout=DEADLINE)


async def test_promises_are_listed_by_due_time_and_by_what_they_are_about(world: World) -> None:
    standard = await world.promise("CALLBACK_STANDARD", reference="A")
    urgent = await world.promise("CALLBACK_URGENT", reference="B")
    kept = await world.promise("CALLBACK_URGENT", reference="C")
    await world.attempt(kept)
    stub = await world.service()

    async def listed(**asked: Any) -> list[str]:
        answer = await stub.ListPromises(pb.ListPromisesRequest(**asked), timeout=DEADLINE)
        return [promise.reference for promise in answer.promises]

    soon = stamp(world.clock.now + timedelta(minutes=30))
    assert await listed(open_only=True) == ["B", "A"]
    assert await listed(open_only=True, due_before=soon) == ["B"]
    assert await listed(reference="C") == ["C"]
    assert await listed(subject_id=standard.subject.id) == ["A"]
    assert await listed(office="elsewhere") == []
    assert await listed(office=OFFICE, limit=1) in (["B"], ["C"])
    assert urgent.promise_id != standard.promise_id
