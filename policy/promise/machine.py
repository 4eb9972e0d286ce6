"""The promise as a state machine: `born` makes one, `step` is everything that can happen to it.

Pure: the ledger calls it under the row's lock, the simulation and the property tests call the same function. First time
passes (a hold or a pause that has run out ended at its own instant, not at the late moment we hear of it), then the
event happens. Only a person's act closes a promise; no passing of time ever does.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never
from uuid import UUID

from policy.ladders import Terms
from policy.packs import PackRef
from policy.promise.climbing import climb_past, climbed_again, climbed_now, owners_rung, ring, rung_named, sound
from policy.promise.events import (
    Acknowledge,
    Alarm,
    Attempt,
    Close,
    ConfirmationNeeded,
    ConfirmLateEntry,
    Delegate,
    EscalateTo,
    Event,
    Extend,
    NothingDue,
    Pause,
    PromiseRefused,
    Reason,
    RefuseLateEntry,
    Resume,
    Retier,
    RungWasEmpty,
    Step,
    Void,
    Waiting,
)
from policy.promise.state import Act, Closing, Owner, Promise, Stop, Subject, Timetable, Verdict, utc


def born(
    *,
    id: UUID,  # noqa: A002 - the field's own name
    kind: str,
    subject: Subject,
    reference: str,
    owner: Owner,
    received_at: datetime,
    timetable: Timetable,
    terms: Terms,
    pack: PackRef,
    now: datetime,
    office: str | None = None,
    tier: str | None = None,
    presence: str | None = None,
) -> Step:
    """A new promise, open, nobody told yet: its first instant may have passed already, then the alarm rings at once."""
    timetable = sound(timetable)
    return Step(
        Promise(
            id=id,
            kind=kind,
            subject=subject,
            reference=reference,
            owner=owner,
            office=office,
            tier=tier,
            pack=pack,
            terms=terms,
            received_at=utc(received_at),
            made_at=utc(now),
            first_due_at=timetable.due_at,
            timetable=timetable,
            first_tier=tier,
            presence=presence,
        )
    )


def step(promise: Promise, event: Event, now: datetime) -> Step:
    """The promise after `event` at `now`, its version one higher.

    PromiseRefused if the event is not allowed as things stand, NothingDue if an alarm rings too early or for nothing.
    """
    now = utc(now)
    if isinstance(event, Alarm):
        _must_be_time(promise, now)
    if promise.closing:
        raise PromiseRefused(
            Reason.PROMISE_CLOSED, f"closed at {promise.closing.closed_at}: nothing more happens to it"
        )
    after = _happen(_time_passed(promise, now), event, now)
    return replace(after, promise=replace(after.promise, version=promise.version + 1))


def _happen(promise: Promise, event: Event, now: datetime) -> Step:
    match event:
        case Alarm():
            return ring(promise, now)
        case RungWasEmpty():
            return climb_past(promise, event.rung, now)
        case Acknowledge():
            return _acknowledge(promise, event, now)
        case Attempt():
            return _attempt(promise, event, now)
        case ConfirmLateEntry():
            return _confirm(promise, event, now)
        case RefuseLateEntry():
            return _refuse(promise, event, now)
        case Delegate():
            return _delegate(promise, event, now)
        case EscalateTo():
            return _escalate(promise, event, now)
        case Extend():
            return _extend(promise, event, now)
        case Pause():
            return _pause(promise, event, now)
        case Resume():
            return _resume(promise, now)
        case Retier():
            return _retier(promise, event, now)
        case Void():
            return _void(promise, event, now)
        case _:
            assert_never(event)


def _time_passed(promise: Promise, now: datetime) -> Promise:
    """A pause or a hold that has run out has ended, at the instant at which it was to end."""
    if promise.stop and now >= promise.stop.until:
        promise = replace(promise, stop=None)
    if promise.held_until and now >= promise.held_until:
        promise = _released(promise, promise.held_until)
    return promise


def _held(promise: Promise, now: datetime) -> Promise:
    """The ladder holds for the pack's time, never beyond the due time: after that there is nothing left to hold."""
    if now >= promise.due_at:
        return promise
    return replace(promise, held_until=min(now + promise.timetable.acknowledgement, promise.due_at))


