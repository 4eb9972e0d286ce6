"""How a promise ends: by an attempt the pack stops on, judged by when it occurred, or by being void."""

from dataclasses import replace

import pytest
from promise_desk import STANDARD, TERMS, URGENT, Desk, clock, promise

from policy.promise import (
    Attempt,
    Close,
    ConfirmationNeeded,
    ConfirmLateEntry,
    PromiseRefused,
    Reason,
    RefuseLateEntry,
    State,
    Verdict,
    Void,
)


def reached(at: str, late_reason: str = "") -> Attempt:
    return Attempt("worker-1", "REACHED", clock(at), late_reason)


def test_a_call_returned_in_time_is_met() -> None:
    """R080."""
    desk = Desk(promise(URGENT)).until("0:12")
    (close,) = desk.do(reached("0:11"))

    assert isinstance(close, Close)
    assert close.closing.verdict is Verdict.MET
    assert (close.closing.occurred_at, close.closing.recorded_at) == (clock("0:11"), clock("0:12"))
    assert desk.promise.state is State.KEPT


@pytest.mark.parametrize(("occurred", "verdict"), [("0:15", Verdict.MET), ("0:16", Verdict.LATE)])
def test_the_due_time_itself_is_in_time(occurred: str, verdict: Verdict) -> None:
    desk = Desk(promise(URGENT)).until("0:20")
    desk.do(reached(occurred))

    assert desk.promise.closing is not None
    assert desk.promise.closing.verdict is verdict


def test_the_verdict_comes_from_when_it_happened_not_from_when_it_was_recorded() -> None:
    desk = Desk(promise(URGENT)).until("0:25")
    desk.do(reached("0:14"))

    assert desk.promise.closing is not None
    assert desk.promise.closing.verdict is Verdict.MET


def test_a_director_who_keeps_it_after_the_due_time_is_late() -> None:
    desk = Desk(promise(URGENT)).until("0:40")
    desk.do(Attempt("director-1", "REACHED", clock("0:40")))

    assert desk.promise.closing is not None
    assert desk.promise.closing.verdict is Verdict.LATE


@pytest.mark.parametrize("outcome", ["NO_ANSWER", "BUSY", "LEFT_MESSAGE", "WRONG_NUMBER", "NOT_SAFE_TO_TALK"])
def test_a_missed_attempt_keeps_its_place_and_its_received_time(outcome: str) -> None:
    """Illinois, 2019: a caller who missed the call back went to the back of the queue."""
    desk = Desk(promise(STANDARD)).until("3:00")
    before = desk.promise
    desk.do(Attempt("worker-1", outcome, clock("2:55")))
    after = desk.promise

    assert (after.received_at, after.timetable, after.next_instant) == (
        before.received_at,
        before.timetable,
        before.next_instant,
    )
    assert after.attempts == 1
    assert after.state is State.OPEN


def test_an_outcome_that_the_pack_does_not_list_is_refused_and_what_it_lists_is_named() -> None:
    """R081: what is mistyped would keep nothing, and nobody would hear of it."""
    desk = Desk(promise(STANDARD)).until("3:00")

    with pytest.raises(PromiseRefused, match="BUSY, LEFT_MESSAGE, NOT_SAFE_TO_TALK, NO_ANSWER, REACHED") as refused:
        desk.do(Attempt("worker-1", "REACHD", clock("2:55")))
    assert (refused.value.reason, refused.value.field) == (Reason.NOT_IN_PACK, "outcome")
    assert desk.promise.attempts == 0


def test_a_promise_written_before_packs_listed_outcomes_takes_any() -> None:
    desk = Desk(promise(STANDARD, replace(TERMS, outcomes=frozenset()))).until("3:00")
    desk.do(Attempt("worker-1", "ENGAGED", clock("2:55")))

    assert desk.promise.attempts == 1


def test_an_act_cannot_lie_in_the_future() -> None:
    desk = Desk(promise(URGENT)).until("0:05")

    with pytest.raises(PromiseRefused) as refused:
        desk.do(reached("0:06"))
    assert (refused.value.reason, refused.value.field) == (Reason.IMPOSSIBLE_TIME, "occurred_at")


def test_an_act_cannot_lie_before_the_receipt() -> None:
    desk = Desk(promise(URGENT)).until("0:05")

    with pytest.raises(PromiseRefused) as refused:
        desk.do(reached("-1:59"))
    assert (refused.value.reason, refused.value.field) == (Reason.IMPOSSIBLE_TIME, "occurred_at")


def test_a_late_entry_needs_a_reason() -> None:
    desk = Desk(promise(STANDARD)).until("6:00")

    with pytest.raises(PromiseRefused) as refused:
        desk.do(reached("5:44"))
    assert (refused.value.reason, refused.value.field) == (Reason.REASON_REQUIRED, "late_reason")
    assert desk.promise.attempts == 0


