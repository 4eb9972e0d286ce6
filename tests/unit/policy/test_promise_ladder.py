"""The ladder climbs by itself until somebody keeps the promise; no passing of time ever closes it."""

from datetime import timedelta

import pytest
from promise_desk import STANDARD, URGENT, Desk, clock, promise, timetable

from policy.errors import PackInvalid
from policy.ladders import Who
from policy.promise import (
    Alarm,
    Attempt,
    Climb,
    EscalateTo,
    FellOverdue,
    NobodyLeft,
    NothingDue,
    Passed,
    PromiseRefused,
    Reason,
    RungWasEmpty,
    State,
    Void,
    Waiting,
    tellings,
)


def test_each_rung_is_climbed_at_its_instant_and_the_last_one_repeats() -> None:
    """R080: an urgent call that nobody returns reaches the on-call director, and goes on reaching them."""
    desk = Desk(promise(URGENT)).until("0:50")

    assert desk.heard() == [
        "0:00 owner", "0:10 supervisor", "0:15 manager", "0:20 director", "0:35 director", "0:50 director",
    ]  # fmt: skip


def test_a_promise_nobody_keeps_is_overdue_and_stays_open() -> None:
    desk = Desk(promise(STANDARD)).until("9:59")
    assert desk.promise.state is State.OPEN

    desk.until("10:00")
    assert desk.promise.state is State.OVERDUE

    desk.until("1000:00")
    assert desk.promise.state is State.OVERDUE
    assert desk.promise.closing is None
    assert desk.promise.next_instant == clock("1003:00")


def test_falling_overdue_is_said_once_even_where_no_rung_stands_on_the_due_time() -> None:
    table = timetable(
        "1:00",
        [("owner", Who.OWNER, "0:00"), ("director", Who.DIRECTOR, "2:00")],
        repeat=timedelta(hours=1),
        hold=timedelta(hours=1),
    )
    desk = Desk(promise(table)).until("3:30")

    said = [entry.recorded_at for entry in desk.history for effect in entry.effects if isinstance(effect, FellOverdue)]
    assert said == [clock("1:00")]


def test_a_warning_is_a_rung_that_asks_for_no_acknowledgement() -> None:
    desk = Desk(promise(STANDARD)).until("4:59")

    desk.now = clock("5:00")
    assert desk.do(Alarm()) == (Climb("warning", Who.OWNER, 1, clock("5:00"), warning=True),)


def test_an_empty_rung_is_climbed_past_at_once() -> None:
    """R084, GoAlert #4548: an absent owner's first rung is the supervisor, without any wait."""
    desk = Desk(promise(STANDARD), nobody_at=["owner", "warning"]).until("9:00")

    assert desk.heard() == ["0:00 supervisor"]


def test_rungs_above_an_empty_one_keep_their_instants() -> None:
    desk = Desk(promise(URGENT), nobody_at=["supervisor"]).until("0:20")

    assert desk.heard() == ["0:00 owner", "0:10 manager", "0:20 director"]


def test_an_empty_rung_among_several_climbed_together_tells_nobody_twice() -> None:
    desk = Desk(promise(URGENT), nobody_at=["owner"]).sleep_until("0:16").until("0:16")

    assert desk.heard() == ["0:16 supervisor", "0:16 manager"]


def test_when_every_rung_is_empty_the_last_resort_is_called_for_and_the_ladder_still_repeats() -> None:
    everybody = [rung.name for rung in URGENT.rungs]
    desk = Desk(promise(URGENT), nobody_at=everybody).until("0:00")

    assert desk.heard() == []
    assert desk.history[-1].effects == (NobodyLeft("director", 1),)

    desk.until("0:20")
    assert desk.history[-1].effects == (NobodyLeft("director", 2),)
    assert desk.promise.next_instant == clock("0:35")


def test_only_a_rung_climbed_in_this_cycle_can_be_empty() -> None:
    desk = Desk(promise(URGENT)).until("0:00")

    with pytest.raises(PromiseRefused) as refused:
        desk.do(RungWasEmpty("director"))
    assert refused.value.reason == Reason.WRONG_STATE


def test_escalation_to_a_chosen_rung_tells_it_now_and_takes_nothing_from_the_ladder() -> None:
    """GoAlert #3085."""
    desk = Desk(promise(STANDARD)).until("1:00")
    desk.do(EscalateTo("manager", by="worker-1"))
    desk.until("15:00")

    assert desk.heard() == [
        "0:00 owner", "1:00 manager", "5:00 warning", "8:00 supervisor", "11:00 director", "15:00 director",
    ]  # fmt: skip


def test_escalation_to_a_rung_climbed_before_begins_a_new_cycle_so_that_it_is_told_again() -> None:
    desk = Desk(promise(STANDARD)).until("8:30")
    desk.do(EscalateTo("supervisor", by="worker-1"))

    assert desk.promise.cycle == 2
    assert desk.heard()[-2:] == ["8:00 supervisor", "8:30 supervisor"]


def test_a_director_told_early_is_told_again_when_their_own_instant_comes() -> None:
    desk = Desk(promise(STANDARD)).until("1:00")
    desk.do(EscalateTo("director", by="worker-1"))
    desk.until("11:00")

    assert desk.heard()[-1] == "11:00 director"
    assert desk.promise.cycle == 2


