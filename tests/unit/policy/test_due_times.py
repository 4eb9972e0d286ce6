"""Due times by the calendar rules: changes of summer time, observed holidays, leap days, the edges of office hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.calendars import Calendar, calendar_from
from policy.clocks import Presence
from policy.due import arm, due, extended
from policy.errors import ClockUndefined, PackInvalid
from policy.packs import Packs

PACKS = Packs()
PACK = PACKS.get("seed-default", "1.0.0")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def due_text(kind: str, received: str, pack: str = "seed-default", **asked: str) -> str:
    presence = Presence(asked.pop("presence")) if "presence" in asked else None
    return due(PACKS.get(pack), kind, at(received), presence=presence, **asked).at.isoformat()


@pytest.mark.parametrize(
    ("received", "wanted"),
    [
        ("2026-11-23T15:00:00-06:00", "2026-11-24T15:00:00-06:00"),
        ("2026-11-20T18:00:00-06:00", "2026-11-23T17:00:00-06:00"),
        ("2026-11-21T12:00:00-06:00", "2026-11-23T17:00:00-06:00"),
        ("2026-11-23T07:59:59-06:00", "2026-11-23T17:00:00-06:00"),
        ("2026-11-23T08:00:00-06:00", "2026-11-23T17:00:00-06:00"),
        ("2026-11-23T08:00:01-06:00", "2026-11-24T08:00:01-06:00"),
        ("2026-11-23T16:59:59-06:00", "2026-11-24T16:59:59-06:00"),
        ("2026-11-23T17:00:00-06:00", "2026-11-24T17:00:00-06:00"),
        ("2026-11-23T21:00:00Z", "2026-11-24T15:00:00-06:00"),
    ],
)
def test_a_business_day_is_nine_hours_of_office_time(received: str, wanted: str) -> None:
    """R081."""
    assert due_text("CALLBACK_STANDARD", received) == wanted


@pytest.mark.parametrize(
    ("received", "wanted", "why"),
    [
        ("2026-11-25T15:00:00-06:00", "2026-11-27T15:00:00-06:00", "Thanksgiving, a Thursday"),
        ("2026-07-02T15:00:00-05:00", "2026-07-06T15:00:00-05:00", "4 July on a Saturday is kept on the Friday"),
        ("2027-07-02T15:00:00-05:00", "2027-07-06T15:00:00-05:00", "4 July on a Sunday is kept on the Monday"),
        ("2021-12-30T15:00:00-06:00", "2022-01-03T15:00:00-06:00", "New Year on a Saturday is kept in the old year"),
        ("2022-12-30T15:00:00-06:00", "2023-01-03T15:00:00-06:00", "New Year on a Sunday is kept on 2 January"),
        ("2026-05-22T15:00:00-05:00", "2026-05-26T15:00:00-05:00", "Memorial Day, the last Monday of May"),
        ("2020-06-18T15:00:00-05:00", "2020-06-19T15:00:00-05:00", "Juneteenth was no holiday in 2020"),
        ("2021-06-17T15:00:00-05:00", "2021-06-21T15:00:00-05:00", "Juneteenth 2021, a Saturday, kept on the Friday"),
        ("2028-02-28T15:00:00-06:00", "2028-02-29T15:00:00-06:00", "a leap day is a business day"),
        ("2026-03-06T15:00:00-06:00", "2026-03-09T15:00:00-05:00", "the clocks go forward over the weekend"),
        ("2026-10-30T15:00:00-05:00", "2026-11-02T15:00:00-06:00", "the clocks go back over the weekend"),
    ],
)
def test_business_days_leave_out_holidays_as_observed(received: str, wanted: str, why: str) -> None:
    """R081."""
    assert due_text("CALLBACK_STANDARD", received) == wanted, why


@pytest.mark.parametrize(
    ("received", "tier", "wanted"),
    [
        ("2026-03-07T12:00:00-06:00", "T0", "2026-03-08T13:00:00-05:00"),
        ("2026-10-31T12:00:00-05:00", "T1", "2026-11-01T11:00:00-06:00"),
        ("2026-03-05T12:00:00-06:00", "T2", "2026-03-10T12:00:00-05:00"),
        ("2026-10-29T12:00:00-05:00", "T3", "2026-11-03T12:00:00-06:00"),
        ("2026-03-03T02:30:00-06:00", "T4", "2026-03-08T03:00:00-05:00"),
        ("2026-10-27T01:30:00-05:00", "T4", "2026-11-01T01:30:00-05:00"),
        ("2028-02-25T09:00:00-06:00", "T2", "2028-03-01T09:00:00-06:00"),
        ("2027-02-25T09:00:00-06:00", "T2", "2027-03-02T09:00:00-06:00"),
    ],
)
def test_hours_are_real_hours_and_days_keep_the_local_clock_time(received: str, tier: str, wanted: str) -> None:
    """R031, R032: a skipped clock time is the first instant after, one that happens twice the earlier."""
    assert due_text("FIRST_CONTACT", received, tier=tier) == wanted


@pytest.mark.parametrize(
    ("presence", "received", "wanted"),
    [
        ("in", "2026-11-23T09:00:00-06:00", "2026-11-23T09:15:00-06:00"),
        ("in", "2026-11-22T03:00:00-06:00", "2026-11-22T03:15:00-06:00"),
        ("away", "2026-11-23T09:00:00-06:00", "2026-11-23T10:00:00-06:00"),
        ("away", "2026-11-23T10:00:00-06:00", "2026-11-23T15:00:00-06:00"),
        ("away", "2026-11-23T15:00:01-06:00", "2026-11-24T10:00:00-06:00"),
        ("away", "2026-11-25T16:00:00-06:00", "2026-11-27T10:00:00-06:00"),
        ("absent", "2026-11-23T09:00:00-06:00", "2026-11-23T10:00:00-06:00"),
        ("absent", "2026-11-23T10:00:00-06:00", "2026-11-24T10:00:00-06:00"),
        ("absent", "2026-11-27T10:00:00-06:00", "2026-11-30T10:00:00-06:00"),
    ],
)
def test_messages_are_checked_by_where_the_owner_is(presence: str, received: str, wanted: str) -> None:
    """R082-R085."""
    assert due_text("VOICEMAIL_CHECK", received, presence=presence) == wanted


@pytest.mark.parametrize(
    ("kind", "tier", "minutes"),
    [
        ("ON_SCENE", "T0", 120),
        ("DISPATCH_ACK", "T0", 15),
        ("DISPATCH_ACK", "T1", 60),
        ("SCREENING_DECISION", "T1", 30),
        ("SCREENING_DECISION", "T2", 240),
        ("SCREENING_DECISION", None, 240),
        ("SCREEN_OUT_REVIEW", "T0", 240),
        ("SCREEN_OUT_REVIEW", "T1", 240),
        ("RECALL_REPORTER", None, 30),
        ("ASSIGNMENT_ACK", "T0", 15),
        ("ASSIGNMENT_ACK", "T1", 120),
        ("ASSIGNMENT_ACK", None, 120),
        ("CALLBACK_URGENT", None, 15),
        ("REPORTER_CONFIRMATION", None, 48 * 60),
        ("CROSS_REPORT_RECEIPT", "T0", 60),
        ("CROSS_REPORT_RECEIPT", "T1", 60),
        ("CROSS_REPORT_RECEIPT", "T2", 24 * 60),
        ("CROSS_REPORT_RECEIPT", None, 24 * 60),
    ],
)
def test_elapsed_clocks(kind: str, tier: str | None, minutes: int) -> None:
    received = at("2026-11-22T17:30:00-06:00")
    assert due(PACK, kind, received, tier=tier).at - received == timedelta(minutes=minutes)


def test_findings_and_reviews_count_calendar_days_and_findings_move_once() -> None:
    assert due_text("FINDING", "2026-11-22T17:30:00-06:00") == "2027-01-21T17:30:00-06:00"
    assert due_text("PLAN_REVIEW", "2026-01-15T09:00:00-06:00") == "2026-04-15T09:00:00-05:00"
    moved = extended(PACK, at("2027-02-20T17:30:00-06:00"), 30)
    assert moved.isoformat() == "2027-03-22T17:30:00-05:00"
    terms = PACK.terms("FINDING").extension
    assert terms is not None
    assert (terms.times, terms.days) == (1, 30)


def test_a_complaint_is_answered_within_ten_business_days() -> None:
    """R095."""
    assert due_text("COMPLAINT_RESPONSE", "2026-11-23T15:00:00-06:00") == "2026-12-08T15:00:00-06:00"


@pytest.mark.parametrize(
    ("pack", "tier", "received", "wanted"),
    [
        ("il-300", "T4", "2026-11-22T17:30:00-06:00", "2026-11-23T17:30:00-06:00"),
        ("tx", "T0", "2026-11-22T17:30:00-06:00", "2026-11-23T17:30:00-06:00"),
        ("tx", "T1", "2026-11-22T17:30:00-06:00", "2026-11-23T17:30:00-06:00"),
        ("tx", "T2", "2026-11-22T17:30:00-06:00", "2026-11-25T17:30:00-06:00"),
        ("ga", "T1", "2026-11-22T17:30:00-05:00", "2026-11-23T17:30:00-05:00"),
        ("ga", "T0", "2026-11-22T17:30:00-05:00", "2026-11-22T19:30:00-05:00"),
        ("ga", "T2", "2026-11-23T15:00:00-05:00", "2026-11-30T15:00:00-05:00"),
        ("ga", "T3", "2026-11-21T15:00:00-05:00", "2026-11-28T00:00:00-05:00"),
        ("ca", "T1", "2026-11-22T17:30:00-08:00", "2026-11-23T17:30:00-08:00"),
        ("ca", "T4", "2026-10-27T01:30:00-07:00", "2026-11-06T01:30:00-08:00"),
    ],
)
def test_states_differ_by_data_alone(pack: str, tier: str, received: str, wanted: str) -> None:
    """R032, R102: a state's law overrides the two response times."""
    assert due_text("FIRST_CONTACT", received, pack, tier=tier) == wanted


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("ALL_CONTACTS", "2026-11-29T17:30:00-06:00"),
        ("FORMAL_DECISION", "2026-12-06T17:30:00-06:00"),
        ("FINDING", "2027-01-21T17:30:00-06:00"),
        ("REPORTER_CONFIRMATION", "2026-11-24T17:30:00-06:00"),
    ],
)
def test_illinois_has_clocks_of_its_own(kind: str, wanted: str) -> None:
    """R032, R102: 7 days, 14 days, 60 and once 30 more, 48 hours."""
    assert due_text(kind, "2026-11-22T17:30:00-06:00", "il-300") == wanted
    extension = PACKS.get("il-300").terms("FINDING").extension
    assert extension is not None
    assert (extension.times, extension.days) == (1, 30)


