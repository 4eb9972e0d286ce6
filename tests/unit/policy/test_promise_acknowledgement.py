"""Acknowledged is not kept: an acknowledgement holds the ladder for a while, and never beyond the due time."""

from dataclasses import replace
from datetime import timedelta

import pytest
from promise_desk import COLLEAGUE, STANDARD, URGENT, Desk, clock, promise

from policy.promise import Acknowledge, Alarm, Delegate, EscalateTo, NothingDue, PromiseRefused, Reason, State, Waiting


def test_acknowledged_then_forgotten_the_ladder_resumes_at_its_next_rung() -> None:
    """GoAlert #3378."""
    desk = Desk(promise(STANDARD)).until("7:00")
    desk.do(Acknowledge("worker-1"))
    assert (desk.promise.state, desk.promise.next_instant) == (State.HELD, clock("9:00"))

    desk.until("9:00")
    assert desk.promise.state is State.OPEN
    assert desk.heard()[-1] == "9:00 supervisor"


def test_nobody_is_told_again_while_an_acknowledgement_holds() -> None:
    """GoAlert #3245, OnCall #4654."""
    desk = Desk(promise(STANDARD)).until("7:00")
    desk.heard()
    desk.do(Acknowledge("worker-1"))

    desk.until("8:59")
    assert desk.heard() == []
    with pytest.raises(NothingDue) as answer:
        desk.do(Alarm())
    assert answer.value.waiting is Waiting.HELD


def test_later_rungs_keep_their_spacing_after_a_hold() -> None:
    """OnCall #934, #1931: a wait was dropped, or ignored."""
    desk = Desk(promise(STANDARD)).until("7:00")
    desk.do(Acknowledge("worker-1"))
    desk.until("12:00")

    assert desk.heard()[-3:] == ["9:00 supervisor", "11:00 manager", "12:00 director"]


def test_a_hold_that_ends_before_the_next_rung_moves_nothing() -> None:
    desk = Desk(promise(STANDARD)).until("1:00")
    desk.do(Acknowledge("worker-1"))
    desk.until("11:00")

    assert desk.heard() == ["0:00 owner", "5:00 warning", "8:00 supervisor", "10:00 manager", "11:00 director"]


def test_a_hold_that_outlives_a_warning_does_not_push_the_escalation_back() -> None:
    desk = Desk(promise(STANDARD)).until("4:00")
    desk.do(Acknowledge("worker-1"))
    desk.until("8:00")

    assert desk.heard() == ["0:00 owner", "6:00 warning", "8:00 supervisor"]


def test_an_acknowledgement_never_holds_beyond_the_due_time() -> None:
    desk = Desk(promise(URGENT)).until("0:02")
    desk.do(Acknowledge("worker-1"))
    assert desk.promise.held_until == clock("0:15")

    desk.until("0:25")
    assert desk.promise.state is State.OVERDUE
    assert desk.heard() == ["0:00 owner", "0:15 supervisor", "0:20 manager", "0:25 director"]


def test_after_the_due_time_an_acknowledgement_is_recorded_and_holds_nothing() -> None:
    desk = Desk(promise(URGENT)).until("0:16")
    desk.do(Acknowledge("lead-1"))

    assert desk.promise.state is State.OVERDUE
    assert desk.promise.next_instant == clock("0:20")


def test_a_hold_is_not_lengthened_by_acknowledging_again() -> None:
    desk = Desk(promise(STANDARD)).until("7:00")
    desk.do(Acknowledge("worker-1"))

    with pytest.raises(PromiseRefused, match="already acknowledged") as refused:
        desk.do(Acknowledge("worker-1"))
    assert refused.value.reason == Reason.WRONG_STATE
    assert desk.promise.held_until == clock("9:00")


def test_a_hold_ends_at_its_own_instant_however_late_the_alarm_rings() -> None:
    """An outage must not move the ladder: rungs come late by the outage and no more."""
    desk = Desk(promise(STANDARD)).until("7:00")
    desk.do(Acknowledge("worker-1"))
    desk.sleep_until("10:30").until("12:00")

    assert desk.heard()[-3:] == ["10:30 supervisor", "11:00 manager", "12:00 director"]


def test_delegation_ends_the_hold_of_the_old_owner() -> None:
    desk = Desk(promise(STANDARD)).until("7:00")
    desk.do(Acknowledge("worker-1"))
    desk.until("7:30")
    desk.do(Delegate(to=COLLEAGUE, by="lead-1"))
    desk.until("8:00")

    assert desk.heard()[-2:] == ["7:30 owner", "8:00 supervisor"]


def test_escalation_during_a_hold_tells_the_rung_and_leaves_the_hold() -> None:
    desk = Desk(promise(STANDARD)).until("7:00")
    desk.do(Acknowledge("worker-1"))
    desk.do(EscalateTo("director", by="worker-1"))

    assert desk.promise.state is State.HELD
    assert desk.heard()[-1] == "7:00 director"


def asking_for_two() -> Desk:
    """From the supervisor's rung on, two people must have seen it before it holds."""
    rungs = tuple(replace(rung, acknowledge=2) if rung.name == "supervisor" else rung for rung in STANDARD.rungs)
    return Desk(promise(replace(STANDARD, rungs=rungs)))


def test_before_the_rung_that_asks_for_two_is_climbed_one_is_enough() -> None:
    desk = asking_for_two().until("7:00")
    desk.do(Acknowledge("worker-1"))
    assert desk.promise.state is State.HELD


def test_a_rung_that_asks_for_two_holds_once_two_different_people_have_acknowledged() -> None:
    desk = asking_for_two().until("8:30")
    desk.do(Acknowledge("worker-1"))
    assert (desk.promise.state, desk.promise.next_instant) == (State.OPEN, clock("10:00"))
    with pytest.raises(PromiseRefused, match="1 more must before it holds"):
        desk.do(Acknowledge("worker-1"))

    desk.do(Acknowledge("lead-1"))
    assert (desk.promise.state, desk.promise.next_instant) == (State.HELD, clock("10:00"))


def test_once_the_hold_of_two_has_run_out_two_must_acknowledge_again() -> None:
    late = replace(STANDARD, due_at=clock("20:00"), acknowledgement=timedelta(minutes=30))
    rungs = tuple(replace(rung, acknowledge=2) if rung.name == "supervisor" else rung for rung in STANDARD.rungs)
    desk = Desk(promise(replace(late, rungs=rungs))).until("8:30")
    desk.do(Acknowledge("worker-1"))
    desk.do(Acknowledge("lead-1"))
    desk.until("9:15").do(Acknowledge("worker-1"))
    assert desk.promise.state is State.OPEN


def test_what_the_owner_before_acknowledged_does_not_count_for_the_next() -> None:
    desk = asking_for_two().until("8:30")
    desk.do(Acknowledge("worker-1"))
    desk.do(Delegate(COLLEAGUE, "lead-1"))
    desk.do(Acknowledge("worker-2"))
    assert desk.promise.state is State.OPEN
