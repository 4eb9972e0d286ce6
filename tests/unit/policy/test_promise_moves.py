"""What moves a promise: to another owner, later by extension or pause, earlier by an upgrade."""

from dataclasses import replace
from datetime import timedelta

import pytest
from promise_desk import COLLEAGUE, RECEIVED, STANDARD, TERMS, URGENT, WORKER, Desk, clock, promise

from policy.promise import (
    Acknowledge,
    Alarm,
    Attempt,
    Delegate,
    EscalateTo,
    Event,
    Extend,
    NothingDue,
    Pause,
    PromiseRefused,
    Reason,
    Resume,
    Retier,
    State,
    Verdict,
    Waiting,
)

STOP = Pause("COURT_ORDER", until=clock("30:00"), by="lead-1")


def extension(days: int = 30) -> Extend:
    return Extend(days, due_at=STANDARD.due_at + timedelta(days=days), by="lead-1", why="the records are awaited")


def test_delegation_tells_the_new_owner_at_once_and_keeps_the_received_time() -> None:
    """R086: the supervisor directs another to return the call; its clock does not begin again."""
    desk = Desk(promise(STANDARD)).until("3:00")
    desk.do(Delegate(to=COLLEAGUE, by="lead-1"))

    assert desk.promise.owner == COLLEAGUE
    assert (desk.promise.received_at, desk.promise.due_at) == (RECEIVED, clock("10:00"))
    assert desk.promise.cycle == 2
    assert desk.heard() == ["0:00 owner", "3:00 owner"]


def test_after_delegation_no_rung_but_the_owners_is_repeated() -> None:
    desk = Desk(promise(STANDARD)).until("8:30")
    desk.do(Delegate(to=COLLEAGUE, by="lead-1"))
    desk.until("11:00")

    assert desk.heard() == [
        "0:00 owner", "5:00 warning", "8:00 supervisor", "8:30 owner", "10:00 manager", "11:00 director",
    ]  # fmt: skip


def test_delegated_to_somebody_who_is_not_there_the_supervisor_hears_of_it_again() -> None:
    desk = Desk(promise(STANDARD)).until("8:30")
    desk.nobody_at = {"owner"}
    desk.do(Delegate(to=COLLEAGUE, by="lead-1"))

    assert desk.heard()[-1] == "8:30 supervisor"


def test_delegation_to_its_owner_is_refused() -> None:
    desk = Desk(promise(STANDARD)).until("1:00")

    with pytest.raises(PromiseRefused) as refused:
        desk.do(Delegate(to=WORKER, by="lead-1"))
    assert refused.value.field == "to"


def test_an_extension_moves_the_due_time_and_every_rung_still_ahead() -> None:
    desk = Desk(promise(STANDARD)).until("8:30")
    desk.do(extension(days=1))
    desk.until("35:00")

    assert desk.promise.due_at == clock("34:00")
    assert desk.heard() == ["0:00 owner", "5:00 warning", "8:00 supervisor", "34:00 manager", "35:00 director"]


def test_an_extension_is_allowed_as_often_and_as_far_as_the_pack_says() -> None:
    desk = Desk(promise(STANDARD)).until("1:00")
    with pytest.raises(PromiseRefused, match="1 to 30 days"):
        desk.do(extension(days=31))
    desk.do(extension(days=30))

    with pytest.raises(PromiseRefused, match="allows for this kind of promise: 1") as refused:
        desk.do(replace(extension(), due_at=clock("2000:00")))
    assert refused.value.reason == Reason.NOT_IN_PACK


def test_a_kind_without_extension_in_its_pack_cannot_be_extended() -> None:
    desk = Desk(promise(STANDARD, replace(TERMS, extension=None))).until("1:00")

    with pytest.raises(PromiseRefused) as refused:
        desk.do(extension())
    assert refused.value.reason == Reason.NOT_IN_PACK


@pytest.mark.parametrize("event", [extension(), STOP])
def test_what_has_fallen_due_can_no_longer_be_moved(event: Event) -> None:
    """A deadline that was missed must not be made to look kept."""
    desk = Desk(promise(STANDARD)).until("10:00")

    with pytest.raises(PromiseRefused) as refused:
        desk.do(event)
    assert refused.value.reason == Reason.WRONG_STATE


def test_a_pause_moves_due_time_and_rungs_by_its_length_and_the_ladder_resumes_by_itself() -> None:
    """OnCall #1206: a ladder paused by a time window never resumed."""
    desk = Desk(promise(STANDARD)).until("6:00")
    desk.do(STOP)
    assert (desk.promise.state, desk.promise.next_instant) == (State.PAUSED, clock("30:00"))
    assert desk.promise.due_at == clock("34:00")

    desk.until("35:00")
    assert desk.heard() == ["0:00 owner", "5:00 warning", "32:00 supervisor", "34:00 manager", "35:00 director"]


