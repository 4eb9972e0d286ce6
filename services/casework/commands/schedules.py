"""Who works when: rotations, stretches given to somebody else, and swaps. A broken rule of rest needs its exception."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from google.protobuf.message import Message

from chassis import errors
from chassis.contract import stamp
from chassis.errors import Reason
from chassis.identity import acting
from chassis.unit_of_work import UnitOfWork
from hotline.casework.v1 import casework_events_pb2 as events
from policy.errors import Refused
from services.casework.model.schedules import Duty, Override, Rotation, duties, has_all_of, strain
from services.casework.promises.rules import Rules
from services.casework.store import schedules as store
from services.casework.store import workforce
from services.casework.store.schedules import Swap

AGGREGATE = "casework.rotation"

# Rest is judged over the seven days before and after a stretch of duty; a rotation, over its first weeks.
_AROUND = timedelta(days=8)
_FIRST_WEEKS = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class Held:
    """A stretch of a rotation's duty, and whose it is."""

    rotation: Rotation
    duty: Duty


async def define(uow: UnitOfWork, rules: Rules, rotation: Rotation, exception: str) -> None:
    """A new rotation. Its members have its role; what it asks of them keeps the rules of rest, or says why not."""
    await store.lock(uow)
    for member in rotation.members:
        await _must_have_role(uow, member, rotation, "rotation.members")
    calendar = rules.calendar(rotation.office, uow.clock())
    start = max(calendar.at(rotation.first_day, timedelta(0)), uow.clock())
    known = await store.all_rotations(uow)
    if not rotation.on_call:
        window = (start - _AROUND, start + _FIRST_WEEKS)
        await _must_rest(uow, rules, [*known, rotation], [], rotation.members, window, exception)
    await store.add_rotation(uow, rotation, exception, acting().subject if exception else "")
    fact = events.RotationDefined(
        rotation_id=rotation.id,
        role=rotation.role,
        office=rotation.office,
        members=rotation.members,
        on_call=rotation.on_call,
    )
    await _say(uow, rotation.id, 1, fact, "rotation.define", exception="recorded" if exception else "")


async def end(uow: UnitOfWork, rotation_id: UUID, last_day: date) -> None:
    """The rotation gives no duty after this local day; what it gave before stays known."""
    rotation = await store.lock_rotation(uow, rotation_id)
    if last_day < rotation.first_day:
        raise Refused("IMPOSSIBLE_TIME", f"lies before the first day, {rotation.first_day}", "last_day")
    version = await store.end_rotation(uow, rotation_id, last_day)
    fact = events.RotationEnded(rotation_id=rotation.id, last_day=last_day.isoformat())
    await _say(uow, rotation.id, version, fact, "rotation.end", last_day=last_day.isoformat())


async def give(uow: UnitOfWork, rules: Rules, override: Override, *, reason: str, exception: str) -> UUID:
    """A stretch of a rotation's time is this person's, whoever's turn it is."""
    _must_end_after_start(override.starts_at, override.ends_at, "ends_at")
    await store.lock(uow)
    rotation = await store.lock_rotation(uow, UUID(override.rotation_id))
    await _must_have_role(uow, override.staff_id, rotation, "staff_id")
    if not rotation.on_call:
        window = (override.starts_at - _AROUND, override.ends_at + _AROUND)
        everything = await store.all_rotations(uow)
        await _must_rest(uow, rules, everything, [override], [override.staff_id], window, exception)
    return await _give(uow, override, reason=reason, exception=exception)


async def offer_swap(uow: UnitOfWork, rules: Rules, swap: Swap) -> UUID:
    """Somebody offers a duty of theirs for one of another's; nothing changes before the other agrees."""
    _must_end_after_start(swap.starts_at, swap.ends_at, "ends_at")
    _must_end_after_start(swap.return_starts_at, swap.return_ends_at, "return_ends_at")
    rotation = await store.lock_rotation(uow, swap.rotation_id)
    await _must_be_theirs(uow, rules, rotation, swap)
    await store.offer_swap(uow, swap)
    version = await store.next_version(uow, swap.rotation_id)
    fact = events.SwapOffered(
        rotation_id=rotation.id,
        swap_id=str(swap.id),
        from_staff_id=str(swap.from_staff_id),
        to_staff_id=str(swap.to_staff_id),
    )
    await _say(uow, rotation.id, version, fact, "rotation.offer_swap", swap=str(swap.id))
    return swap.id


