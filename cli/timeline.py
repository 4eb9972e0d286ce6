"""The timeline of one promise: what it is, its ladder, who was told how and why, what happened, what comes next."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import click
import grpc

from chassis import contract
from cli import output, session
from hotline.casework.v1 import casework_service_pb2 as pb
from hotline.casework.v1 import promise_pb2 as ledger
from hotline.casework.v1 import workforce_service_pb2 as workforce
from hotline.notifications.v1 import notifications_service_pb2 as notifications

# A promise is shown without it: who was told, and when, the ledger knows by itself.
_UNTOLD = (grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)

Deliveries = Mapping[str, notifications.Delivery]
"""What became of messages, by their keys."""

On = Mapping[str, Sequence[str]]
"""Who is on a rung now, by whom it tells; empty if that was not asked."""

_BY = {"EMAIL": "mail", "SMS": "text", "VOICE": "call"}
_LADDER = ("rung", "who", "instant", "climbed", "on it now")
_TOLD = ("rung", "cycle", "person", "climbed", "told", "how", "why")
_HAPPENED = ("recorded", "occurred", "event", "by", "what")
# Said elsewhere on the line, or too long for one.
_NOT_SHOWN = frozenset({"event", "by", "occurred_at", "timetable"})


async def print_timeline(answer: pb.GetPromiseResponse, now: datetime) -> None:
    """All that is known of one promise, for a person to read."""
    promise, names = answer.promise, await session.staff_names()
    deliveries = await _deliveries(promise.promise_id)
    output.table("Ladder", _LADDER, ladder(answer, await _who_is_on(promise), names))
    click.echo("")
    output.table("Told", _TOLD, (_told(told, names, deliveries) for told in answer.told))
    click.echo("")
    output.table("Happened", _HAPPENED, (_entry(entry, names) for entry in answer.history))
    click.echo(f"\n{comes_next(promise, now)}")


def ladder(answer: pb.GetPromiseResponse, on: On, names: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    """Each rung: whom it tells, its next (or only) instant, when it was climbed last, and who stands on it now."""
    climbed = {
        effect["rung"]: entry.recorded_at
        for entry in answer.history
        for effect in json.loads(entry.detail_json or "{}").get("effects", ())
        if effect["effect"] == "Climb"
    }
    for rung in answer.promise.rungs:
        people = (names.get(staff_id, staff_id) for staff_id in on.get(rung.who, ()))
        yield (
            rung.name,
            f"{rung.who} (reminder)" if rung.warning else rung.who,
            output.when(rung.at),
            output.when(climbed[rung.name]) if rung.name in climbed else "not yet",
            ", ".join(people) or ("NOBODY" if on else "-"),
        )


async def _who_is_on(promise: ledger.Promise) -> On:
    """Who would be told now on each rung, asked as the ladder asks; empty once it is closed: nobody is told."""
    if not promise.clock.HasField("next_instant"):
        return {}
    found = {}
    async with session.stub("workforce", at="casework") as stub:
        for who in sorted({rung.who for rung in promise.rungs}):
            request = workforce.WhoIsOnRequest(office=promise.office, owner=promise.owner, who=who)
            answer = await stub.WhoIsOn(request, timeout=session.TIMEOUT)
            found[who] = [person.staff_id for person in answer.people]
    return found


def comes_next(promise: ledger.Promise, now: datetime) -> str:
    """One sentence on what happens if nobody does anything."""
    clock = promise.clock
    if not clock.HasField("next_instant"):
        return f"Closed: {contract.word(ledger.Verdict, promise.verdict)}. Nothing more happens to it."
    then = f"{output.when(clock.next_instant)} ({output.countdown(clock.next_instant, now)})"
    return f"Next: {then}: {' and '.join(_then(promise))}"


def _then(promise: ledger.Promise) -> Iterator[str]:
    at, state = promise.clock.next_instant, promise.clock.state
    if state == ledger.PROMISE_STATE_PAUSED:
        yield "the clock runs again"
        return
    rungs = [rung for rung in promise.rungs if rung.at == at]
    for rung in rungs:
        yield f"{rung.who} is {'reminded' if rung.warning else 'told'} ({rung.name})"
    if promise.due_at == at and state != ledger.PROMISE_STATE_OVERDUE:
        yield "it falls overdue"
    if not rungs and promise.due_at != at:
        yield "the ladder goes on" if state == ledger.PROMISE_STATE_HELD else "the ledger is asked again"


async def _deliveries(promise_id: str) -> Deliveries:
    """What became of the messages; empty for those who may not read that, and while nobody can say."""
    async with session.stub("notifications") as stub:
        request = notifications.ListDeliveriesRequest(promise_id=promise_id)
        try:
            answer = await stub.ListDeliveries(request, timeout=session.TIMEOUT)
        except grpc.aio.AioRpcError as error:
            if error.code() not in _UNTOLD:
                raise
            return {}
    return {delivery.key: delivery for delivery in answer.deliveries}


def _told(told: ledger.Told, names: Mapping[str, str], deliveries: Deliveries) -> tuple[str, ...]:
    reached = output.when(told.told_at) or (f"not: {told.failed}" if told.failed else "not yet")
    return (
        told.rung,
        str(told.cycle),
        names.get(told.staff_id, told.staff_id),
        output.when(told.climbed_at),
        reached,
        how(told, deliveries.get(told.key)),
        told.why,
    )


def how(told: ledger.Told, delivery: notifications.Delivery | None) -> str:
    """By which channel somebody was told (or will be, as far as is known), by which text, and what came before."""
    if delivery is None:
        return _BY.get(told.channel, "mail")
    tries = f", {delivery.attempts} attempts" if delivery.attempts > 1 else ""
    in_vain = (f", {_by(each.channel)} {each.answer}" for each in delivery.tries if each.channel != delivery.channel)
    repeated = ", repeated" if delivery.repeated else ""
    return f"{_by(delivery.channel)} {delivery.template}{tries}{''.join(in_vain)}{repeated}"


def _by(channel: pb.ContactChannel.ValueType) -> str:
    return _BY[contract.word(pb.ContactChannel, channel or pb.CONTACT_CHANNEL_EMAIL)]


def _entry(entry: ledger.PromiseEntry, names: Mapping[str, str]) -> tuple[str, ...]:
    recorded, occurred = output.when(entry.recorded_at), output.when(entry.occurred_at)
    return (
        recorded,
        "" if occurred == recorded else occurred,
        entry.event,
        names.get(entry.actor, entry.actor),
        "; ".join(happened(json.loads(entry.detail_json), names)),
    )


def happened(detail: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[str]:
    """What an entry of the history says, beside its name: the values of the event, then what it brought about."""
    for name, value in detail.get("event", {}).items():
        if name in _NOT_SHOWN or not value:
            continue
        words = value.get("id", "") if isinstance(value, dict) else str(value)
        yield f"{name} {names.get(words, words)}"
    for effect in detail.get("effects", ()):
        yield _effect(effect)


def _effect(effect: Mapping[str, Any]) -> str:
    match effect["effect"]:
        case "Climb":
            return f"{'reminds' if effect['warning'] else 'tells'} {effect['who']} ({effect['rung']})"
        case "Passed":
            return f"passes the warning {effect['rung']}"
        case "NobodyLeft":
            return "nobody is left on the ladder"
        case "FellOverdue":
            return "falls overdue"
        case "ConfirmationNeeded":
            return "needs another person's confirmation"
        case "Close":
            return f"closed as {effect['closing']['verdict']}"
        case other:
            return str(other)
