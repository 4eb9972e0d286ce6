"""Somebody comes in, and hears of the messages that wait in their box (R082)."""

from __future__ import annotations

from uuid import UUID

from chassis.identity import acting
from chassis.unit_of_work import UnitOfWork
from policy.clocks import Presence
from policy.promise import EscalateTo, owners_rung
from services.casework.commands import workforce
from services.casework.model.presence import Place
from services.casework.promises import commands as promises
from services.casework.promises.rules import Rules
from services.casework.store import calls as store
from services.casework.store import workforce as staff_store

_CHECKS = ("VOICEMAIL_CHECK",)


async def sign(uow: UnitOfWork, rules: Rules, staff_id: UUID, place: Place) -> int:
    """Record where somebody is; answers how many messages in their box nobody has checked yet.

    Whoever arrives in the office is told of each at once; who was there already has been.
    """
    now = uow.clock()
    member, _ = await staff_store.staff(uow, staff_id)
    known = await staff_store.whereabouts(uow, staff_id, now)
    was_in = known.sign is not None and rules.watch(member.office, now).presence(known, now) is Presence.IN
    await workforce.record_presence(uow, staff_id, place)
    waiting = await store.lock_owned(uow, str(staff_id), _CHECKS)
    if place is Place.OFFICE and not was_in:
        for promise in waiting:
            await promises.happen(uow, rules, promise, EscalateTo(owners_rung(promise).name, acting().subject), now)
    return len(waiting)
