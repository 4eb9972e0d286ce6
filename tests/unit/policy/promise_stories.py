"""Random ladders, and the events of random stories, for the tests that ask what holds for every promise.

What happens is drawn as small codes and turned into an event only when its moment has come: strategies that depend on
the promise as it stands would cost a hundred times as much as the promise itself.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from math import ceil

from hypothesis import strategies as st
from promise_desk import COLLEAGUE, RECEIVED, TERMS, WORKER, moved

from policy.ladders import ArmedRung, Terms, Who
from policy.promise import (
    Acknowledge,
    Alarm,
    Attempt,
    ConfirmLateEntry,
    Delegate,
    EscalateTo,
    Event,
    Extend,
    Pause,
    Promise,
    RefuseLateEntry,
    Resume,
    Retier,
    RungWasEmpty,
    Timetable,
    Void,
)

MINUTE = timedelta(minutes=1)
PEOPLE = ("worker-1", "worker-2", "lead-1")
EVENTS = (
    Alarm, Alarm, Acknowledge, Attempt, Attempt, ConfirmLateEntry, RefuseLateEntry, Delegate, EscalateTo, RungWasEmpty,
    Extend, Pause, Resume, Retier, Void,
)  # fmt: skip

Code = tuple[int, int, int]
CODES = st.tuples(st.integers(0, 180), st.integers(0, len(EVENTS) - 1), st.integers(0, 2**10 - 1))
STORIES = st.lists(CODES, max_size=20)


def cases(share: float = 1.0) -> int:
    """How many examples: a share of HOTLINE_CASES, 5,000 unless the environment asks for the long form."""
    return max(1, int(int(os.environ.get("HOTLINE_CASES", "5000")) * share))


TIME = 300 * ceil(cases() / 5000)
"""Seconds that a test of so many may take."""


@st.composite
def timetables(draw: st.DrawFn) -> Timetable:
    """Ladders of two to six rungs, warnings among them, whose instants may fall together."""
    waits = draw(st.lists(st.integers(0, 240), min_size=1, max_size=5))
    at = RECEIVED
    rungs = [ArmedRung("owner", Who.OWNER, at)]
    for number, wait in enumerate(waits):
        at += wait // 2 * MINUTE
        warning = wait % 2 == 1 and number < len(waits) - 1
        people = 2 if wait % 5 == 0 and not warning else 1
        rungs.append(
            ArmedRung(f"rung-{number}", Who.OWNER if warning else Who.SUPERVISOR, at, warning, acknowledge=people)
        )
    due, repeat, hold = draw(st.tuples(st.integers(1, 300), st.integers(1, 200), st.integers(1, 200)))
    return Timetable(RECEIVED + due * MINUTE, ("as drawn",), tuple(rungs), repeat * MINUTE, hold * MINUTE)


TERMS_DRAWN = st.sampled_from(
    [TERMS, Terms(TERMS.stops_on, timedelta(0), TERMS.extension, TERMS.pause_reasons)],
)


def event_of(code: Code, promise: Promise, armed: Timetable, now: datetime) -> Event:
    """What the code says happens now to this promise, armed so at birth: most of it allowed, some not."""
    _, kind, value = code
    by, rest = PEOPLE[value % 3], value // 3
    rungs = promise.timetable.rungs
    match EVENTS[kind].__name__:
        case "Alarm":
            return Alarm()
        case "Acknowledge":
            return Acknowledge(by)
        case "Attempt":
            outcome = "REACHED" if rest % 4 == 0 else "BUSY"
            return Attempt(by, outcome, now - rest // 4 % 60 * MINUTE, "no signal" if rest % 3 else "")
        case "ConfirmLateEntry":
            return ConfirmLateEntry(by)
        case "RefuseLateEntry":
            return RefuseLateEntry(by, "doubtful")
        case "Delegate":
            return Delegate(COLLEAGUE if rest % 2 else WORKER, by)
        case "EscalateTo":
            return EscalateTo(rungs[rest % len(rungs)].name, by)
        case "RungWasEmpty":
            return RungWasEmpty(rungs[rest % len(rungs)].name)
        case "Extend":
            return Extend(1, promise.due_at + timedelta(days=1), by, "the records are awaited")
        case "Pause":
            since = now - rest % 90 * MINUTE if rest % 3 else None
            return Pause("COURT_ORDER", now + (rest + 1) * MINUTE, by, since)
        case "Resume":
            return Resume(by)
        case "Retier":
            return Retier("T0", moved(armed, -(rest % 30) * MINUTE), by)
        case "Void":
            return Void(by, "entered twice" if rest % 2 else "")
    raise AssertionError(f"no event for {code}")