def _released(promise: Promise, at: datetime) -> Promise:
    """The ladder resumes at its next rung, no earlier than `at`; later rungs keep their spacing.

    A warning the hold has outlived delays nobody: it is the escalation that must not be crowded, not the reminder.
    """
    if not promise.held_until:
        return promise
    pending = promise.timetable.pending
    first = next(index for index, rung in enumerate(pending) if not rung.warning)
    lost = max(timedelta(0), at - pending[first].at)
    table = promise.timetable.delayed(lost, pending[first:])
    return replace(promise, held_until=None, acknowledged=(), timetable=table)


def _must_be_time(promise: Promise, now: datetime) -> None:
    instant = promise.next_instant
    if instant is None:
        raise NothingDue(Waiting.CLOSED)
    if now < instant:
        raise NothingDue(Waiting.PAUSED if promise.stop else Waiting.HELD if promise.held_until else Waiting.NOT_YET)


def _acknowledge(promise: Promise, event: Acknowledge, now: datetime) -> Step:
    if promise.stop:
        raise PromiseRefused(Reason.WRONG_STATE, f"stopped until {promise.stop.until}: there is no ladder to hold")
    if promise.held_until:
        raise PromiseRefused(Reason.WRONG_STATE, f"already acknowledged: the ladder holds until {promise.held_until}")
    needed = max((rung.acknowledge for rung in promise.timetable.rungs if rung.climbed), default=1)
    if needed > 1 and event.by in promise.acknowledged:
        missing = needed - len(promise.acknowledged)
        raise PromiseRefused(Reason.WRONG_STATE, f"you have acknowledged it: {missing} more must before it holds")
    seen = replace(promise, acknowledged=tuple(dict.fromkeys((*promise.acknowledged, event.by))))
    return Step(_held(seen, now) if len(seen.acknowledged) >= needed else seen)


def _attempt(promise: Promise, event: Attempt, now: datetime) -> Step:
    must_be_listed(promise, event.outcome)
    occurred_at = utc(event.occurred_at)
    if occurred_at > now:
        raise PromiseRefused(Reason.IMPOSSIBLE_TIME, f"lies after now ({now})", "occurred_at")
    if occurred_at < promise.received_at:
        raise PromiseRefused(Reason.IMPOSSIBLE_TIME, f"lies before receipt ({promise.received_at})", "occurred_at")
    tried = replace(promise, attempts=promise.attempts + 1)
    if event.outcome not in promise.terms.stops_on:
        return Step(tried)
    if now - occurred_at > promise.terms.late_entry:
        return _enter_late(tried, event, now)
    return _kept(tried, Act(event.by, event.outcome, occurred_at, now), now)


def must_be_listed(promise: Promise, outcome: str) -> None:
    """PromiseRefused if the promise's pack lists no such outcome: a mistyped one would keep nothing and say nothing."""
    listed = promise.terms.stops_on | promise.terms.outcomes
    if promise.terms.outcomes and outcome not in listed:
        raise PromiseRefused(
            Reason.NOT_IN_PACK, f"is no outcome here; the pack lists: {', '.join(sorted(listed))}", "outcome"
        )


def _enter_late(promise: Promise, event: Attempt, now: datetime) -> Step:
    """Said long after it happened: it holds the ladder like an acknowledgement until somebody else vouches for it."""
    if promise.late_entry:
        raise PromiseRefused(Reason.WRONG_STATE, "an earlier late entry waits: confirm or refuse it first")
    if not event.late_reason:
        limit = promise.terms.late_entry
        raise PromiseRefused(Reason.REASON_REQUIRED, f"recorded over {limit} after it occurred: say why", "late_reason")
    entry = Act(event.by, event.outcome, utc(event.occurred_at), now, event.late_reason)
    promise = replace(promise, late_entry=entry)
    held = promise if promise.stop or promise.held_until else _held(promise, now)
    return Step(held, (ConfirmationNeeded(event.by),))


