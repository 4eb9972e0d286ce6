"""What became of the messages about a promise, as notifications say; of a closed one, its certificate is told."""

from __future__ import annotations

from datetime import datetime

from chassis.unit_of_work import UnitOfWork
from policy.certificate import delivered, not_delivered
from services.casework.promises import certifying, figures, store
from services.casework.promises.rules import Rules


async def sent(uow: UnitOfWork, rules: Rules, key: str, at: datetime, channel: str | None) -> None:
    """The message with this key went out: whoever it was for has been told. `channel` None: it was not said how."""
    about = await store.lock_untold(uow, key)
    if about is None:
        return
    await store.mark_told(uow, key, at, channel)
    await figures.noticed(uow, about, at)
    if about.closed:
        await certifying.add(uow, rules, about.promise_id, delivered(about.rungs, at, channel))


async def failed(uow: UnitOfWork, rules: Rules, key: str, code: str) -> None:
    """The message with this key will not go out: whoever it was for stays untold."""
    about = await store.lock_untold(uow, key)
    if about is None:
        return
    await store.mark_failed(uow, key, code)
    if about.closed:
        await certifying.add(uow, rules, about.promise_id, not_delivered(about.rungs, code))
