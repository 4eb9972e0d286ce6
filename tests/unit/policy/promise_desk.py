"""A desk on which one promise lies, with a clock the test moves; alarms ring by themselves, what is heard is kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from policy.ladders import ArmedRung, Extension, Terms, Who
from policy.packs import PackRef
from policy.promise import (
    Alarm,
    Climb,
    Effect,
    Entry,
    Event,
    Owner,
    OwnerKind,
    Promise,
    RungWasEmpty,
    Subject,
    Timetable,
    born,
    step,
)

RECEIVED = datetime(2026, 3, 2, tzinfo=UTC)
PACK = PackRef("seed-default", "1.0.0", "5e" * 32)
WORKER = Owner(OwnerKind.PERSON, "worker-1")
COLLEAGUE = Owner(OwnerKind.PERSON, "worker-2")
TERMS = Terms(
    stops_on=frozenset({"REACHED"}),
    late_entry=timedelta(minutes=15),
    extension=Extension(times=1, days=30),
    pause_reasons=frozenset({"COURT_ORDER"}),
    outcomes=frozenset({"REACHED", "NO_ANSWER", "BUSY", "LEFT_MESSAGE", "WRONG_NUMBER", "NOT_SAFE_TO_TALK"}),
)


def clock(text: str) -> datetime:
    """`hh:mm` after receipt, which is at 00:00; hours may go past 24."""
    hours, minutes = text.split(":")
    return RECEIVED + timedelta(hours=int(hours), minutes=int(minutes))


def timetable(due: str, rungs: Iterable[tuple[str, Who, str]], repeat: timedelta, hold: timedelta) -> Timetable:
    """Rungs named `warning` are warnings."""
    armed = tuple(ArmedRung(name, who, clock(at), warning="warning" in name) for name, who, at in rungs)
    return Timetable(clock(due), (f"due {due} after receipt",), armed, repeat, hold)


URGENT = timetable(
    "0:15",
    [
        ("owner", Who.OWNER, "0:00"),
        ("supervisor", Who.SUPERVISOR, "0:10"),
        ("manager", Who.MANAGER, "0:15"),
        ("director", Who.DIRECTOR, "0:20"),
    ],
    repeat=timedelta(minutes=15),
    hold=timedelta(minutes=15),
)
STANDARD = timetable(
    "10:00",
    [
        ("owner", Who.OWNER, "0:00"),
        ("warning", Who.OWNER, "5:00"),
        ("supervisor", Who.SUPERVISOR, "8:00"),
        ("manager", Who.MANAGER, "10:00"),
        ("director", Who.DIRECTOR, "11:00"),
    ],
    repeat=timedelta(hours=4),
    hold=timedelta(hours=2),
)


def promise(table: Timetable = STANDARD, terms: Terms = TERMS, made: str = "0:00") -> Promise:
    """A promise of an invented callback, just made."""
    return born(
        id=UUID(int=7),
        kind="CALLBACK_STANDARD",
        subject=Subject("callback", "callback-7"),
        reference="7HQ2",
        owner=WORKER,
        received_at=RECEIVED,
        timetable=table,
        terms=terms,
        pack=PACK,
        now=clock(made),
        office="cook-north",
        tier="T2",
    ).promise


class Desk:
    """`until` lets time pass, ringing every alarm at its instant; `do` is something a person does now."""

    def __init__(self, lying: Promise, nobody_at: Iterable[str] = ()) -> None:
        self.promise = lying
        self.now = lying.made_at
        self.history: list[Entry] = []
        self.told: dict[tuple[int, str], list[str]] = {}
        self.nobody_at = set(nobody_at)
        self._heard: list[str] = []

    def until(self, time: str | datetime) -> Desk:
        wanted = clock(time) if isinstance(time, str) else time
        while (instant := self.promise.next_instant) is not None and instant <= wanted:
            self.now = max(self.now, instant)
            self.do(Alarm())
        self.now = wanted
        return self

    def sleep_until(self, time: str | datetime) -> Desk:
        """Time passes and no alarm rings, as when everything is down."""
        self.now = clock(time) if isinstance(time, str) else time
        return self

    def do(self, event: Event) -> tuple[Effect, ...]:
        after = step(self.promise, event, self.now)
        self.promise = after.promise
        self.history.append(Entry(after.promise.version, self.now, event, after.effects, after.promise.due_at))
        for effect in after.effects:
            if isinstance(effect, Climb):
                self._tell(effect)
        return after.effects

    def heard(self) -> list[str]:
        """`h:mm rung` for everything told since the last time this was asked."""
        heard, self._heard = self._heard, []
        return heard

    def _tell(self, climb: Climb) -> None:
        if climb.rung in self.nobody_at:
            self.do(RungWasEmpty(climb.rung))
            return
        self.told[climb.cycle, climb.rung] = [f"{climb.rung}-1"]
        minutes = (self.now - RECEIVED) // timedelta(minutes=1)
        self._heard.append(f"{minutes // 60}:{minutes % 60:02} {climb.rung}")


def moved(table: Timetable, by: timedelta) -> Timetable:
    """The same ladder, as if received that much later."""
    rungs = tuple(replace(rung, at=rung.at + by) for rung in table.rungs)
    return replace(table, due_at=table.due_at + by, rungs=rungs)