def _confirm(promise: Promise, event: ConfirmLateEntry, now: datetime) -> Step:
    entry = _awaited(promise, event.by)
    return _kept(promise, entry, now, confirmed_by=event.by)


def _refuse(promise: Promise, event: RefuseLateEntry, now: datetime) -> Step:
    _awaited(promise, event.by)
    return Step(_released(replace(promise, late_entry=None), now))


def _awaited(promise: Promise, by: str) -> Act:
    if promise.late_entry is None:
        raise PromiseRefused(Reason.WRONG_STATE, "no late entry waits for confirmation")
    if by == promise.late_entry.by:
        raise PromiseRefused(Reason.FOUR_EYES, "a late entry is judged by another person than the one who made it")
    return promise.late_entry


def _kept(promise: Promise, act: Act, now: datetime, confirmed_by: str | None = None) -> Step:
    """The verdict is computed from when the act occurred, never from when anybody heard of it."""
    return _closed(
        promise,
        Closing(
            verdict=Verdict.LATE if act.occurred_at > promise.due_at else Verdict.MET,
            by=act.by,
            outcome=act.outcome,
            occurred_at=act.occurred_at,
            recorded_at=act.recorded_at,
            closed_at=now,
            recorded_late=confirmed_by is not None,
            reason=act.late_reason,
            confirmed_by=confirmed_by,
        ),
    )


def _void(promise: Promise, event: Void, now: datetime) -> Step:
    if not event.why:
        raise PromiseRefused(Reason.REASON_REQUIRED, "say why the promise is void", "why")
    return _closed(promise, Closing(Verdict.VOID, event.by, "VOID", now, now, now, reason=event.why))


def _closed(promise: Promise, closing: Closing) -> Step:
    return Step(replace(promise, held_until=None, stop=None, late_entry=None, closing=closing), (Close(closing),))


def _delegate(promise: Promise, event: Delegate, now: datetime) -> Step:
    """An acknowledgement of the old owner binds nobody any more."""
    if event.to == promise.owner:
        raise PromiseRefused(Reason.WRONG_STATE, "they own the promise already", "to")
    handed_over = replace(_released(promise, now), owner=event.to, acknowledged=())
    return climbed_again(handed_over, owners_rung(promise), now)


def _escalate(promise: Promise, event: EscalateTo, now: datetime) -> Step:
    if promise.stop:
        raise PromiseRefused(Reason.WRONG_STATE, f"stopped until {promise.stop.until}: resume it first")
    rung = rung_named(promise, event.rung)
    return climbed_again(promise, rung, now) if rung.climbed else climbed_now(promise, rung, now)


def _extend(promise: Promise, event: Extend, now: datetime) -> Step:
    """The rungs still ahead move with the due time, so that it is warned of and escalated as before."""
    allowed = promise.terms.extension
    if allowed is None or promise.extensions >= allowed.times:
        times = allowed.times if allowed else 0
        raise PromiseRefused(Reason.NOT_IN_PACK, f"extensions the pack allows for this kind of promise: {times}")
    if not 0 < event.days <= allowed.days:
        raise PromiseRefused(Reason.NOT_IN_PACK, f"the pack allows 1 to {allowed.days} days", "days")
    _must_be_ahead(promise, now)
    later = utc(event.due_at) - promise.due_at
    if later <= timedelta(0):
        raise PromiseRefused(Reason.IMPOSSIBLE_TIME, f"is not later than {promise.due_at}", "due_at")
    moved = promise.timetable.moved(later, f"extended by {event.days} days")
    return Step(replace(promise, timetable=moved, extensions=promise.extensions + 1))