def test_a_pause_that_ran_out_while_everything_was_down_ended_at_its_own_instant() -> None:
    desk = Desk(promise(STANDARD)).until("6:00")
    desk.do(STOP)
    desk.sleep_until("33:00").until("34:00")

    assert desk.heard()[-2:] == ["33:00 supervisor", "34:00 manager"]


def test_while_the_clock_is_stopped_nobody_is_told() -> None:
    desk = Desk(promise(STANDARD)).until("6:00")
    desk.do(STOP)
    desk.until("29:59")

    with pytest.raises(NothingDue) as answer:
        desk.do(Alarm())
    assert answer.value.waiting is Waiting.PAUSED
    for event in (Acknowledge("worker-1"), EscalateTo("director", "worker-1"), STOP):
        with pytest.raises(PromiseRefused):
            desk.do(event)


def test_a_pause_that_ends_early_gives_back_what_was_left_of_it() -> None:
    desk = Desk(promise(STANDARD)).until("6:00")
    desk.do(STOP)
    desk.until("16:00").do(Resume("lead-1"))

    assert desk.promise.due_at == clock("20:00")
    assert desk.promise.next_instant == clock("18:00")
    assert desk.promise.stopped_for == timedelta(hours=10)


def test_only_a_stopped_clock_can_be_resumed() -> None:
    desk = Desk(promise(STANDARD)).until("6:00")

    with pytest.raises(PromiseRefused) as refused:
        desk.do(Resume("lead-1"))
    assert refused.value.reason == Reason.WRONG_STATE


def test_only_a_legal_reason_of_the_pack_stops_the_clock_and_only_with_an_end() -> None:
    desk = Desk(promise(STANDARD)).until("6:00")

    with pytest.raises(PromiseRefused, match="COURT_ORDER") as refused:
        desk.do(replace(STOP, reason="WORKER_ON_LEAVE"))
    assert (refused.value.reason, refused.value.field) == (Reason.NOT_IN_PACK, "reason")
    with pytest.raises(PromiseRefused) as refused:
        desk.do(replace(STOP, until=clock("6:00")))
    assert (refused.value.reason, refused.value.field) == (Reason.IMPOSSIBLE_TIME, "until")


def test_a_call_returned_while_the_clock_was_stopped_counts() -> None:
    desk = Desk(promise(STANDARD)).until("6:00")
    desk.do(STOP)
    desk.until("20:00").do(Attempt("worker-1", "REACHED", clock("20:00")))

    assert desk.promise.closing is not None
    assert desk.promise.closing.verdict is Verdict.MET


def test_an_upgrade_moves_the_same_promise_earlier_and_tells_its_owner_at_once() -> None:
    desk = Desk(promise(STANDARD)).until("0:05")
    desk.do(Retier("T0", URGENT, by="screener-1"))
    desk.until("0:20")

    assert desk.promise.tier == "T0"
    assert desk.promise.due_at == clock("0:15")
    assert desk.heard() == ["0:00 owner", "0:05 owner", "0:10 supervisor", "0:15 manager", "0:20 director"]


def test_after_an_upgrade_the_rungs_ahead_are_told_of_the_new_clock_even_if_they_knew_the_old_one() -> None:
    desk = Desk(promise(STANDARD)).until("0:02")
    desk.do(EscalateTo("supervisor", by="worker-1"))
    desk.until("0:05").do(Retier("T0", URGENT, by="screener-1"))
    desk.until("0:10")

    assert desk.heard() == ["0:00 owner", "0:02 supervisor", "0:05 owner", "0:10 supervisor"]


def test_an_upgrade_that_comes_after_the_new_due_time_is_overdue_at_once() -> None:
    desk = Desk(promise(STANDARD)).until("1:00")
    desk.do(Retier("T0", URGENT, by="screener-1"))
    desk.until("1:00")

    assert desk.promise.state is State.OVERDUE
    assert desk.heard() == ["0:00 owner", "1:00 owner", "1:00 supervisor", "1:00 manager", "1:00 director"]


def test_an_upgrade_ends_a_hold_that_the_faster_clock_does_not_allow() -> None:
    desk = Desk(promise(STANDARD)).until("0:01")
    desk.do(Acknowledge("worker-1"))
    desk.do(Retier("T0", URGENT, by="screener-1"))
    desk.until("0:10")

    assert desk.heard()[-1] == "0:10 supervisor"


def test_an_upgrade_keeps_the_time_for_which_the_clock_was_stopped() -> None:
    desk = Desk(promise(STANDARD)).until("0:05")
    desk.do(replace(STOP, until=clock("1:05")))
    desk.until("1:05").do(Retier("T0", URGENT, by="screener-1"))

    assert desk.promise.due_at == clock("1:15")


