"""Whole lives of promises under the shipped pack, in milliseconds: sixty days, a holiday weekend, a week of absence."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from promise_desk import COLLEAGUE, WORKER, Desk

from policy.due import arm, extended
from policy.packs import Pack, Packs
from policy.promise import (
    Acknowledge,
    Attempt,
    Climb,
    Delegate,
    Extend,
    Promise,
    State,
    Subject,
    Timetable,
    Verdict,
    born,
)

CHICAGO = ZoneInfo("America/Chicago")


@pytest.fixture(scope="module")
def pack() -> Pack:
    return Packs(Path(__file__).parents[3] / "packs").get("seed-default")


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHICAGO)


def made(pack: Pack, kind: str, received_at: datetime, tier: str | None = None) -> Promise:
    armed = arm(pack, kind, received_at, tier=tier)
    return born(
        id=UUID(int=1),
        kind=kind,
        subject=Subject("callback", "callback-1"),
        reference="7HQ2",
        owner=WORKER,
        received_at=received_at,
        timetable=Timetable.of(armed),
        terms=armed.terms,
        pack=pack.ref,
        now=received_at,
        tier=tier,
    ).promise


def told(desk: Desk) -> list[str]:
    """Who heard when, in local time."""
    return [
        f"{entry.recorded_at.astimezone(CHICAGO):%m-%d %H:%M} {effect.rung}"
        for entry in desk.history
        for effect in entry.effects
        if isinstance(effect, Climb)
    ]


def test_a_finding_of_sixty_days_is_extended_once_and_met_on_its_last_day(pack: Pack) -> None:
    desk = Desk(made(pack, "FINDING", local("2026-01-05 09:30")))
    assert desk.promise.due_at == local("2026-03-06 09:30")

    desk.until(local("2026-02-27 12:00"))
    later = extended(pack, desk.promise.due_at, 30)
    desk.do(Extend(30, later, by="lead-1", why="the medical records are awaited"))
    assert desk.promise.due_at == local("2026-04-05 09:30")

    (outcome,) = desk.promise.terms.stops_on
    desk.until(local("2026-04-05 09:30")).do(Attempt("worker-1", outcome, desk.now))
    assert desk.promise.closing is not None
    assert desk.promise.closing.verdict is Verdict.MET
    assert told(desk) == ["01-05 09:30 owner", "02-04 09:30 half-time", "02-22 09:30 supervisor", "04-05 09:30 manager"]


def test_a_finding_nobody_makes_goes_on_being_asked_for(pack: Pack) -> None:
    desk = Desk(made(pack, "FINDING", local("2026-01-05 09:30"))).until(local("2026-03-10 09:30"))

    assert desk.promise.state is State.OVERDUE
    assert told(desk)[:5] == [
        "01-05 09:30 owner",
        "02-04 09:30 half-time",
        "02-22 09:30 supervisor",
        "03-06 09:30 manager",
        "03-06 10:30 director",
    ]
    assert told(desk)[-1] == "03-10 07:30 director", "every four real hours, over the change to summer time"


def test_a_callback_over_a_holiday_weekend_counts_office_time_only(pack: Pack) -> None:
    """R081: received on the Friday evening before Memorial Day, due at the end of Tuesday."""
    desk = Desk(made(pack, "CALLBACK_STANDARD", local("2026-05-22 18:00"))).until(local("2026-05-26 18:00"))

    assert desk.promise.due_at == local("2026-05-26 17:00")
    assert told(desk) == [
        "05-22 18:00 owner",
        "05-26 12:30 half-time",
        "05-26 15:12 supervisor",
        "05-26 17:00 manager",
        "05-26 18:00 director",
    ]


def test_in_a_week_of_absence_the_supervisor_hears_of_every_message_and_directs_another(pack: Pack) -> None:
    """R084, R086: the supervisor takes over and directs another, within a business day of the receipt."""
    for day in range(14, 19):
        received_at = local(f"2026-09-{day} 14:00")
        desk = Desk(made(pack, "CALLBACK_STANDARD", received_at), nobody_at=["owner", "half-time"])
        desk.until(received_at)
        assert told(desk)[-1].endswith("14:00 supervisor")

        desk.nobody_at = set()
        desk.until(received_at + timedelta(hours=1))
        desk.do(Delegate(to=COLLEAGUE, by="lead-1"))
        desk.until(received_at + timedelta(hours=2)).do(Attempt("worker-2", "REACHED", desk.now))
        assert desk.promise.closing is not None
        assert desk.promise.closing.verdict is Verdict.MET
        assert desk.promise.received_at == received_at


def test_a_worker_who_acknowledges_every_time_and_never_calls_is_escalated_all_the_same(pack: Pack) -> None:
    desk = Desk(made(pack, "CALLBACK_URGENT", local("2026-09-14 14:00")))
    for minute in range(60):
        desk.until(local("2026-09-14 14:00") + timedelta(minutes=minute))
        if desk.promise.state is State.OPEN:
            desk.do(Acknowledge("worker-1"))

    assert desk.promise.state is State.OVERDUE
    assert told(desk) == [
        "09-14 14:00 owner",
        "09-14 14:15 supervisor",
        "09-14 14:20 manager",
        "09-14 14:25 director",
        "09-14 14:40 director",
        "09-14 14:55 director",
    ]


@pytest.mark.parametrize("kind", ["CALLBACK_URGENT", "CALLBACK_STANDARD", "FIRST_CONTACT", "FINDING", "PLAN_REVIEW"])
def test_every_ladder_of_the_pack_can_be_climbed_to_its_end(pack: Pack, kind: str) -> None:
    received_at = local("2026-03-06 16:00")
    rungs = arm(pack, kind, received_at, tier="T1").rungs

    desk = Desk(made(pack, kind, received_at, tier="T1")).until(rungs[-1].at)

    assert [line.split()[-1] for line in told(desk)] == [rung.name for rung in rungs]
