"""From a rung climbed to the people who are told, each once, in one message that names the oldest rung."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.unit_of_work import UnitOfWork
from policy.ladders import Who
from policy.promise import Climb, Promise, tellings
from services.casework.commands import rungs
from services.casework.model.workforce import Answer
from services.casework.promises import store
from services.casework.promises.rules import Rules


@dataclass(frozen=True, slots=True)
class Climbed:
    """A rung climbed, and who stood on it at that moment."""

    climb: Climb
    answer: Answer


async def resolve(uow: UnitOfWork, rules: Rules, promise: Promise, climb: Climb, at: datetime) -> Climbed:
    """Who is on the rung at `at`, through workforce and schedules."""
    return Climbed(climb, await rungs.on_rung(uow, rules, climb.who, promise.owner, promise.office or "", at))


async def directing(uow: UnitOfWork, rules: Rules, promises: Iterable[Promise]) -> Sequence[tuple[str, ...]]:
    """Who directs now, for each promise whose alarm has not rung: whoever a director's rung would tell."""
    now = uow.clock()
    whose = [(promise.owner, promise.office or "") for promise in promises]
    # There may be thousands of such promises, of few people.
    people = {each: (await rungs.on_rung(uow, rules, Who.DIRECTOR, *each, now)).people for each in set(whose)}
    return [people[each] for each in whose]


async def tell(
    uow: UnitOfWork,
    promise: Promise,
    climbed: Sequence[Climbed],
    as_of: datetime,
    climbed_at: datetime,
    *,
    asked_for: bool,
) -> None:
    """Record whom to tell of what. Rungs climbed together make one message a person; earlier ones keep their own.

    `as_of`: the instant that was asked about. `asked_for`: by a person, not by the passing of time.
    """
    rungs = {rung.climb.rung: rung for rung in climbed}
    people = {name: rung.answer.people for name, rung in rungs.items()}
    how = {rung.name: [channel.value for channel in rung.how] for rung in promise.timetable.rungs}
    rows = [
        (
            promise.id,
            told.oldest.cycle,
            name,
            UUID(told.person),
            message_key(promise.id, told.oldest, told.person),
            told.oldest.rung,
            rungs[name].climb.who.value,
            rungs[name].answer.why,
            rungs[name].climb.warning,
            asked_for,
            climbed_at,
            how[told.oldest.rung],
            as_of,
        )
        for told in tellings([rung.climb for rung in climbed], people)
        for name in told.rungs
    ]
    if rows:
        await store.add_told(uow, rows)


def message_key(promise_id: UUID, oldest: Climb, staff_id: str) -> str:
    """What must never be sent twice: promise, cycle, rung and person."""
    return f"{promise_id}/{oldest.cycle}/{oldest.rung}/{staff_id}"
