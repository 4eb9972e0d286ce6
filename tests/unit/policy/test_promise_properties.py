"""What holds for every promise, on every ladder, whatever happens and in whatever order."""

from __future__ import annotations

import json
from datetime import datetime
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from promise_desk import promise
from promise_stories import CODES, MINUTE, STORIES, TERMS_DRAWN, TIME, Code, cases, event_of, timetables

from policy.ladders import Terms
from policy.promise import (
    Alarm,
    Attempt,
    Climb,
    ConfirmLateEntry,
    Event,
    Extend,
    FellOverdue,
    NothingDue,
    Pause,
    Promise,
    PromiseRefused,
    Resume,
    Retier,
    Step,
    Timetable,
    Void,
    event_from_json,
    event_to_json,
    from_json,
    step,
    to_json,
)

pytestmark = pytest.mark.timeout(TIME)

CLOSE_IT = (Attempt, ConfirmLateEntry, Void)
MOVE_IT = (Extend, Pause, Resume, Retier)


class Watched:
    """A promise under watch: every event that is accepted must leave what holds for every promise."""

    def __init__(self, lying: Promise) -> None:
        self.promise = lying
        self.now: datetime = lying.received_at
        self.told: set[tuple[int, str]] = set()
        self.said_overdue = 0

    def happens(self, event: Event) -> None:
        before = self.promise
        try:
            after = step(before, event, self.now)
        except (PromiseRefused, NothingDue):
            assert self.promise == before
            return
        assert after == step(before, event, self.now), "equal inputs, unequal outputs"
        self.promise = after.promise
        self._what_happened_was_allowed(before, event, after)
        self.stands()

    def rings(self) -> None:
        instant = self.promise.next_instant
        assert instant is not None
        self.now = max(self.now, instant)
        self.happens(Alarm())
        assert all(rung.climbed for rung in self.promise.timetable.rungs if rung.at <= self.now), "a rung left out"
        assert self.promise.next_instant is not None, "closed by time"
        assert self.promise.next_instant > self.now, "an alarm that rings for ever"

    def _what_happened_was_allowed(self, before: Promise, event: Event, after: Step) -> None:
        now = after.promise
        assert before.closing is None, "something happened to a closed promise"
        assert now.version == before.version + 1
        assert (now.received_at, now.id, now.pack) == (before.received_at, before.id, before.pack)
        assert now.closing is None or isinstance(event, CLOSE_IT), "only a person's act closes a promise"
        assert now.due_at == before.due_at or isinstance(event, MOVE_IT), "the due time moved by itself"
        assert now.due_at <= before.due_at or not isinstance(event, Retier), "an upgrade moved the due time later"
        climbs = [(effect.cycle, effect.rung) for effect in after.effects if isinstance(effect, Climb)]
        assert len(set(climbs)) == len(climbs)
        assert not self.told.intersection(climbs), "told twice in one cycle"
        self.told.update(climbs)
        self.said_overdue += sum(isinstance(effect, FellOverdue) for effect in after.effects)

    def stands(self) -> None:
        now = self.promise
        assert (now.next_instant is None) == (now.closing is not None)
        assert all(a.at <= b.at for a, b in pairwise(now.timetable.pending)), "rungs out of climbing order"
        assert now.held_until is None or now.held_until <= now.due_at, "held beyond the due time"
        assert self.said_overdue == int(now.overdue)
        assert not now.overdue or now.due_at <= self.now


@settings(max_examples=cases(0.6), deadline=None)
@given(table=timetables(), terms=TERMS_DRAWN, story=STORIES)
def test_in_every_story_a_promise_stays_sound(table: Timetable, terms: Terms, story: list[Code]) -> None:
    watched = Watched(promise(table, terms))

    for code in story:
        watched.now += code[0] * MINUTE
        watched.happens(event_of(code, watched.promise, table, watched.now))
        if watched.promise.closing is None and code[2] % 2:
            watched.rings()


@settings(max_examples=cases(0.05), deadline=None)
@given(table=timetables(), terms=TERMS_DRAWN, story=STORIES)
def test_a_promise_and_its_events_are_the_same_after_they_were_written_down(
    table: Timetable, terms: Terms, story: list[Code]
) -> None:
    watched = Watched(promise(table, terms))

    for code in story:
        watched.now += code[0] * MINUTE
        event = event_of(code, watched.promise, table, watched.now)
        assert event_from_json(json.loads(json.dumps(event_to_json(event)))) == event
        watched.happens(event)
        assert from_json(json.loads(json.dumps(to_json(watched.promise)))) == watched.promise


class AnyPromise(RuleBasedStateMachine):
    """The same promise as hypothesis likes to lead it: rules chosen for what they uncover, failures shrunk to a few."""

    @initialize(table=timetables(), terms=TERMS_DRAWN)
    def is_made(self, table: Timetable, terms: Terms) -> None:
        self.armed = table
        self.watched = Watched(promise(table, terms))

    @rule(minutes=st.integers(0, 600))
    def everything_is_down_for(self, minutes: int) -> None:
        self.watched.now += minutes * MINUTE

    @precondition(lambda self: self.watched.promise.closing is None)
    @rule()
    def the_alarm_rings(self) -> None:
        self.watched.rings()

    @rule(code=CODES)
    def somebody_acts(self, code: Code) -> None:
        self.watched.happens(event_of(code, self.watched.promise, self.armed, self.watched.now))

    @invariant()
    def it_stands(self) -> None:
        self.watched.stands()


AnyPromise.TestCase.settings = settings(
    max_examples=cases(0.05),
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestAnyPromise = AnyPromise.TestCase
