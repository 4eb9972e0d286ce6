"""What a service's own facts say that casework owes: read from the outbox, so that it is what was told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis.contract import stamp
from chassis.queries import chassis_queries as sql
from chassis.topics import message_class
from chassis.unit_of_work import UnitOfWork
from hotline.type.v1.expected_promise_pb2 import ExpectedPromise


@dataclass(frozen=True, slots=True)
class Owed:
    """One promise a fact brings about: of one of these kinds, about this subject.

    `closed`: the fact keeps it, and every other of these kinds that was made before the fact was told.
    `unless_open`: one of these kinds that was open when the fact was told does as well.
    """

    kinds: Sequence[str]
    subject_type: str
    cause: str
    closed: bool = False
    unless_open: bool = False


Expectations = Mapping[str, Callable[[Any], Sequence[Owed]]]
"""What each fact, by its full message name, brings about; the subject is the fact's own aggregate."""


@dataclass(frozen=True, slots=True)
class Page:
    """What a stretch of the outbox says is owed; `last` is its last place, `more` whether it goes on."""

    expected: Sequence[ExpectedPromise]
    last: int
    more: bool


async def expected(uow: UnitOfWork, expectations: Expectations, *, after: int, until: datetime, limit: int) -> Page:
    """The promises that facts behind the place `after`, committed before `until`, bring about."""
    horizon: int = await uow.fetchval(sql.horizon, after, until)
    rows = await uow.fetch(sql.told_between, sorted(expectations), after, horizon, limit)
    found = [
        ExpectedPromise(
            kinds=owed.kinds,
            subject_type=owed.subject_type,
            subject_id=row["aggregateid"],
            cause=owed.cause,
            closed=owed.closed,
            unless_open=owed.unless_open,
            told_at=stamp(row["created_at"]),
            aggregate_type=row["aggregatetype"],
            aggregate_id=row["aggregateid"],
        )
        for row in rows
        for owed in expectations[row["type"]](message_class(row["type"]).FromString(row["payload"]))
    ]
    more = len(rows) == limit
    return Page(found, last=rows[-1]["seq"] if more else horizon - 1, more=more)
