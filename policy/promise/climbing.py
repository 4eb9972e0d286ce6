"""Climbing the ladder of a promise: which rungs are due, who stands next, and when the last one repeats."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

from policy.errors import PackInvalid
from policy.ladders import ArmedRung, Who
from policy.promise.events import Climb, Effect, FellOverdue, NobodyLeft, Passed, PromiseRefused, Reason, Step
from policy.promise.state import Promise, Timetable, utc


def sound(timetable: Timetable) -> Timetable:
    """The timetable in UTC with every rung ahead; PackInvalid if its ladder cannot be climbed."""
    rungs = tuple(replace(rung, at=utc(rung.at), first_at=utc(rung.at), climbed=0) for rung in timetable.rungs)
    faults = {
        "it has no rungs": not rungs,
        "two rungs have one name": len({rung.name for rung in rungs}) < len(rungs),
        "its rungs are not in climbing order": any(a.at > b.at for a, b in pairwise(rungs)),
        "no rung tells the owner": not any(rung.who is Who.OWNER and not rung.warning for rung in rungs),
        "its last rung is a warning": bool(rungs) and rungs[-1].warning,
        "it repeats without a pause": timetable.repeat <= timedelta(0),
    }
    for fault, found in faults.items():
        if found:
            raise PackInvalid(["ladder"], f"this ladder cannot be climbed: {fault}")
    return replace(timetable, due_at=utc(timetable.due_at), rungs=rungs)


def ring(promise: Promise, now: datetime) -> Step:
    """Every rung due is climbed in order without waiting; of the warnings only the last, and none once due."""
    effects: list[Effect] = []
    if now >= promise.due_at and not promise.overdue:
        promise = replace(promise, overdue=True)
        effects.append(FellOverdue(promise.due_at))
    due = [rung for rung in promise.timetable.pending if rung.at <= now]
    if any(rung.climbed for rung in due):
        promise = replace(promise, cycle=promise.cycle + 1)
    timely = [rung for rung in due if rung.warning][-1:] if now < promise.due_at else []
    for rung in due:
        if rung.warning and rung not in timely:
            effects.append(Passed(rung.name, promise.cycle, rung.at))
        else:
            effects.append(Climb(rung.name, rung.who, promise.cycle, rung.at, rung.warning))
        promise = _marked(promise, rung, now)
    return Step(promise, tuple(effects))


def climb_past(promise: Promise, empty_rung: str, now: datetime) -> Step:
    """Whoever stands next on the ladder hears of it at once, unless this cycle has told them already."""
    empty = rung_named(promise, empty_rung)
    if empty.climbed != promise.cycle:
        raise PromiseRefused(Reason.WRONG_STATE, f"rung {empty.name} was not climbed in cycle {promise.cycle}")
    rungs = promise.timetable.rungs
    above = next((rung for rung in rungs[rungs.index(empty) + 1 :] if not rung.warning), None)
    if above is None:
        return Step(promise, (NobodyLeft(empty.name, promise.cycle),))
    if above.climbed == promise.cycle:
        return Step(promise)
    return climbed_now(promise, above, now)


def climbed_now(promise: Promise, rung: ArmedRung, now: datetime) -> Step:
    return Step(_marked(promise, rung, now), (Climb(rung.name, rung.who, promise.cycle, now, rung.warning),))


def climbed_again(promise: Promise, rung: ArmedRung, now: datetime) -> Step:
    """A rung that has been climbed can only be climbed again in a new cycle: nobody is told twice in one."""
    return climbed_now(replace(promise, cycle=promise.cycle + 1), rung, now)


def _marked(promise: Promise, rung: ArmedRung, now: datetime) -> Promise:
    """The rung has been climbed in this cycle; the last one is put on its first repetition after now."""
    table = promise.timetable
    at = rung.at
    if rung.name == table.rungs[-1].name and at <= now:
        at += ((now - at) // table.repeat + 1) * table.repeat
    climbed = replace(rung, at=at, climbed=promise.cycle)
    return replace(
        promise, timetable=replace(table, rungs=tuple(climbed if r.name == rung.name else r for r in table.rungs))
    )


def rung_named(promise: Promise, name: str) -> ArmedRung:
    for rung in promise.timetable.rungs:
        if rung.name == name:
            return rung
    names = ", ".join(rung.name for rung in promise.timetable.rungs)
    raise PromiseRefused(Reason.NOT_FOUND, f"is no rung of this ladder; it has {names}", "rung")


def owners_rung(promise: Promise) -> ArmedRung:
    """The rung on which its owner is first told."""
    return next(rung for rung in promise.timetable.rungs if rung.who is Who.OWNER and not rung.warning)
