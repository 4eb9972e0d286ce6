"""Looks ahead and around, as of an instant: what is found, and whom to tell. Asked again, the messages are the same."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from chassis.identity import acting
from chassis.unit_of_work import UnitOfWork
from policy.brevity import shortly
from policy.clocks import Presence
from policy.ladders import Who
from policy.packs import Pack
from policy.promise import Delegate
from services.casework.commands import rungs, schedules
from services.casework.model.answering import too_few
from services.casework.model.schedules import uncovered
from services.casework.model.sweeps import Finding, Notice, Swept, gaps, told_of_office
from services.casework.promises import commands as promises
from services.casework.promises.rules import Rules
from services.casework.store import calls, workforce

_CALLS = ("VOICEMAIL_CHECK", "CALLBACK_URGENT", "CALLBACK_STANDARD")
_TIERS = (None, "T0", "T1", "T2", "T3", "T4")
# Whoever had a duty up to now had it before: looked at so far back, a turn of several days is one.
_BACK = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Asked:
    """A sweep's instant, and how long before it the sweep before this one was."""

    as_of: datetime
    every: timedelta


async def run(uow: UnitOfWork, rules: Rules, sweep: str, as_of: datetime, every_minutes: int) -> Swept:
    """One sweep by its name."""
    sweeps: Mapping[str, Callable[[UnitOfWork, Rules, Asked], Awaitable[Swept]]] = {
        "TAKE_OVER": take_over,
        "DRILL": drill,
        "COVERAGE": coverage,
        "HAND_OVER": hand_over,
        "ANSWERING": answering,
    }
    return await sweeps[sweep](uow, rules, Asked(as_of, timedelta(minutes=every_minutes)))


async def take_over(uow: UnitOfWork, rules: Rules, asked: Asked) -> Swept:
    """Whoever is absent for more than a day hands calls and messages to whoever is above them (R084-R086).

    The received time stays, the new owner is told by the promise's own ladder.
    """
    found = []
    for staff_id, office in await calls.owners(uow, _CALLS):
        known = await workforce.whereabouts(uow, UUID(staff_id), asked.as_of)
        watch = rules.watch(office, asked.as_of)
        if watch.presence(known, asked.as_of) is not Presence.ABSENT:
            continue
        to = (await rungs.workforce_at(uow, rules, staff_id, [office], asked.as_of)).takes_over_from(staff_id, office)
        for promise in await calls.lock_owned(uow, staff_id, _CALLS):
            if promise.office == office:
                await promises.happen(uow, rules, promise, Delegate(to, acting().subject), uow.clock())
                why = watch.why_absent(known, asked.as_of)
                found.append(Finding(office, "TAKEN_OVER", str(promise.id), asked.as_of, why))
    return Swept(tuple(found))


async def drill(uow: UnitOfWork, rules: Rules, asked: Asked) -> Swept:
    """Every rung of every ladder, as of each shift that begins `drill_ahead` from now: does it reach anybody?"""
    until = asked.as_of + rules.workforce(asked.as_of).drill_ahead
    swept: list[Swept] = []
    for office in await workforce.offices(uow):
        for begins in await _shifts(uow, rules, office, until - asked.every, until):
            there = await rungs.workforce_at(uow, rules, None, [office], begins)
            empty = gaps(there, office, _ladders(rules.in_force(begins), office))
            if not empty:
                continue
            found = tuple(Finding(office, "UNREACHABLE_RUNG", gap.about, begins, gap.why) for gap in empty)
            values = {
                "office": office,
                "begins": begins.isoformat(),
                "count": str(len(found)),
                "rungs": shortly([gap.about for gap in empty]),
            }
            key = f"drill/{office}/{begins.isoformat()}"
            told = await _tell_office(uow, rules, office, asked, key, "DRILL", values, not_after=begins)
            swept.append(Swept(found, told))
    return _together(swept)


async def coverage(uow: UnitOfWork, rules: Rules, asked: Asked) -> Swept:
    """Duties of the coming weeks whose person will be away, or whose credential will have expired."""
    until = asked.as_of + rules.workforce(asked.as_of).coverage_ahead
    held = await schedules.held(uow, rules, "", asked.as_of, until)
    people = {each.duty.staff_id for each in held}
    away = await workforce.absences_between(uow, people, asked.as_of, until)
    away += [(expired, until, who) for who, expired in await _expiries(uow, people) if expired < until]
    swept: list[Swept] = []
    for each in held:
        rotation = each.rotation
        for gap in uncovered([each.duty], away):
            about = f"{rotation.role} of {rotation.office}"
            finding = Finding(rotation.office, "UNCOVERED_DUTY", about, gap.starts_at, "away or without credential")
            key = f"coverage/{rotation.id}/{gap.staff_id}/{gap.starts_at.isoformat()}"
            values = {
                "role": rotation.role,
                "office": rotation.office,
                "begins": gap.starts_at.isoformat(),
                "until": gap.ends_at.isoformat(),
            }
            told = await _tell_office(uow, rules, rotation.office, asked, key, "COVERAGE", values)
            swept.append(Swept((finding,), told))
    return _together(swept)