def _pause(promise: Promise, event: Pause, now: datetime) -> Step:
    if event.reason not in promise.terms.pause_reasons:
        legal = ", ".join(sorted(promise.terms.pause_reasons)) or "none"
        raise PromiseRefused(Reason.NOT_IN_PACK, f"is no legal reason here; the pack lists: {legal}", "reason")
    if promise.stop:
        raise PromiseRefused(Reason.WRONG_STATE, f"the clock is stopped already, until {promise.stop.until}")
    since, until = _beginning(promise, event, now), utc(event.until)
    _must_be_ahead(promise, since)
    if until <= since:
        raise PromiseRefused(Reason.IMPOSSIBLE_TIME, f"is not after {since}", "until")
    stopped = replace(_released(promise, now), stop=Stop(event.reason, since, until))
    return Step(_moved(stopped, until - since, f"stopped from {since} to {until} ({event.reason})"))


def _beginning(promise: Promise, event: Pause, now: datetime) -> datetime:
    """When the clock stopped. Whoever was told of it, or has it as overdue, was told of a clock that ran."""
    if event.since is None:
        return now
    since = utc(event.since)
    if promise.overdue or any(rung.climbed for rung in promise.timetable.rungs):
        raise PromiseRefused(Reason.WRONG_STATE, "people were told of it already: its clock stops from now on", "since")
    if not promise.received_at <= since <= now:
        raise PromiseRefused(
            Reason.IMPOSSIBLE_TIME, f"must lie between receipt ({promise.received_at}) and now", "since"
        )
    return since


def _resume(promise: Promise, now: datetime) -> Step:
    if promise.stop is None:
        raise PromiseRefused(Reason.WRONG_STATE, "the clock is running: there is no pause to end")
    return Step(_moved(replace(promise, stop=None), now - promise.stop.until, f"runs again from {now}"))


def _moved(promise: Promise, by: timedelta, because: str) -> Promise:
    """Due time and rungs move by the pause when it begins, and back by what is left of it when it ends early."""
    moved = promise.timetable.moved(by, because)
    return replace(promise, timetable=moved, stopped_for=promise.stopped_for + by)


def _retier(promise: Promise, event: Retier, now: datetime) -> Step:
    """Who was told of the old clock must hear of the new one: the owner at once, the others as their instants come."""
    if promise.tier is not None and event.tier >= promise.tier:
        raise PromiseRefused(Reason.ONLY_EARLIER, f"{event.tier} is not more urgent than {promise.tier}", "tier")
    table = sound(event.timetable)
    if promise.stopped_for:
        table = table.moved(promise.stopped_for, f"stopped for {promise.stopped_for} in all")
    if (table.due_at, _first_at(table)) >= (promise.due_at, _first_at(promise.timetable)):
        raise PromiseRefused(Reason.ONLY_EARLIER, f"due {table.due_at}, which is not earlier than {promise.due_at}")
    told = {rung.name: rung.climbed for rung in promise.timetable.rungs}
    rungs = tuple(r if r.at > now else replace(r, climbed=told.get(r.name, 0)) for r in table.rungs)
    table = replace(table, rungs=rungs, steps=(*promise.timetable.steps, f"upgraded to {event.tier}", *table.steps))
    upgraded = replace(promise, tier=event.tier, held_until=None, acknowledged=(), timetable=table)
    climbed = climbed_again if any(told.values()) else climbed_now
    return climbed(upgraded, owners_rung(upgraded), now)


def _first_at(table: Timetable) -> datetime:
    """Where the pack put the last rung: each repetition moves it on, and would make a slower ladder look faster."""
    last = table.rungs[-1]
    return last.first_at or last.at


def _must_be_ahead(promise: Promise, now: datetime) -> None:
    if now >= promise.due_at:
        raise PromiseRefused(
            Reason.WRONG_STATE, f"the due time ({promise.due_at}) has passed: it can no longer be moved"
        )
