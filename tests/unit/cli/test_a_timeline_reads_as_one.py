"""`hotline promise ID`: what happened and what comes next, in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chassis.contract import stamp
from cli.output import when
from cli.timeline import comes_next, happened, how, ladder
from hotline.casework.v1 import casework_service_pb2 as pb
from hotline.casework.v1 import promise_pb2 as ledger
from hotline.casework.v1.casework_service_pb2 import CONTACT_CHANNEL_EMAIL as EMAIL
from hotline.casework.v1.casework_service_pb2 import CONTACT_CHANNEL_VOICE as VOICE
from hotline.notifications.v1 import notifications_service_pb2 as notifications

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NAMES = {"w-1": "Invented Worker"}


def promise(state: str, minutes: float | None, **more: Any) -> ledger.Promise:
    """Due at one; its supervisor's rung stands at half past twelve, the reminder at a quarter past."""
    at = NOON + timedelta(minutes=minutes) if minutes is not None else None
    clock = ledger.PromiseClock(state=ledger.PromiseState.Value(f"PROMISE_STATE_{state}"), next_instant=stamp(at))
    rungs = [
        ledger.PromiseRung(name="reminder", who="OWNER", at=stamp(NOON + timedelta(minutes=15)), warning=True),
        ledger.PromiseRung(name="supervisor", who="SUPERVISOR", at=stamp(NOON + timedelta(minutes=30))),
        ledger.PromiseRung(name="manager", who="MANAGER", at=stamp(NOON + timedelta(minutes=60))),
    ]
    return ledger.Promise(clock=clock, rungs=rungs, due_at=stamp(NOON + timedelta(minutes=60)), **more)


@pytest.mark.parametrize(
    ("standing", "then"),
    [
        (promise("OPEN", 15), "in 0:15:00): OWNER is reminded (reminder)"),
        (promise("OPEN", 30), "in 0:30:00): SUPERVISOR is told (supervisor)"),
        (promise("OPEN", 60), "in 1:00:00): MANAGER is told (manager) and it falls overdue"),
        (promise("HELD", 20), "in 0:20:00): the ladder goes on"),
        (promise("PAUSED", 60), "in 1:00:00): the clock runs again"),
        (promise("OVERDUE", -1), "0:01:00 ago): the ledger is asked again"),
    ],
)
def test_it_says_what_comes_if_nobody_does_anything(standing: ledger.Promise, then: str) -> None:
    assert comes_next(standing, NOON).endswith(then)


def test_the_ladder_shows_each_rung_with_who_is_on_it_now() -> None:
    """R101: rung, whom it tells, its instant, when it was climbed, and the person now on it."""
    climbed = ledger.PromiseEntry(
        recorded_at=stamp(NOON + timedelta(minutes=31)),
        detail_json='{"effects":[{"effect":"Climb","rung":"supervisor"}]}',
    )
    shown = pb.GetPromiseResponse(promise=promise("OPEN", 60), history=[climbed])

    rows = list(ladder(shown, {"OWNER": ["w-1"], "SUPERVISOR": ["s-1"], "MANAGER": []}, NAMES))

    assert [(row[0], row[1], row[4]) for row in rows] == [
        ("reminder", "OWNER (reminder)", "Invented Worker"),
        ("supervisor", "SUPERVISOR", "s-1"),
        ("manager", "MANAGER", "NOBODY"),
    ]
    assert [row[3] for row in rows] == ["not yet", when(climbed.recorded_at), "not yet"]
    assert rows[2][2] == when(shown.promise.rungs[2].at)


def test_of_a_closed_one_nothing_more_comes() -> None:
    kept = promise("KEPT", None, verdict=ledger.VERDICT_MET)
    assert comes_next(kept, NOON) == "Closed: MET. Nothing more happens to it."


def test_an_entry_says_what_was_done_and_what_came_of_it() -> None:
    delegated = {
        "event": {"event": "Delegate", "to": {"kind": "PERSON", "id": "w-1"}, "by": "lead-1"},
        "effects": [{"effect": "Climb", "rung": "owner", "who": "OWNER", "warning": False}],
    }
    assert list(happened(delegated, NAMES)) == ["to Invented Worker", "tells OWNER (owner)"]


def test_an_entry_leaves_out_what_stands_elsewhere_and_what_is_empty() -> None:
    tried = {
        "event": {
            "event": "Attempt",
            "by": "w-1",
            "outcome": "REACHED",
            "occurred_at": "2026-03-02T12:00:00Z",
            "late_reason": "",
        },
        "effects": [{"effect": "FellOverdue"}, {"effect": "Close", "closing": {"verdict": "LATE"}}],
    }
    assert list(happened(tried, NAMES)) == ["outcome REACHED", "falls overdue", "closed as LATE"]


def test_it_says_by_which_channel_somebody_was_told_and_which_were_in_vain() -> None:
    tries = [
        notifications.Tries(channel=VOICE, attempts=1, answer="BUSY"),
        notifications.Tries(channel=EMAIL, attempts=1, answer="ACCEPTED"),
    ]
    delivery = notifications.Delivery(template="RUNG", attempts=2, channel=EMAIL, tries=tries)
    assert how(ledger.Told(), delivery) == "mail RUNG, 2 attempts, call BUSY"
    assert how(ledger.Told(), notifications.Delivery(template="RUNG", attempts=1, channel=VOICE)) == "call RUNG"


@pytest.mark.parametrize(("channel", "said"), [("VOICE", "call"), ("SMS", "text"), ("EMAIL", "mail"), ("", "mail")])
def test_without_notifications_the_ledger_knows_the_channel(channel: str, said: str) -> None:
    assert how(ledger.Told(channel=channel), None) == said
