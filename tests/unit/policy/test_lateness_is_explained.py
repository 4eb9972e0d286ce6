"""Why a family was contacted late can be read from the certificate: each reason is an instant of its record (R113)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from promise_desk import COLLEAGUE, URGENT, Desk, clock, promise

from policy import lateness
from policy.certificate import Link, certificate
from policy.promise import Acknowledge, Attempt, Delegate

SECOND = timedelta(seconds=1)


def certified(desk: Desk) -> dict[str, Any]:
    return certificate(desk.promise, desk.history, desk.told, link=Link(1, None), tzdata="2026.6")


def told_at_once(record: Mapping[str, Any], *, after: timedelta = SECOND) -> dict[tuple[int, str, str], datetime]:
    """Every message went out so long after its rung was climbed."""
    return {
        (rung.cycle, rung.name, person): rung.climbed + after
        for rung in lateness.rungs(record, {})
        for person in rung.told
    }


def reasons(record: Mapping[str, Any]) -> list[lateness.Reason]:
    """Of a promise whose messages went out at once."""
    return lateness.reasons(record, told_at_once(record), clock("1:00"))


def kept_late() -> Desk:
    desk = Desk(promise(URGENT)).until("0:12")
    desk.do(Attempt("worker-1", "BUSY", clock("0:12")))
    desk.until("0:22").do(Attempt("director-1", "REACHED", clock("0:22")))
    return desk


def test_people_who_knew_in_time_and_did_not_act_are_the_reason() -> None:
    record = certified(kept_late())

    found = lateness.reasons(record, told_at_once(record), clock("1:00"))

    assert [(reason.code, reason.text) for reason in found] == [
        ("ATTEMPT", "worker-1: BUSY"),
        ("NOBODY_ACTED", "owner-1 knew of it 0:14:59 before it was due (rung owner), and nobody did it in time"),
        ("ATTEMPT", "director-1: REACHED"),
    ]
    assert lateness.late(record, clock("1:00")) == timedelta(minutes=7)


def test_an_alarm_that_rang_late_is_a_reason_and_says_by_how_much() -> None:
    desk = Desk(promise(URGENT)).until("0:05").sleep_until("0:13").until("0:16")
    desk.do(Attempt("owner-1", "REACHED", clock("0:16")))
    record = certified(desk)

    (alarm,) = [reason for reason in reasons(record) if reason.code == "ALARM_LATE"]

    assert (alarm.at, alarm.late) == (clock("0:13"), timedelta(minutes=3))
    assert alarm.text == "the alarm of rung supervisor rang 0:03:00 after its instant"


def test_a_promise_cannot_be_late_before_it_is_made_but_that_it_was_made_late_is_a_reason() -> None:
    desk = Desk(promise(URGENT, made="0:12")).until("0:16")
    desk.do(Attempt("owner-1", "REACHED", clock("0:16")))

    found = reasons(certified(desk))

    assert ("MADE_LATE", timedelta(minutes=12)) in [(reason.code, reason.late) for reason in found]
    assert "ALARM_LATE" not in [reason.code for reason in found]


def test_a_message_that_went_out_late_or_is_not_known_to_have_gone_out_is_a_reason() -> None:
    record = certified(kept_late())
    slow = told_at_once(record, after=timedelta(minutes=4))
    del slow[1, "director", "director-1"]

    found = [reason for reason in lateness.reasons(record, slow, clock("1:00")) if "TOLD" in reason.code]

    assert [(reason.code, reason.at, reason.late) for reason in found] == [
        ("TOLD_LATE", clock("0:04"), timedelta(minutes=4)),
        ("TOLD_LATE", clock("0:14"), timedelta(minutes=4)),
        ("TOLD_LATE", clock("0:19"), timedelta(minutes=4)),
        ("NOT_TOLD", clock("0:20"), timedelta(0)),
    ]


def test_who_was_not_told_could_not_act() -> None:
    found = [reason.code for reason in lateness.reasons(certified(kept_late()), {}, clock("1:00"))]

    assert "NOBODY_KNEW" in found
    assert "NOBODY_ACTED" not in found


def test_a_rung_on_which_nobody_was_is_a_reason() -> None:
    desk = Desk(promise(URGENT), nobody_at=["supervisor"]).until("0:16")
    desk.do(Attempt("owner-1", "REACHED", clock("0:16")))

    (empty,) = [reason for reason in reasons(certified(desk)) if reason.code == "NOBODY_THERE"]

    assert (empty.at, empty.text) == (clock("0:10"), "nobody was on rung supervisor")


def test_what_people_did_with_it_meanwhile_is_told() -> None:
    desk = Desk(promise(URGENT)).until("0:01")
    desk.do(Acknowledge("owner-1"))
    desk.do(Delegate(COLLEAGUE, "supervisor-1"))
    desk.until("0:20").do(Attempt("worker-2", "REACHED", clock("0:20")))

    found = [reason.code for reason in reasons(certified(desk))]

    assert [code for code in found if code in ("HELD", "DELEGATED")] == ["HELD", "DELEGATED"]


def test_a_promise_that_was_kept_in_time_has_no_such_reason() -> None:
    desk = Desk(promise(URGENT)).until("0:05")
    desk.do(Attempt("owner-1", "REACHED", clock("0:05")))
    record = certified(desk)

    assert lateness.late(record, clock("1:00")) == timedelta(minutes=-10)
    assert [reason.code for reason in reasons(record)] == ["ATTEMPT"]


def test_an_entry_that_came_after_the_act_is_told() -> None:
    desk = Desk(promise(URGENT)).until("0:14")
    desk.do(Attempt("owner-1", "REACHED", clock("0:06")))

    assert "ENTERED_LATE" in [reason.code for reason in reasons(certified(desk))]
