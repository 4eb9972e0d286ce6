"""Somebody comes in, and hears of the messages that wait in their box (R082)."""

from __future__ import annotations

from uuid import UUID

from chassis.identity import acting
from chassis.unit_of_work import UnitOfWork
from policy.ladders import Who
from policy.promise import EscalateTo, Promise
from services.casework.model.presence import Place
from services.casework.promises import commands as promises
from services.casework.promises.rules import Rules
from services.casework.store import calls as store

_CHECKS = ("VOICEMAIL_CHECK",)


async def tell_of_messages(uow: UnitOfWork, rules: Rules, staff_id: UUID, place: Place) -> int:
    """How many messages nobody has checked yet; whoever arrives in the office is told of each at once."""
    waiting = await store.lock_owned(uow, str(staff_id), _CHECKS)
    if place is Place.OFFICE:
        for promise in waiting:
            told = EscalateTo(_owners_rung(promise), acting().subject)
            await promises.happen(uow, rules, promise, told, uow.clock())
    return len(waiting)


def _owners_rung(promise: Promise) -> str:
    return next(rung.name for rung in promise.timetable.rungs if rung.who is Who.OWNER and not rung.warning)