@pytest.mark.parametrize(
    ("pack", "proven", "unproven", "most_urgent"),
    [
        ("il-300", "indicated", "unfounded", None),
        ("tx", "reason to believe", "ruled out", "priority 1"),
        ("ga", "substantiated", "unsubstantiated", None),
        ("ca", "substantiated", "inconclusive or unfounded", None),
    ],
)
def test_states_have_words_of_their_own(pack: str, proven: str, unproven: str, most_urgent: str | None) -> None:
    """R102."""
    labels = PACKS.get(pack).labels
    assert (labels["SUBSTANTIATED"], labels["UNSUBSTANTIATED"], labels.get("T0")) == (proven, unproven, most_urgent)


@pytest.mark.parametrize("tier", ["T2", "T3", "T4", None])
def test_a_screen_out_of_lower_urgency_is_reviewed_within_a_business_day(tier: str | None) -> None:
    due_at = due(PACK, "SCREEN_OUT_REVIEW", at("2026-11-20T18:00:00-06:00"), tier=tier).at
    assert due_at.isoformat() == "2026-11-23T17:00:00-06:00"


def test_due_times_compare_as_instants_while_the_clocks_go_back() -> None:
    first = due(PACKS.get("ca"), "DISPATCH_ACK", at("2026-11-01T08:00:00+00:00"), tier="T0").at
    then = due(PACKS.get("ca"), "DISPATCH_ACK", at("2026-11-01T08:00:00+00:00"), tier="T1").at
    assert (first.isoformat(), then.isoformat()) == ("2026-11-01T01:15:00-07:00", "2026-11-01T01:00:00-08:00")
    assert first < then


