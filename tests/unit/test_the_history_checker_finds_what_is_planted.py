"""The checker of histories is itself checked: it passes what is sound, and finds each violation that is planted."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from chassis.contract import stamp
from chassis.envelope import Envelope
from hotline.casework.v1 import casework_service_pb2 as casework
from hotline.casework.v1.promise_pb2 import Promise, PromiseClock, PromiseEntry, PromiseRung, Subject, Told
from hotline.notifications.v1 import notifications_service_pb2 as notifications
from tests.faults import history

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
OUTAGE = 20 * SECOND
READ = NOON + 12 * MINUTE
ID = str(UUID(int=1))
WORKER, SUPERVISOR, STRANGER = (str(UUID(int=n)) for n in (7, 8, 9))


@dataclass
class Record:
    """What the platform says of one promise: the ledger's side, what was sent, and the facts on Kafka."""

    shown: casework.GetPromiseResponse
    deliveries: list[notifications.Delivery]
    facts: list[Envelope]

    def check(self, *names: str) -> None:
        """What must hold of it: everything, or what these check."""
        checks: dict[str, Callable[[], None]] = {
            "once_each": lambda: history.once_each(["callback-1"], [self.shown]),
            "versions_follow": lambda: history.versions_follow(self.shown),
            "in_order": lambda: history.in_order(self.facts),
            "nothing_made_up": lambda: history.nothing_made_up(self.facts, [self.shown]),
            "told_once": lambda: history.told_once(self.shown, self.deliveries),
            "climbed_in_time": lambda: history.climbed_in_time(self.shown, OUTAGE, READ),
        }
        for name in names or checks:
            checks[name]()


def entry(version: int, at: datetime, event: dict[str, Any], *effects: dict[str, Any]) -> PromiseEntry:
    detail = json.dumps({"event": event, "effects": list(effects)})
    return PromiseEntry(version=version, recorded_at=stamp(at), event="CLIMBED", detail_json=detail)


def climb(rung: str, due: datetime, cycle: int = 1) -> dict[str, Any]:
    return {"effect": "Climb", "rung": rung, "cycle": cycle, "at": due.isoformat()}


def told(rung: str, person: str, at: datetime) -> Told:
    return Told(
        staff_id=person, rung=rung, cycle=1, climbed_at=stamp(at), told_at=stamp(at), key=f"{ID}/1/{rung}/{person}"
    )


def sent(rung: str, person: str) -> notifications.Delivery:
    return notifications.Delivery(
        key=f"{ID}/1/{rung}/{person}", staff_id=person, promise_id=ID, message_id=f"<{rung}-{person}@hotline.invalid>"
    )


def fact(sequence: int) -> Envelope:
    return Envelope(
        id=UUID(int=100 + sequence),
        type="hotline.casework.v1.PromiseMade",
        source="/hotline/casework",
        time=NOON,
        aggregate_type="casework.promise",
        subject=ID,
        sequence=sequence,
    )


def sound() -> Record:
    """Made at noon; the owner told at once, the supervisor ten minutes later, and after a short outage, late by 30 s;
    nobody was on the manager's rung; the director's is still to come."""
    late = NOON + 10 * MINUTE + 30 * SECOND
    rungs = {"owner": 0, "supervisor": 10, "manager": 10, "director": 15}
    shown = casework.GetPromiseResponse(
        promise=Promise(
            promise_id=ID,
            subject=Subject(type="callback", id="callback-1"),
            rungs=[PromiseRung(name=name, at=stamp(NOON + after * MINUTE)) for name, after in rungs.items()],
            clock=PromiseClock(promise_id=ID, version=4, next_instant=stamp(NOON + 15 * MINUTE)),
        ),
        history=[
            entry(1, NOON, {"event": "Made"}),
            entry(2, NOON, {"event": "Alarm"}, climb("owner", NOON)),
            entry(
                3, late, {"event": "Alarm"}, *(climb(rung, NOON + 10 * MINUTE) for rung in ("supervisor", "manager"))
            ),
            entry(4, late, {"event": "RungWasEmpty", "rung": "manager"}),
        ],
        told=[told("owner", WORKER, NOON), told("supervisor", SUPERVISOR, late)],
    )
    help_called = notifications.Delivery(key=f"{ID}/last-resort/1", promise_id=ID, message_id="<help@hotline.invalid>")
    deliveries = [sent("owner", WORKER), sent("supervisor", SUPERVISOR), help_called]
    return Record(shown, deliveries, [fact(1), fact(2), fact(3), fact(2), fact(3), fact(4)])


def rewritten(record: Record, version: int, change: Callable[[dict[str, Any]], object]) -> None:
    """The detail of one entry, changed."""
    found = record.shown.history[version - 1]
    detail = json.loads(found.detail_json)
    change(detail)
    found.detail_json = json.dumps(detail)


def the_callback_is_promised_to_somebody_else(record: Record) -> None:
    record.shown.promise.subject.id = "callback-2"


def a_version_is_left_out(record: Record) -> None:
    del record.shown.history[2]


