"""What the ledger tells of itself: how many promises are open, and by how much their steps come too late."""

from __future__ import annotations

from datetime import datetime, timedelta

from chassis.metrics import Gauge, Histogram
from chassis.unit_of_work import UnitOfWork
from policy.promise import Climb, Promise, Step, Verdict
from services.casework.promises import store

_open = Gauge("hotline.promises")
_lateness = Histogram("hotline.promise.lateness")


async def count_open(uow: UnitOfWork) -> None:
    """Count the open promises by kind and state."""
    _open.show_all({(row["kind"], row["state"]): row["number"] for row in await store.count_open(uow)})


def taken(uow: UnitOfWork, step: Step) -> None:
    """Tell, once it is committed, how late a step of a promise came: the rungs it climbed, or its end."""
    promise, now = step.promise, uow.clock()
    for effect in step.effects:
        if isinstance(effect, Climb):
            _once_committed(uow, promise.kind, "rung", now - _armed(promise, effect))
    if promise.closing and promise.closing.verdict is not Verdict.VOID:
        _once_committed(uow, promise.kind, "settled", promise.closing.occurred_at - promise.due_at)


async def noticed(uow: UnitOfWork, about: store.Untold, sent_at: datetime) -> None:
    """Tell, once it is committed, how long after the instant of its oldest rung a message went out."""
    promise, rungs = await store.read(uow, about.promise_id), {(cycle, rung) for cycle, rung, _ in about.rungs}
    armed = [
        _armed(promise, effect)
        for entry in await store.history(uow, promise.id)
        for effect in entry.effects
        if isinstance(effect, Climb) and (effect.cycle, effect.rung) in rungs
    ]
    if armed:
        _once_committed(uow, promise.kind, "notice", sent_at - min(armed))


def _armed(promise: Promise, climb: Climb) -> datetime:
    # A rung cannot be late before its promise is made, however long the report took to tell.
    return max(climb.at, promise.made_at)


def _once_committed(uow: UnitOfWork, kind: str, step: str, late: timedelta) -> None:
    seconds = max(0.0, late.total_seconds())
    uow.once_committed(lambda: _lateness.record(seconds, kind, step))
