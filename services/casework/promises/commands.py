"""Everything that can happen to a promise in the ledger. `happen` is the one place where a promise changes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from chassis import telemetry
from chassis.crash_points import reached
from chassis.identity import acting
from chassis.unit_of_work import UnitOfWork
from policy.canonical import canonical
from policy.certificate import verdict
from policy.clocks import Presence
from policy.due import arm, extended
from policy.promise import (
    Alarm,
    Attempt,
    Climb,
    Delegate,
    Event,
    Extend,
    NothingDue,
    Owner,
    Promise,
    PromiseRefused,
    Reason,
    Retier,
    RungWasEmpty,
    State,
    Step,
    Subject,
    Timetable,
    Void,
    Waiting,
    born,
    effect_to_json,
    event_to_json,
    step,
)
from services.casework.promises import climbing, facts, figures, store
from services.casework.promises.certifying import certify
from services.casework.promises.rules import Rules

# The namespace of promise ids: the same kind, subject and cause make the same promise, wherever they are asked for.
PROMISES = UUID("5b0f5d53-2b5f-4c43-9d5e-0d1f6f0a6c58")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A promise to be made. `received_at` is what its clock counts from, `cause` what made it necessary.

    `presence` is where the owner of a voicemail box is; other clocks do not ask for it.
    """

    kind: str
    subject: Subject
    cause: str
    reference: str
    owner: Owner
    office: str
    tier: str | None
    received_at: datetime
    presence: Presence | None = None

    @property
    def promise_id(self) -> UUID:
        """UUIDv5 of kind, subject and cause."""
        name = canonical([self.kind, self.subject.type, self.subject.id, self.cause])
        return uuid5(PROMISES, name.decode())


async def make(uow: UnitOfWork, rules: Rules, wanted: Wanted) -> Promise:
    """The promise, made if it was not before: asking twice makes one. Its pack is the one in force at receipt."""
    pack = rules.packs.in_force(rules.pack, wanted.received_at)
    armed = arm(pack, wanted.kind, wanted.received_at, tier=wanted.tier, office=wanted.office, presence=wanted.presence)
    now = uow.clock()
    promise = born(
        id=wanted.promise_id,
        kind=wanted.kind,
        subject=wanted.subject,
        reference=wanted.reference,
        owner=wanted.owner,
        received_at=wanted.received_at,
        timetable=Timetable.of(armed),
        terms=armed.terms,
        pack=pack.ref,
        now=now,
        office=wanted.office,
        tier=wanted.tier,
        presence=wanted.presence,
    ).promise
    if not await store.insert(uow, promise, wanted.cause):
        return await store.lock(uow, promise.id)
    detail = {"event": {"event": "Made", "cause": wanted.cause, "owner": wanted.owner.id}, "effects": []}
    await store.append(
        uow, promise, at=now, occurred_at=wanted.received_at, move=facts.MADE, actor=acting().subject, detail=detail
    )
    await facts.say_made(uow, promise)
    await uow.audit("promise.make", promise.id, {"version": 1, "kind": promise.kind, "subject": promise.subject.id})
    return promise


async def act(uow: UnitOfWork, rules: Rules, promise_id: UUID, event: Callable[[Promise], Event]) -> Promise:
    """What a person does to a promise: `event` sees it locked, and says what happens."""
    promise = await store.lock(uow, promise_id)
    return await happen(uow, rules, promise, event(promise), uow.clock())


async def happen(uow: UnitOfWork, rules: Rules, promise: Promise, event: Event, now: datetime) -> Promise:
    """Apply an event to a locked promise: its history, facts, messages and certificate, all in this transaction.

    `now` is what the machine goes by. Of an alarm that is the instant it asks about: it may have been asked long before
    it was heard, so when its rungs were climbed is said by the ledger's own clock. A rung that resolves to nobody is
    climbed past at once, which is a step of its own. What the machine refuses (`PromiseRefused`, `NothingDue`) has
    changed nothing.
    """
    recorded_at = uow.clock() if isinstance(event, Alarm) else now
    climbed: list[climbing.Climbed] = []
    events = deque([event])
    while events:
        happened = events.popleft()
        taken = step(promise, happened, now)
        promise = taken.promise
        await _record(uow, taken, happened, now, recorded_at)
        if isinstance(happened, Delegate):
            await store.withdraw_owner(uow, promise, now)
        for climb in (effect for effect in taken.effects if isinstance(effect, Climb)):
            rung = await climbing.resolve(uow, rules, promise, climb, now)
            climbed.append(rung)
            if not rung.answer.people:
                events.append(RungWasEmpty(climb.rung))
    await climbing.tell(uow, promise, climbed, now, recorded_at, asked_for=not isinstance(event, Alarm))
    if promise.closing:
        await certify(uow, rules, promise)
    return promise