def test_nothing_is_guessed_where_a_clock_depends_on_what_was_not_said() -> None:
    for below in ("T2", "T3", "T4", None):
        assert not PACK.has_clock("DISPATCH_ACK", below)
    for kind, tier in (
        ("DISPATCH_ACK", "T2"),
        ("FIRST_CONTACT", None),
        ("ON_SCENE", "T1"),
        ("VOICEMAIL_CHECK", None),
        ("NO_SUCH_CLOCK", None),
    ):
        with pytest.raises(ClockUndefined) as caught:
            due(PACK, kind, at("2026-11-22T17:30:00-06:00"), tier=tier)
        assert (caught.value.code, caught.value.paths) == ("CLOCK_UNDEFINED", (kind,))


def test_the_steps_name_rule_start_closed_days_and_end() -> None:
    steps = due(PACK, "CALLBACK_STANDARD", at("2026-11-25T18:00:00-06:00")).steps
    assert steps[0] == "CALLBACK_STANDARD: 1 business day from receipt (pack seed-default 1.0.0)"
    assert "counted from 2026-11-25T18:00:00-06:00 (America/Chicago)" in steps
    assert "received outside office hours: the clock starts at 2026-11-27T08:00:00-06:00" in steps
    assert "2026-11-26 is closed: Thanksgiving Day" in steps
    assert steps[-1] == "due 2026-11-27T17:00:00-06:00"