def a_version_stands_twice(record: Record) -> None:
    record.shown.history.append(deepcopy(record.shown.history[3]))


def a_fact_is_lost(record: Record) -> None:
    record.facts = [fact(1), fact(3)]


def the_first_fact_is_lost(record: Record) -> None:
    record.facts = [fact(2)]


def a_fact_tells_what_never_happened(record: Record) -> None:
    record.facts.append(fact(5))


def somebody_is_told_by_two_records(record: Record) -> None:
    again = deepcopy(record.deliveries[0])
    again.message_id = "<again@hotline.invalid>"
    record.deliveries.append(again)


def two_messages_share_a_message_id(record: Record) -> None:
    record.deliveries[1].message_id = record.deliveries[0].message_id


def somebody_is_told_whom_no_rung_names(record: Record) -> None:
    record.deliveries.append(sent("supervisor", STRANGER))


def the_message_goes_to_somebody_else(record: Record) -> None:
    record.deliveries[0].staff_id = STRANGER


def somebody_said_to_be_told_was_not(record: Record) -> None:
    del record.deliveries[1]


def somebody_stands_on_a_rung_twice(record: Record) -> None:
    record.shown.told.append(record.shown.told[1])


def somebody_is_told_of_a_rung_that_was_not_climbed(record: Record) -> None:
    record.shown.told.append(told("director", STRANGER, NOON))
    record.deliveries.append(sent("director", STRANGER))


def a_rung_climbed_names_nobody(record: Record) -> None:
    rewritten(record, 4, lambda detail: detail["event"].update(rung="owner"))


def a_rung_is_climbed_twice(record: Record) -> None:
    rewritten(record, 4, lambda detail: detail["effects"].append(climb("supervisor", NOON + 10 * MINUTE)))


def a_rung_is_climbed_too_early(record: Record) -> None:
    record.shown.history[2].recorded_at.FromDatetime(NOON + 9 * MINUTE)


def a_rung_is_climbed_too_late(record: Record) -> None:
    for at in (2, 3):
        record.shown.history[at].recorded_at.FromDatetime(NOON + 10 * MINUTE + OUTAGE + history.SLACK + SECOND)


def rungs_are_climbed_out_of_order(record: Record) -> None:
    rewritten(record, 3, lambda detail: detail["effects"].insert(0, climb("director", NOON + 10 * MINUTE + SECOND)))


def a_rung_is_never_climbed(record: Record) -> None:
    rewritten(record, 3, lambda detail: detail["effects"].pop())
    record.shown.history[3].detail_json = json.dumps({"event": {"event": "Alarm"}, "effects": []})


def the_first_rung_is_never_climbed(record: Record) -> None:
    rewritten(record, 2, lambda detail: detail["effects"].clear())
    del record.shown.told[0]
    del record.deliveries[0]


def the_alarm_does_not_ring(record: Record) -> None:
    record.shown.promise.clock.next_instant.FromDatetime(NOON + 11 * MINUTE)


VIOLATIONS: dict[str, tuple[Callable[[Record], None], ...]] = {
    "once_each": (the_callback_is_promised_to_somebody_else,),
    "versions_follow": (a_version_is_left_out, a_version_stands_twice),
    "in_order": (a_fact_is_lost, the_first_fact_is_lost),
    "nothing_made_up": (a_fact_tells_what_never_happened,),
    "told_once": (
        somebody_is_told_by_two_records,
        two_messages_share_a_message_id,
        somebody_is_told_whom_no_rung_names,
        the_message_goes_to_somebody_else,
        somebody_said_to_be_told_was_not,
        somebody_stands_on_a_rung_twice,
        somebody_is_told_of_a_rung_that_was_not_climbed,
        a_rung_climbed_names_nobody,
    ),
    "climbed_in_time": (
        a_rung_is_climbed_twice,
        a_rung_is_climbed_too_early,
        a_rung_is_climbed_too_late,
        rungs_are_climbed_out_of_order,
        a_rung_is_never_climbed,
        the_first_rung_is_never_climbed,
        the_alarm_does_not_ring,
    ),
}
PLANTED = [pytest.param(check, plant, id=plant.__name__) for check, plants in VIOLATIONS.items() for plant in plants]


def test_what_is_sound_passes() -> None:
    sound().check()


def test_a_promise_kept_before_a_rung_fell_due_did_not_miss_it() -> None:
    record = sound()
    record.shown.promise.clock.ClearField("next_instant")
    record.shown.history.append(entry(5, NOON + 11 * MINUTE, {"event": "Attempt"}))
    record.shown.promise.clock.version = 5
    record.check()


@pytest.mark.parametrize(("check", "plant"), PLANTED)
def test_what_is_planted_is_found_by_its_own_check(check: str, plant: Callable[[Record], None]) -> None:
    record = sound()
    plant(record)
    with pytest.raises(AssertionError):
        record.check(check)


def test_a_command_without_its_effect_and_an_effect_done_twice_are_found() -> None:
    record = sound()
    for promises in ([], [record.shown, record.shown]):
        with pytest.raises(AssertionError):
            history.once_each(["callback-1"], promises)