def test_marks_on_the_timetable_of_an_upgrade_count_for_nothing() -> None:
    """Who was told is the ledger's to know, not the sender's."""
    marked = replace(URGENT, rungs=tuple(replace(rung, climbed=1) for rung in URGENT.rungs))
    desk = Desk(promise(STANDARD)).until("0:05")
    desk.do(Retier("T0", marked, by="screener-1"))
    desk.until("0:10")

    assert desk.heard()[-1] == "0:10 supervisor"


def test_a_promise_is_never_moved_later_by_a_change_of_tier() -> None:
    desk = Desk(promise(URGENT)).until("0:05")

    with pytest.raises(PromiseRefused) as refused:
        desk.do(Retier("T2", STANDARD, by="screener-1"))
    assert refused.value.reason == Reason.ONLY_EARLIER


def test_the_tier_of_a_promise_is_never_lowered_though_its_last_rung_has_moved_on_by_repeating() -> None:
    """Two tiers may have one due time (FIRST_CONTACT at T0 and T1): the repeated rung stood later than any new one."""
    desk = Desk(replace(promise(STANDARD), tier="T0")).until("16:00")

    for tier in ("T0", "T1"):
        with pytest.raises(PromiseRefused) as refused:
            desk.do(Retier(tier, STANDARD, by="screener-1"))
        assert refused.value.reason == Reason.ONLY_EARLIER
    assert desk.promise.tier == "T0"


def test_an_upgrade_to_the_same_ladder_is_none_though_its_last_rung_has_moved_on_by_repeating() -> None:
    desk = Desk(replace(promise(STANDARD), tier="T1")).until("16:00")

    with pytest.raises(PromiseRefused) as refused:
        desk.do(Retier("T0", STANDARD, by="screener-1"))
    assert refused.value.reason == Reason.ONLY_EARLIER


def test_an_overdue_promise_is_upgraded_to_a_ladder_that_is_climbed_faster() -> None:
    """SCREENING_DECISION at T1 and T0: due at one time, and the director hears of one of them sooner."""
    faster = replace(STANDARD, rungs=(*STANDARD.rungs[:-1], replace(STANDARD.rungs[-1], at=clock("10:30"))))
    desk = Desk(replace(promise(STANDARD), tier="T1")).until("16:00")
    desk.do(Retier("T0", faster, by="screener-1"))
    desk.until("16:00")

    assert desk.promise.tier == "T0"
    assert desk.heard()[-2:] == ["16:00 owner", "16:00 director"]


def test_a_pause_may_begin_before_it_is_recorded_where_nobody_was_told_yet() -> None:
    """Illinois, 2019: a caller was rung at night. The time they named counts, however late anybody heard of it."""
    desk = Desk(promise(URGENT, made="1:00"))
    desk.do(Pause("COURT_ORDER", clock("9:00"), "service", since=RECEIVED))

    assert desk.promise.state is State.PAUSED
    assert (desk.promise.due_at, desk.promise.next_instant) == (clock("9:15"), clock("9:00"))
    assert desk.until("9:10").heard() == ["9:00 owner", "9:10 supervisor"]


def test_a_pause_whose_end_has_passed_when_it_is_recorded_still_moved_the_clock() -> None:
    desk = Desk(promise(URGENT, made="9:05"))
    desk.do(Pause("COURT_ORDER", clock("9:00"), "service", since=RECEIVED))
    desk.until("9:10")

    assert (desk.promise.state, desk.promise.due_at) == (State.OPEN, clock("9:15"))
    assert desk.heard() == ["9:05 owner", "9:10 supervisor"]


def test_no_clock_is_stopped_from_before_people_were_told_of_it() -> None:
    desk = Desk(promise(URGENT)).until("0:05")

    with pytest.raises(PromiseRefused) as refused:
        desk.do(Pause("COURT_ORDER", clock("9:00"), "lead-1", since=RECEIVED))
    assert (refused.value.reason, refused.value.field) == (Reason.WRONG_STATE, "since")


@pytest.mark.parametrize("since", ["-1:59", "1:01"])
def test_a_pause_begins_between_receipt_and_now(since: str) -> None:
    desk = Desk(promise(URGENT, made="1:00"))

    with pytest.raises(PromiseRefused) as refused:
        desk.do(Pause("COURT_ORDER", clock("9:00"), "service", since=clock(since)))
    assert (refused.value.reason, refused.value.field) == (Reason.IMPOSSIBLE_TIME, "since")


def test_every_move_of_the_due_time_is_a_step_of_its_computation() -> None:
    desk = Desk(promise(STANDARD)).until("1:00")
    desk.do(extension(days=1))
    desk.do(STOP)
    desk.until("2:00").do(Resume("lead-1"))

    first, extended, stopped, resumed = desk.promise.timetable.steps
    assert first == "due 10:00 after receipt"
    assert extended.startswith("extended by 1 days: due ")
    assert "COURT_ORDER" in stopped
    assert resumed.startswith("runs again from ")