async def _record(uow: UnitOfWork, taken: Step, event: Event, now: datetime, recorded_at: datetime) -> None:
    promise, move = taken.promise, facts.move(event, taken.effects)
    detail = {
        "event": event_to_json(event),
        "effects": [effect_to_json(effect) for effect in taken.effects],
        "due_at": promise.due_at.isoformat(),
    }
    occurred_at = event.occurred_at if isinstance(event, Attempt) else now
    await store.save(uow, promise)
    await store.append(
        uow, promise, at=recorded_at, occurred_at=occurred_at, move=move, actor=acting().subject, detail=detail
    )
    await facts.say_moved(uow, promise, move)
    figures.taken(uow, taken)
    telemetry.tell(reference=promise.reference)
    if promise.closing:
        telemetry.tell(verdict=verdict(promise.closing))
    await uow.audit(f"promise.{move.lower()}", promise.id, {"version": promise.version, "kind": promise.kind})


@dataclass(frozen=True, slots=True)
class Alarmed:
    """The answer to an alarm: CLOSED, HELD, PAUSED, NOT_YET or CLIMBED, the promise, and whom to tell.

    `nobody_left`: the version by which even the last rung was empty, in this cycle, so that only the last resort can be
    told; 0: it was not. `just_now`: that was at the instant asked about.
    """

    outcome: str
    promise: Promise
    messages: tuple[store.Message, ...] = ()
    nobody_left: int = 0
    just_now: bool = False


async def climb_rung(uow: UnitOfWork, rules: Rules, promise_id: UUID, as_of: datetime) -> Alarmed:
    """Climb every rung due at `as_of`, the only clock that decides. A repeated question gets the recorded answer.

    While the ladder is held or the clock stopped, nobody is told but whom a person asked to be told. That nobody is
    left is answered whoever brought it about, and again: whoever asked may have ended before the last resort was told.
    """
    promise = await store.lock(uow, promise_id)
    try:
        promise = await happen(uow, rules, promise, Alarm(), as_of)
        reached("ledger.climbing")
    except NothingDue as nothing:
        if nothing.waiting is Waiting.CLOSED:
            return Alarmed(nothing.waiting, promise)
        if nothing.waiting is not Waiting.NOT_YET:
            waiting = await store.messages(uow, promise, as_of, waiting=True)
            return Alarmed(nothing.waiting, promise, waiting, await store.nobody_left(uow, promise))
    effects = await store.effects_of_alarm(uow, promise.id, as_of)
    return Alarmed(
        "CLIMBED" if "Climb" in effects else "NOT_YET",
        promise,
        await store.messages(uow, promise, as_of, waiting=False),
        await store.nobody_left(uow, promise),
        just_now="NobodyLeft" in effects,
    )


async def keep(
    uow: UnitOfWork,
    rules: Rules,
    subject: Subject,
    kind: str,
    act: Attempt,
    recorded_at: datetime | None = None,
) -> None:
    """An act that keeps every open promise of a kind about a subject, but one that already awaits a confirmation.

    `recorded_at`: when one of our services committed the act, if that was not this one and not now.
    """
    for promise in await store.lock_open(uow, subject):
        if promise.kind == kind and promise.state is not State.AWAITS_CONFIRMATION:
            await happen(uow, rules, promise, act, recorded_at or uow.clock())


async def void(
    uow: UnitOfWork, rules: Rules, subject: Subject, why: str, *, kinds: frozenset[str] | None = None
) -> None:
    """Void the open promises about a subject (of some kinds, or all): they have lost their object."""
    for promise in await store.lock_open(uow, subject):
        if kinds is None or promise.kind in kinds:
            await happen(uow, rules, promise, Void(acting().subject, why), uow.clock())


def extension(rules: Rules, promise: Promise, days: int, why: str) -> Extend:
    """A later due time, by the calendar of the promise's own pack; whether it is allowed, the promise's terms say."""
    pack = rules.packs.by_sha256(promise.pack.sha256)
    return Extend(days, extended(pack, promise.due_at, days, promise.office), acting().subject, why)


def upgrade(rules: Rules, promise: Promise, tier: str) -> Retier:
    """The timetable of another tier, by the promise's own pack, counted from the receipt it always had."""
    pack = rules.packs.by_sha256(promise.pack.sha256)
    armed = arm(pack, promise.kind, promise.received_at, tier=tier, office=promise.office)
    return Retier(tier, Timetable.of(armed), acting().subject)


async def raise_to(uow: UnitOfWork, rules: Rules, promise: Promise, tier: str) -> None:
    """Move a locked promise to a more urgent tier's clock; what is closed, or would be due later, stays as it is."""
    if promise.closing or promise.tier == tier:
        return
    try:
        await happen(uow, rules, promise, upgrade(rules, promise, tier), uow.clock())
    except PromiseRefused as refused:
        if refused.reason != Reason.ONLY_EARLIER:
            raise