async def hand_over(uow: UnitOfWork, rules: Rules, asked: Asked) -> Swept:
    """Duties that change hands before the next sweep: both people are told, and how much is open."""
    until = asked.as_of + asked.every
    held = await schedules.held(uow, rules, "", asked.as_of - _BACK, until + _BACK)
    swept: list[Swept] = []
    for each in held:
        rotation, begins = each.rotation, each.duty.starts_at
        if not asked.as_of < begins <= until:
            continue
        before = {o.duty.staff_id for o in held if o.rotation.id == rotation.id and o.duty.ends_at == begins}
        owed, overdue = await calls.owed_by_office(uow, rotation.office, asked.as_of)
        values = {
            "role": rotation.role,
            "office": rotation.office,
            "begins": begins.isoformat(),
            "open": str(owed),
            "overdue": str(overdue),
        }
        key = f"hand-over/{rotation.id}/{begins.isoformat()}"
        how, not_after = rules.workforce(asked.as_of).how("HAND_OVER"), begins + asked.every
        notices = tuple(
            Notice(f"{key}/{who}", who, "HAND_OVER", values, how, not_after)
            for who in (each.duty.staff_id, *sorted(before))
        )
        about = f"{rotation.role} of {rotation.office}"
        swept.append(Swept((Finding(rotation.office, "HAND_OVER", about, begins, "duty changes hands"),), notices))
    return _together(swept)


async def answering(uow: UnitOfWork, rules: Rules, asked: Asked) -> Swept:
    """Offices where too few callers in office hours spoke to a person lately (R026)."""
    swept: list[Swept] = []
    for office in await workforce.offices(uow):
        target = rules.answering(office, asked.as_of)
        fared = await calls.answering(uow, office, asked.as_of - target.over, asked.as_of)
        if not too_few(fared, target):
            continue
        why = f"{fared.percent} % of {fared.calls} calls reached a person, {target.percent} % should"
        values = {
            "office": office,
            "until": asked.as_of.isoformat(),
            "percent": str(fared.percent),
            "target": str(target.percent),
            "calls": str(fared.calls),
            "abandoned": str(fared.abandoned),
            "voicemail": str(fared.voicemail),
        }
        key = f"answering/{office}/{asked.as_of.isoformat()}"
        told = await _tell_office(uow, rules, office, asked, key, "ANSWERING", values)
        swept.append(Swept((Finding(office, "ANSWERED_TOO_FEW", office, asked.as_of, why),), told))
    return _together(swept)


async def _shifts(uow: UnitOfWork, rules: Rules, office: str, after: datetime, until: datetime) -> list[datetime]:
    """When work begins in an office after one instant, until another: at its opening, and at its rotations' turns."""
    calendar = rules.calendar(office, until)
    opening, _ = next(calendar.office_hours(until))
    begins = {each.duty.starts_at for each in await schedules.held(uow, rules, office, after - _BACK, until + _BACK)}
    # An office that never closes has no opening.
    if not calendar.always_open:
        begins.add(opening)
    return sorted(instant for instant in begins if after < instant <= until)


def _ladders(pack: Pack, office: str) -> Mapping[str, tuple[Who, ...]]:
    """Whom the ladders of each kind of promise tell, at any tier."""
    return {
        kind: tuple(
            sorted(
                {
                    rung.who
                    for tier in _TIERS
                    if pack.has_clock(kind, tier)
                    for rung in pack.ladder(kind, tier, office).rungs
                }
            )
        )
        for kind in pack.kinds
    }


async def _tell_office(
    uow: UnitOfWork,
    rules: Rules,
    office: str,
    asked: Asked,
    key: str,
    sweep: str,
    values: Mapping[str, str],
    *,
    not_after: datetime | None = None,
) -> tuple[Notice, ...]:
    """A message to each who leads the office and is there now, the way the pack says for this sweep."""
    there = await rungs.workforce_at(uow, rules, None, [office], asked.as_of)
    how = rules.workforce(asked.as_of).how(sweep)
    return tuple(
        Notice(f"{key}/{who or 'last-resort'}", who, sweep, values, how, not_after)
        for who in told_of_office(there, office)
    )


async def _expiries(uow: UnitOfWork, people: Iterable[str]) -> list[tuple[str, datetime]]:
    held = await workforce.credentials(uow, [UUID(person) for person in people])
    return [(str(who), credential.expires_at) for who, all_of in held.items() for credential in all_of]


def _together(swept: Iterable[Swept]) -> Swept:
    parts = tuple(swept)
    return Swept(
        tuple(finding for part in parts for finding in part.findings),
        tuple(notice for part in parts for notice in part.notices),
    )