def test_an_entry_exactly_at_the_packs_limit_is_not_late() -> None:
    desk = Desk(promise(STANDARD)).until("6:00")
    desk.do(reached("5:45"))

    assert desk.promise.state is State.KEPT


def test_a_late_entry_waits_for_another_person_and_holds_like_an_acknowledgement() -> None:
    desk = Desk(promise(STANDARD)).until("7:30")
    effects = desk.do(reached("6:00", "no signal on the road"))

    assert effects == (ConfirmationNeeded("worker-1"),)
    assert desk.promise.state is State.AWAITS_CONFIRMATION
    assert desk.promise.next_instant == clock("9:30")


def test_the_person_who_entered_it_late_cannot_confirm_it() -> None:
    desk = Desk(promise(STANDARD)).until("7:30")
    desk.do(reached("6:00", "no signal on the road"))

    with pytest.raises(PromiseRefused) as refused:
        desk.do(ConfirmLateEntry("worker-1"))
    assert refused.value.reason == Reason.FOUR_EYES


def test_a_confirmed_late_entry_is_judged_by_when_it_occurred_and_says_that_it_was_recorded_late() -> None:
    desk = Desk(promise(STANDARD)).until("10:30")
    desk.do(reached("9:00", "no signal on the road"))
    desk.until("10:40").do(ConfirmLateEntry("lead-1"))

    closing = desk.promise.closing
    assert closing is not None
    assert (closing.verdict, closing.recorded_late, closing.confirmed_by) == (Verdict.MET, True, "lead-1")
    assert (closing.occurred_at, closing.recorded_at, closing.closed_at) == (
        clock("9:00"),
        clock("10:30"),
        clock("10:40"),
    )


def test_a_refused_late_entry_resumes_the_ladder_at_once() -> None:
    desk = Desk(promise(STANDARD)).until("7:30")
    desk.do(reached("6:00", "no signal on the road"))
    desk.until("8:15").do(RefuseLateEntry("lead-1", why="the family says that nobody called"))
    desk.until("8:15")

    assert desk.promise.state is State.OPEN
    assert desk.heard()[-1] == "8:15 supervisor"


def test_a_late_entry_nobody_judges_is_not_forgotten() -> None:
    desk = Desk(promise(STANDARD)).until("7:30")
    desk.do(reached("6:00", "no signal on the road"))
    desk.until("9:30")

    assert desk.promise.state is State.AWAITS_CONFIRMATION
    assert desk.heard()[-1] == "9:30 supervisor"


def test_a_late_entry_made_after_the_due_time_holds_nothing() -> None:
    desk = Desk(promise(STANDARD)).until("10:30")
    desk.do(reached("9:00", "no signal on the road"))
    desk.until("11:00")

    assert desk.heard()[-1] == "11:00 director"


def test_a_second_late_entry_waits_for_the_first_to_be_judged() -> None:
    desk = Desk(promise(STANDARD)).until("7:30")
    desk.do(reached("6:00", "no signal on the road"))

    with pytest.raises(PromiseRefused) as refused:
        desk.do(reached("6:30", "no signal on the road"))
    assert refused.value.reason == Reason.WRONG_STATE


def test_a_fresh_act_keeps_the_promise_while_a_late_entry_waits() -> None:
    desk = Desk(promise(STANDARD)).until("7:30")
    desk.do(reached("6:00", "no signal on the road"))
    desk.do(reached("7:30"))

    assert desk.promise.closing is not None
    assert desk.promise.closing.recorded_late is False


@pytest.mark.parametrize("verdict_on_it", [ConfirmLateEntry("lead-1"), RefuseLateEntry("lead-1", why="doubtful")])
def test_without_a_late_entry_there_is_nothing_to_judge(verdict_on_it: ConfirmLateEntry | RefuseLateEntry) -> None:
    desk = Desk(promise(STANDARD)).until("1:00")

    with pytest.raises(PromiseRefused) as refused:
        desk.do(verdict_on_it)
    assert refused.value.reason == Reason.WRONG_STATE


def test_a_promise_is_void_only_with_a_reason() -> None:
    desk = Desk(promise(STANDARD)).until("1:00")

    with pytest.raises(PromiseRefused) as refused:
        desk.do(Void("lead-1", why=""))
    assert refused.value.reason == Reason.REASON_REQUIRED

    desk.do(Void("lead-1", why="the same call was entered twice"))
    assert desk.promise.state is State.VOID
    assert desk.promise.closing is not None
    assert desk.promise.closing.verdict is Verdict.VOID
