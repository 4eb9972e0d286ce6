"""What the ledger tells others: one fact for each version of a promise, each with the promise's whole clock."""

from __future__ import annotations

from google.protobuf.message import Message

from chassis.contract import number, stamp
from chassis.unit_of_work import UnitOfWork
from hotline.casework.v1 import casework_events_pb2 as events
from hotline.casework.v1 import promise_pb2 as pb
from hotline.type.v1 import type_pb2
from policy.promise import (
    Acknowledge,
    Alarm,
    Attempt,
    Climb,
    Closing,
    ConfirmationNeeded,
    ConfirmLateEntry,
    Delegate,
    Effect,
    EscalateTo,
    Event,
    Extend,
    FellOverdue,
    Pause,
    Promise,
    RefuseLateEntry,
    Resume,
    Retier,
    RungWasEmpty,
    Void,
)

AGGREGATE = "casework.promise"
MADE = "MADE"

_MOVES: dict[type[Event], str] = {
    Acknowledge: "ACKNOWLEDGED",
    Alarm: "RESUMED",
    Attempt: "ATTEMPTED",
    ConfirmLateEntry: "CONFIRMED",
    Delegate: "DELEGATED",
    EscalateTo: "ESCALATED",
    Extend: "EXTENDED",
    Pause: "PAUSED",
    RefuseLateEntry: "REFUSED",
    Resume: "RESUMED",
    Retier: "RETIERED",
    RungWasEmpty: "CLIMBED",
    Void: "VOID",
}


def move(event: Event, effects: tuple[Effect, ...]) -> str:
    """The code of what happened, as facts and the timeline name it.

    An alarm is named after what it did: a rung climbed, the due time passed, or a hold or pause that ran out.
    """
    kinds = {type(effect) for effect in effects}
    if ConfirmationNeeded in kinds:
        return "AWAITING"
    if isinstance(event, Alarm):
        return "CLIMBED" if Climb in kinds else "OVERDUE" if FellOverdue in kinds else _MOVES[Alarm]
    return _MOVES[type(event)]


def clock(promise: Promise) -> pb.PromiseClock:
    """All that an alarm needs to know: the highest version wins."""
    return pb.PromiseClock(
        promise_id=str(promise.id),
        version=promise.version,
        state=number(pb.PromiseState, promise.state.value),
        next_instant=stamp(promise.next_instant),
    )


def verdict(closing: Closing) -> pb.Verdict.ValueType:
    """The verdict as contracts have it."""
    late = closing.verdict.value == "MET" and closing.recorded_late
    return pb.VERDICT_MET_RECORDED_LATE if late else number(pb.Verdict, closing.verdict.value)


async def say_made(uow: UnitOfWork, promise: Promise) -> None:
    """Version 1."""
    await _emit(
        uow,
        promise,
        events.PromiseMade(
            clock=clock(promise),
            kind=promise.kind,
            subject=_subject(promise),
            reference=promise.reference,
            office=promise.office or "",
            tier=number(type_pb2.Tier, promise.tier),
            received_at=stamp(promise.received_at),
            due_at=stamp(promise.due_at),
        ),
    )


async def say_moved(uow: UnitOfWork, promise: Promise, happened: str) -> None:
    """Every later version; the last one says how the promise ended."""
    closing = promise.closing
    if closing is None:
        await _emit(
            uow, promise, events.PromiseMoved(clock=clock(promise), event=happened, due_at=stamp(promise.due_at))
        )
        return
    await _emit(
        uow,
        promise,
        events.PromiseClosed(
            clock=clock(promise),
            kind=promise.kind,
            subject=_subject(promise),
            verdict=verdict(closing),
            due_at=stamp(promise.due_at),
            occurred_at=stamp(closing.occurred_at),
            recorded_at=stamp(closing.recorded_at),
        ),
    )


def _subject(promise: Promise) -> pb.Subject:
    return pb.Subject(type=promise.subject.type, id=promise.subject.id)


async def _emit(uow: UnitOfWork, promise: Promise, fact: Message) -> None:
    await uow.emit(fact, aggregate_type=AGGREGATE, aggregate_id=promise.id, sequence=promise.version)
