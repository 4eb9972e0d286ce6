"""What must hold of a platform's history whatever was killed while it was made: checked afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from chassis.contract import instant
from chassis.envelope import Envelope
from hotline.casework.v1 import casework_service_pb2 as casework
from hotline.notifications.v1 import notifications_service_pb2 as notifications


def once_each(subjects: Iterable[str], promises: Sequence[casework.GetPromiseResponse]) -> None:
    """Each acknowledged command has its effect exactly once: one promise a subject, and none without a subject."""
    assert Counter(shown.promise.subject.id for shown in promises) == Counter(list(subjects))


def versions_follow(shown: casework.GetPromiseResponse) -> None:
    """The history of one promise has every version once, in order."""
    assert [entry.version for entry in shown.history] == list(range(1, shown.promise.clock.version + 1))


def in_order(envelopes: Iterable[Envelope]) -> None:
    """Facts of an aggregate arrive in its order: a repetition goes back, but nothing is left out."""
    newest: dict[str, int] = {}
    for envelope in envelopes:
        known = newest.get(envelope.subject, 0)
        assert envelope.sequence <= known + 1, f"{envelope.subject}: {envelope.sequence} came after {known}"
        newest[envelope.subject] = max(known, envelope.sequence)


def told_once(shown: casework.GetPromiseResponse, deliveries: Iterable[notifications.Delivery]) -> None:
    """One notification record for each person and rung, and none that no rung caused."""
    caused = {told.key for told in shown.told}
    sent = Counter(delivery.key for delivery in deliveries if "/stalled/" not in delivery.key)
    assert not [key for key, times in sent.items() if times > 1]
    assert sent.keys() <= caused


def climbed_in_time(shown: casework.GetPromiseResponse, outage: timedelta) -> None:
    """Every rung was climbed once a cycle, inside [its instant, its instant + `outage` + 15 s], and in order."""
    at = {rung.name: instant(rung.at) for rung in shown.promise.rungs}
    made = instant(shown.history[0].recorded_at)
    first: dict[str, datetime] = {}
    for told in shown.told:
        if told.cycle == 1:
            first.setdefault(told.rung, instant(told.climbed_at))
    # The last rung stands on its next repetition once it was climbed: it tells nothing of when it was due.
    first.pop(shown.promise.rungs[-1].name, None)
    for rung, when in first.items():
        due = max(at[rung], made)
        assert due <= when + timedelta(milliseconds=1), f"{rung} was climbed before its instant"
        assert when - due <= outage + SLACK, f"{rung} was climbed {when - due} late, after an outage of {outage}"
    assert list(first.values()) == sorted(first.values())


SLACK = timedelta(seconds=15)
