"""What people do about facts that could not be applied: look, mend the cause and redrive, or waive."""

from __future__ import annotations

from datetime import timedelta

from chassis import errors, inbox
from chassis.identity import acting
from chassis.queries import chassis_queries as sql
from chassis.record import Poison, Record
from chassis.unit_of_work import Row, UnitOfWork


async def open_dead_letters(uow: UnitOfWork, consumer: str) -> list[Row]:
    """The open ones, oldest first: id, aggregate_type, aggregate_id, sequence, topic, partition, offset, reason, ..."""
    return await uow.fetch(sql.open_dead_letters, consumer)


async def redrive(uow: UnitOfWork, consumer: str, aggregate_type: str, aggregate_id: str, *, why: str) -> int:
    """Have the running consumer try a key's dead letters again, and what is held behind them; answers how many."""
    return await _resolve(uow, consumer, aggregate_type, aggregate_id, inbox.REDRIVEN, why)


async def waive(uow: UnitOfWork, consumer: str, aggregate_type: str, aggregate_id: str, *, why: str) -> int:
    """Pass over a key's dead letters for good, and go on with what is held behind them; answers how many."""
    return await _resolve(uow, consumer, aggregate_type, aggregate_id, inbox.WAIVED, why)


async def _resolve(
    uow: UnitOfWork, consumer: str, aggregate_type: str, aggregate_id: str, resolution: str, why: str
) -> int:
    if not why.strip():
        raise errors.invalid("why", "say why: it is kept with the dead letter")
    rows = await uow.fetch(sql.open_of_key, consumer, aggregate_type, aggregate_id)
    if not rows:
        raise errors.not_found("open dead letter", f"{aggregate_type} {aggregate_id}")
    for row in rows:
        await _hand_back(uow, consumer, Record.from_row(row), resolution)
        await uow.execute(sql.resolve, row["id"], resolution, acting().subject, why)
    await uow.audit(f"dead-letter.{resolution.lower()}", aggregate_id, {"consumer": consumer, "count": len(rows)})
    return len(rows)


async def _hand_back(uow: UnitOfWork, consumer: str, record: Record, resolution: str) -> None:
    # Both ways lead through the held facts: the consumer's own sweep applies one, and passes over the other, in its
    # turn.
    try:
        envelope = record.envelope()
    except Poison as problem:
        if resolution == inbox.REDRIVEN:
            raise errors.failed_precondition(
                errors.Reason.WRONG_STATE, f"the record cannot be redriven, only waived: {problem}"
            ) from problem
        return
    await inbox.hold(uow, consumer, record, envelope, resolution, timedelta(0))
