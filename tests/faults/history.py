"""What must hold of a platform's history whatever was killed while it was made: checked afterwards."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from chassis.contract import instant
from chassis.envelope import Envelope
from hotline.casework.v1 import casework_service_pb2 as casework
from hotline.notifications.v1 import notifications_service_pb2 as notifications

SLACK = timedelta(seconds=float(os.environ.get("HOTLINE_SLACK", "30")))
"""What everything may be late by, beside an outage: the 15 s that are promised where nothing else runs (`make faults`),
twice that in `make test`, on whatever machine it runs."""
_CLOCKS_DIFFER = timedelta(milliseconds=1)
Shown = casework.GetPromiseResponse


@dataclass(frozen=True)
class Climb:
    """A rung climbed, as the ledger recorded it: when it fell due, and when it was climbed by the ledger's clock."""

    cycle: int
    rung: str
    due: datetime
    when: datetime


def climbs(shown: Shown) -> list[Climb]:
    """Every rung climbed, in the order of the ledger, those on which nobody stood among them."""
    made = instant(shown.history[0].recorded_at)
    return [
        Climb(effect["cycle"], effect["rung"], max(datetime.fromisoformat(effect["at"]), made), when)
        for entry in shown.history
        for effect in json.loads(entry.detail_json)["effects"]
        if effect["effect"] == "Climb" and (when := instant(entry.recorded_at))
    ]


def found_empty(shown: Shown) -> set[str]:
    """The rungs on which nobody stood when they were climbed."""
    events = [json.loads(entry.detail_json)["event"] for entry in shown.history]
    return {event["rung"] for event in events if event["event"] == "RungWasEmpty"}


def once_each(subjects: Iterable[str], promises: Sequence[Shown]) -> None:
    """Each acknowledged command has its effect exactly once: one promise a subject, and none without a subject."""
    assert Counter(shown.promise.subject.id for shown in promises) == Counter(list(subjects))


def versions_follow(shown: Shown) -> None:
    """The history of one promise has every version once, in order."""
    assert [entry.version for entry in shown.history] == list(range(1, shown.promise.clock.version + 1))


def in_order(envelopes: Iterable[Envelope]) -> None:
    """Facts of an aggregate arrive in its order: a repetition goes back, but nothing is left out."""
    newest: dict[str, int] = {}
    for envelope in envelopes:
        known = newest.get(envelope.subject, 0)
        assert envelope.sequence <= known + 1, f"{envelope.subject}: {envelope.sequence} came after {known}"
        newest[envelope.subject] = max(known, envelope.sequence)


def nothing_made_up(envelopes: Iterable[Envelope], promises: Sequence[Shown]) -> None:
    """No effect without cause: no fact of a version that the ledger, read after the facts, does not have."""
    versions = {shown.promise.promise_id: shown.promise.clock.version for shown in promises}
    for envelope in envelopes:
        known = versions.get(envelope.subject, envelope.sequence)
        assert envelope.sequence <= known, f"{envelope.subject}: told {envelope.sequence}, which is {known}"


def told_once(shown: Shown, deliveries: Sequence[notifications.Delivery]) -> None:
    """One notification record for each person and rung, and none that no rung caused; whom it says to be told, is."""
    climbed = {(climb.cycle, climb.rung) for climb in climbs(shown)}
    rungs = Counter((told.cycle, told.rung, told.staff_id) for told in shown.told)
    assert not [rung for rung, times in rungs.items() if times > 1], "somebody stands twice on one rung"
    assert {(told.cycle, told.rung) for told in shown.told} <= climbed, "told of a rung that was not climbed"
    assert {rung for _, rung in climbed} <= {told.rung for told in shown.told} | found_empty(shown), "nobody was named"
    sent = Counter(delivery.key for delivery in deliveries)
    assert not [key for key, times in sent.items() if times > 1], "two records for one message"
    assert len({delivery.message_id for delivery in deliveries}) == len(deliveries), "two messages under one Message-ID"
    of_rungs = {(delivery.key, delivery.staff_id) for delivery in deliveries if _tells_of_a_rung(delivery)}
    assert of_rungs <= {(told.key, told.staff_id) for told in shown.told}, "a message that no rung caused"
    known_told = {(told.key, told.staff_id) for told in shown.told if told.HasField("told_at")}
    assert known_told <= of_rungs, "said to be told, and no record of it"


def _tells_of_a_rung(delivery: notifications.Delivery) -> bool:
    # Of a rung: promise, cycle, rung and person. Calls for help name what they call for in the cycle's place.
    return delivery.key.split("/")[1].isdigit()


def climbed_in_time(shown: Shown, outage: timedelta, now: datetime) -> None:
    """Kept, or every rung climbed once a cycle, in order, inside [its instant, its instant + `outage` + `SLACK`].

    Of a promise that no person has moved. `now`: when it was read.
    """
    climbed, at_most = climbs(shown), outage + SLACK
    times = Counter((climb.cycle, climb.rung) for climb in climbed)
    assert not [rung for rung, count in times.items() if count > 1], "a rung was climbed twice in one cycle"
    for climb in climbed:
        assert climb.due <= climb.when + _CLOCKS_DIFFER, f"{climb.rung} was climbed before its instant"
        late = climb.when - climb.due
        assert late <= at_most, f"{climb.rung} was climbed {late} late, after an outage of {outage}"
    assert all(a.when <= b.when and a.due <= b.due for a, b in pairwise(climbed)), "rungs were climbed out of order"
    closed = not shown.promise.clock.HasField("next_instant")
    until = (instant(shown.history[-1].recorded_at) if closed else now) - at_most
    names = {climb.rung for climb in climbed}
    made = instant(shown.history[0].recorded_at)
    for rung in shown.promise.rungs:
        # A warning whose time had passed when everything woke up is not sent any more.
        missed = not rung.warning and rung.name not in names and max(instant(rung.at), made) < until
        assert not missed, f"{rung.name} was never climbed"
    assert closed or instant(shown.promise.clock.next_instant) >= until, "an alarm that does not ring"