def test_the_urgent_ladder_stands_on_minutes_from_receipt() -> None:
    """R080: immediately, with an alarm at ten minutes."""
    received = at("2026-11-22T17:30:00-06:00")
    armed = arm(PACK, "CALLBACK_URGENT", received)
    assert [(rung.name, (rung.at - received) // timedelta(minutes=1)) for rung in armed.rungs] == [
        ("owner", 0),
        ("supervisor", 10),
        ("manager", 15),
        ("director", 20),
    ]
    assert (armed.ladder.repeat, armed.ladder.acknowledgement) == (timedelta(minutes=15), timedelta(minutes=15))
    assert arm(PACK, "RECALL_REPORTER", received).ladder == armed.ladder


def test_the_standard_ladder_repeats_every_four_hours_and_an_acknowledgement_holds_two() -> None:
    ladder = arm(PACK, "FINDING", at("2026-11-22T17:30:00-06:00")).ladder
    assert (ladder.name, ladder.repeat, ladder.acknowledgement) == ("standard", timedelta(hours=4), timedelta(hours=2))


def test_shares_of_business_days_count_office_time() -> None:
    armed = arm(PACK, "CALLBACK_STANDARD", at("2026-11-25T15:00:00-06:00"))
    local = [(rung.name, rung.at.astimezone(armed.due.at.tzinfo).isoformat()) for rung in armed.rungs]
    assert local == [
        ("owner", "2026-11-25T15:00:00-06:00"),
        ("half-time", "2026-11-27T10:30:00-06:00"),
        ("supervisor", "2026-11-27T13:12:00-06:00"),
        ("manager", "2026-11-27T15:00:00-06:00"),
        ("director", "2026-11-27T16:00:00-06:00"),
    ]
    assert [rung.warning for rung in armed.rungs] == [False, True, False, False, False]


def test_the_tier_chooses_the_ladder() -> None:
    assert PACK.ladder("SCREENING_DECISION", "T0").name == "urgent"
    assert PACK.ladder("SCREENING_DECISION", "T1").name == "danger"
    assert PACK.ladder("SCREENING_DECISION", "T2").name == "standard"
    assert PACK.ladder("ASSIGNMENT_ACK", "T0").name == "urgent"
    assert PACK.ladder("DISPATCH_ACK", "T1").name == "urgent"


@pytest.mark.parametrize("kind", PACKS.get("demo").kinds)
def test_in_demo_every_rung_can_be_seen(kind: str) -> None:
    pack = PACKS.get("demo")
    for entry in pack.document["clocks"][kind]["due"]:
        for tier in entry.get("tiers", [None]):
            presence = Presence(entry["presence"]) if "presence" in entry else None
            wanted = None if tier == "none" else tier
            armed = arm(pack, kind, at("2026-11-22T17:30:00Z"), tier=wanted, presence=presence)
            instants = [rung.at for rung in armed.rungs]
            assert all(later - earlier >= timedelta(seconds=8) for earlier, later in pairwise(instants))
            assert armed.ladder.repeat >= timedelta(seconds=8)
            assert any(rung.warning for rung in armed.rungs) is (entry["seconds"] > 30)


CALENDARS = [PACK.calendar(), PACKS.get("ca").calendar(), PACKS.get("ga").clock("FIRST_CONTACT", "T2").calendar]
INSTANTS = st.integers(1609459200, 2051222400).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@given(st.sampled_from(CALENDARS), INSTANTS, st.integers(0, 20 * 9 * 60), st.integers(0, 20 * 9 * 60))
def test_office_time_adds_up(calendar: Calendar, start: datetime, first: int, second: int) -> None:
    """Waiting in two parts ends when waiting at once does, office time never runs while the office is closed."""
    one, two = timedelta(minutes=first), timedelta(minutes=second)
    assert calendar.after(calendar.after(start, one), two) == calendar.after(start, one + two)
    if first:
        end = calendar.local(calendar.after(start, one))
        assert calendar.is_open_on((end - timedelta(microseconds=1)).date())


@given(st.sampled_from(CALENDARS), INSTANTS, st.timedeltas(timedelta(0), timedelta(days=9)), st.integers(1, 12))
def test_who_comes_first_is_due_first(calendar: Calendar, start: datetime, later: timedelta, days: int) -> None:
    assert calendar.after(start, days * calendar.office_day) <= calendar.after(
        start + later, days * calendar.office_day
    )
    assert calendar.plus_days(start, days) <= calendar.plus_days(start + later, days) or later < timedelta(hours=1)


def test_many_business_days_reach_beyond_half_a_year_and_a_leap_day_is_kept_in_leap_years() -> None:
    calendar = calendar_from(
        {
            "zone": "UTC",
            "opens": "08:00",
            "closes": "16:00",
            "weekdays": ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"],
            "holidays": [{"name": "Leap Day", "month": 2, "day": 29}],
        }
    )
    after = calendar.after(at("2027-06-01T08:00:00Z"), 400 * calendar.office_day)
    assert after.isoformat() == "2028-07-05T16:00:00+00:00"


def test_an_office_that_never_opens_is_refused() -> None:
    shut = calendar_from(
        {
            "zone": "UTC",
            "opens": "08:00",
            "closes": "17:00",
            "weekdays": ["MON"],
            "holidays": [],
            "closed": [(date(2026, 11, 23) + timedelta(weeks=n)).isoformat() for n in range(60)],
        }
    )
    with pytest.raises(PackInvalid, match="closed for the whole half year"):
        shut.after(at("2026-11-22T00:00:00Z"), timedelta(hours=1))