def test_escalation_to_a_rung_the_ladder_does_not_have_is_refused_with_those_it_has() -> None:
    desk = Desk(promise(URGENT)).until("0:00")

    with pytest.raises(PromiseRefused, match="owner, supervisor, manager, director") as refused:
        desk.do(EscalateTo("governor", by="worker-1"))
    assert (refused.value.reason, refused.value.field) == (Reason.NOT_FOUND, "rung")


def test_woken_after_an_outage_every_rung_that_fell_due_is_climbed_in_order_without_waiting() -> None:
    desk = Desk(promise(URGENT)).until("0:00")
    desk.sleep_until("0:21").do(Alarm())

    assert desk.heard() == ["0:00 owner", "0:21 supervisor", "0:21 manager", "0:21 director"]
    assert [effect.at for effect in desk.history[-1].effects if isinstance(effect, Climb)] == [
        clock("0:10"), clock("0:15"), clock("0:20"),
    ]  # fmt: skip


def test_repetitions_missed_in_an_outage_are_made_up_by_one_and_keep_their_rhythm() -> None:
    desk = Desk(promise(URGENT)).until("0:35")
    desk.heard()
    desk.sleep_until("2:01").do(Alarm())

    assert desk.heard() == ["2:01 director"]
    assert desk.promise.next_instant == clock("2:05")


@pytest.mark.parametrize(
    ("made", "told"),
    [
        ("0:20", ["0:20 owner"]),
        ("5:30", ["5:30 owner", "5:30 warning"]),
        ("8:30", ["8:30 owner", "8:30 warning", "8:30 supervisor"]),
        ("10:30", ["10:30 owner", "10:30 supervisor", "10:30 manager"]),
    ],
)
def test_born_late_passed_rungs_are_climbed_at_once_and_no_warning_comes_after_the_due_time(
    made: str, told: list[str]
) -> None:
    """A report takes twenty minutes to tell: the clock runs from the ring, not from the telling."""
    desk = Desk(promise(STANDARD, made=made)).until(made)

    assert desk.heard() == told


def test_of_several_warnings_that_have_passed_only_the_last_is_sent() -> None:
    table = timetable(
        "10:00",
        [
            ("owner", Who.OWNER, "0:00"),
            ("first warning", Who.OWNER, "3:00"),
            ("second warning", Who.OWNER, "6:00"),
            ("director", Who.DIRECTOR, "10:00"),
        ],
        repeat=timedelta(hours=1),
        hold=timedelta(hours=1),
    )
    desk = Desk(promise(table, made="7:00")).until("7:00")

    assert desk.heard() == ["7:00 owner", "7:00 second warning"]
    assert Passed("first warning", 1, clock("3:00")) in desk.history[0].effects


def test_each_person_hears_once_in_one_message_that_names_the_oldest_rung() -> None:
    climbs = [
        Climb("owner", Who.OWNER, 1, clock("0:00")),
        Climb("warning", Who.OWNER, 1, clock("5:00"), warning=True),
        Climb("supervisor", Who.SUPERVISOR, 1, clock("8:00")),
    ]
    people = {"owner": ["worker-1"], "warning": ["worker-1"], "supervisor": ["lead-1", "worker-1"]}

    told = {telling.person: (telling.oldest.rung, telling.rungs) for telling in tellings(climbs, people)}

    assert told == {
        "worker-1": ("owner", ("owner", "warning", "supervisor")),
        "lead-1": ("supervisor", ("supervisor",)),
    }


def test_an_alarm_before_its_instant_changes_nothing() -> None:
    desk = Desk(promise(URGENT)).until("0:09")

    with pytest.raises(NothingDue) as answer:
        desk.do(Alarm())
    assert answer.value.waiting is Waiting.NOT_YET


def test_a_closed_promise_never_climbs() -> None:
    desk = Desk(promise(URGENT)).until("0:05")
    desk.do(Attempt("worker-1", "REACHED", clock("0:04")))

    desk.sleep_until("0:30")
    with pytest.raises(NothingDue) as answer:
        desk.do(Alarm())
    assert answer.value.waiting is Waiting.CLOSED
    assert desk.promise.next_instant is None
    assert desk.heard() == ["0:00 owner"]


def test_nothing_more_happens_to_a_closed_promise() -> None:
    desk = Desk(promise(URGENT))
    desk.do(Void(by="lead-1", why="the same call was entered twice"))

    with pytest.raises(PromiseRefused) as refused:
        desk.do(EscalateTo("director", by="worker-1"))
    assert refused.value.reason == Reason.PROMISE_CLOSED


@pytest.mark.parametrize(
    ("rungs", "fault"),
    [
        ([], "no rungs"),
        ([("owner", Who.OWNER, "0:00"), ("owner", Who.OWNER, "1:00")], "one name"),
        ([("owner", Who.OWNER, "1:00"), ("director", Who.DIRECTOR, "0:00")], "climbing order"),
        ([("director", Who.DIRECTOR, "0:00")], "tells the owner"),
        ([("owner", Who.OWNER, "0:00"), ("warning", Who.OWNER, "1:00")], "last rung is a warning"),
    ],
)
def test_a_ladder_that_cannot_be_climbed_is_refused_at_birth(rungs: list[tuple[str, Who, str]], fault: str) -> None:
    with pytest.raises(PackInvalid, match=fault):
        promise(timetable("2:00", rungs, repeat=timedelta(hours=1), hold=timedelta(hours=1)))