async def accept_swap(uow: UnitOfWork, rules: Rules, swap_id: UUID) -> None:
    """The other agrees: both duties change hands at once, if both still have them and both still rest."""
    await store.lock(uow)
    swap = await store.lock_swap(uow, swap_id)
    if acting().subject != str(swap.to_staff_id):
        raise errors.permission_denied(Reason.ROLE_NOT_ALLOWED, "a swap is accepted by the one it is offered to")
    if swap.accepted_at:
        raise Refused("WRONG_STATE", "the swap was accepted before")
    rotation = await store.lock_rotation(uow, swap.rotation_id)
    await _must_be_theirs(uow, rules, rotation, swap)
    theirs, ours = str(swap.from_staff_id), str(swap.to_staff_id)
    changed = [
        Override(rotation.id, swap.starts_at, swap.ends_at, ours),
        Override(rotation.id, swap.return_starts_at, swap.return_ends_at, theirs),
    ]
    if not rotation.on_call:
        start = min(override.starts_at for override in changed) - _AROUND
        window = (start, max(override.ends_at for override in changed) + _AROUND)
        await _must_rest(uow, rules, await store.all_rotations(uow), changed, [theirs, ours], window, "")
    await store.accept_swap(uow, swap_id, uow.clock())
    for override in changed:
        await _give(uow, override, reason=f"swap {swap_id}", exception="")


async def lasting(uow: UnitOfWork, rules: Rules, office: str) -> list[Rotation]:
    """The rotations of an office, or of all, that run now or will."""
    now = uow.clock()
    known = await store.rotations(uow, [office]) if office else await store.all_rotations(uow)
    return [
        rotation
        for rotation in known
        if office in ("", rotation.office)
        and (rotation.last_day is None or rotation.last_day >= rules.calendar(rotation.office, now).local(now).date())
    ]


async def held(uow: UnitOfWork, rules: Rules, office: str, start: datetime, end: datetime) -> list[Held]:
    """Who has which duty of an office between two instants; with those of directors anywhere."""
    if not office:
        rotations = await store.all_rotations(uow)
    else:
        rotations = [rotation for rotation in await store.rotations(uow, [office]) if rotation.office == office]
    overrides = await store.overrides(uow, start, end)
    return [
        Held(rotation, duty)
        for rotation in rotations
        for duty in duties(rotation, overrides, rules.calendar(rotation.office, uow.clock()), start, end)
    ]


async def _give(uow: UnitOfWork, override: Override, *, reason: str, exception: str) -> UUID:
    override_id = uow.ids.new()
    by = acting().subject
    await store.add_override(uow, override_id, override, reason=reason, exception=exception, by=by)
    version = await store.next_version(uow, UUID(override.rotation_id))
    fact = events.DutyGiven(
        rotation_id=override.rotation_id,
        staff_id=override.staff_id,
        starts_at=stamp(override.starts_at),
        ends_at=stamp(override.ends_at),
        exception=bool(exception),
    )
    await _say(uow, override.rotation_id, version, fact, "rotation.give", override=str(override_id))
    return override_id


async def _must_have_role(uow: UnitOfWork, staff_id: str, rotation: Rotation, field: str) -> None:
    member, _ = await workforce.staff(uow, UUID(staff_id))
    if rotation.role not in member.roles:
        raise Refused("INVALID_REQUEST", f"has somebody who is no {rotation.role}", field)


async def _must_be_theirs(uow: UnitOfWork, rules: Rules, rotation: Rotation, swap: Swap) -> None:
    start, end = min(swap.starts_at, swap.return_starts_at), max(swap.ends_at, swap.return_ends_at)
    calendar = rules.calendar(rotation.office, uow.clock())
    given = duties(rotation, await store.overrides(uow, start - _AROUND, end + _AROUND), calendar, start, end)
    if not has_all_of(given, str(swap.from_staff_id), swap.starts_at, swap.ends_at):
        raise Refused("WRONG_STATE", "the one who offers does not have this duty", "starts_at")
    if not has_all_of(given, str(swap.to_staff_id), swap.return_starts_at, swap.return_ends_at):
        raise Refused("WRONG_STATE", "the other does not have the duty in return", "return_starts_at")


async def _must_rest(
    uow: UnitOfWork,
    rules: Rules,
    rotations: Iterable[Rotation],
    changed: Iterable[Override],
    people: Iterable[str],
    window: tuple[datetime, datetime],
    exception: str,
) -> None:
    """Every rotation counts in which these people work, not only the one that changes."""
    now, (start, end) = uow.clock(), window
    overrides = [*await store.overrides(uow, start, end), *changed]
    worked = [
        duty
        for rotation in rotations
        if not rotation.on_call
        for duty in duties(rotation, overrides, rules.calendar(rotation.office, now), start, end)
    ]
    for person in people:
        broken = strain((duty for duty in worked if duty.staff_id == person), rules.workforce(now).rest)
        if broken and not exception:
            raise Refused("REST_RULE", f"is needed: {broken}", "exception")


def _must_end_after_start(starts_at: datetime, ends_at: datetime, field: str) -> None:
    if ends_at <= starts_at:
        raise Refused("IMPOSSIBLE_TIME", "must lie after its start", field)


async def _say(uow: UnitOfWork, rotation_id: str, version: int, fact: Message, action: str, **detail: str) -> None:
    await uow.emit(fact, aggregate_type=AGGREGATE, aggregate_id=rotation_id, sequence=version)
    await uow.audit(action, rotation_id, detail)
