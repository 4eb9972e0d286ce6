"""Why a promise was kept late, or is not kept yet: read from its certificate, or from the same record while it is open.

The record says what the platform did and what people did, each with its instant. So every reason here is an instant
that came later than another one of the same record, or something that is not there; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

# What takes no longer than this is how long things take, not lateness.
TOLERANCE = timedelta(seconds=2)

Sent = Mapping[tuple[int, str, str], datetime]
"""When the message to a person on a rung went out, by (cycle, rung, person); nobody else is known to have been told."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that took time: a code, when it came about, by how much it was late, and a sentence."""

    code: str
    at: datetime
    late: timedelta
    text: str


@dataclass(frozen=True, slots=True)
class Rung:
    """A rung that was climbed: the instant it was armed for, when it was climbed, and when each person was told."""

    cycle: int
    name: str
    armed: datetime
    climbed: datetime
    told: Mapping[str, datetime | None]


def late(record: Mapping[str, Any], now: datetime) -> timedelta:
    """By how much: from the due time to what was done, or until now; zero or less if it is in time."""
    ended = closed_at(record)
    return (ended or now) - _instant(record["due"]["at"])


def closed_at(record: Mapping[str, Any]) -> datetime | None:
    """When what was promised was done, as its certificate says; None while the promise is open."""
    closing = record["closing"]
    return _instant(closing["occurred_at"]) if closing else None


def rungs(record: Mapping[str, Any], sent: Sent) -> list[Rung]:
    """Every rung that was climbed, in that order."""
    return [
        Rung(
            rung["cycle"],
            rung["rung"],
            _instant(rung["at"]),
            _instant(rung["climbed_at"]),
            {person: sent.get((rung["cycle"], rung["rung"], person)) for person in rung["told"]},
        )
        for rung in record["rungs"]
        if rung["climbed_at"]
    ]


def reasons(record: Mapping[str, Any], sent: Sent, now: datetime) -> list[Reason]:
    """All that took time on the way of a promise, by time; for one that was kept in time too."""
    found = [
        *_before_it_was_made(record),
        *_of_rungs(record, rungs(record, sent)),
        *_of_people(record["history"]),
        *_of_attempts(record["attempts"]),
        *_of_whoever_was_told(record, rungs(record, sent), now),
    ]
    return sorted(found, key=lambda reason: reason.at)


def _before_it_was_made(record: Mapping[str, Any]) -> Iterator[Reason]:
    received, made = _instant(record["promise"]["received_at"]), _instant(record["promise"]["made_at"])
    if made - received > TOLERANCE:
        yield Reason(
            "MADE_LATE", made, made - received, f"the promise was made {_said(made - received)} after the receipt"
        )


def _of_rungs(record: Mapping[str, Any], climbed: Sequence[Rung]) -> Iterator[Reason]:
    made = _instant(record["promise"]["made_at"])
    for rung in climbed:
        waited = rung.climbed - max(rung.armed, made)
        if waited > TOLERANCE:
            text = f"the alarm of rung {rung.name} rang {_said(waited)} after its instant"
            yield Reason("ALARM_LATE", rung.climbed, waited, text)
        if not rung.told:
            yield Reason("NOBODY_THERE", rung.climbed, timedelta(0), f"nobody was on rung {rung.name}")
        for person, told in rung.told.items():
            if told is None:
                text = f"no message to {person} on rung {rung.name} is known to have gone out"
                yield Reason("NOT_TOLD", rung.climbed, timedelta(0), text)
            elif told - rung.climbed > TOLERANCE:
                on_the_way = told - rung.climbed
                text = f"the message to {person} on rung {rung.name} went out {_said(on_the_way)} after it was climbed"
                yield Reason("TOLD_LATE", told, on_the_way, text)


def _of_people(history: Sequence[Mapping[str, Any]]) -> Iterator[Reason]:
    said = {
        "Acknowledge": "{by} acknowledged it, and the ladder waited",
        "Delegate": "{by} gave it to somebody else",
        "Pause": "{by} stopped its clock",
        "Extend": "{by} moved its due time",
        "RefuseLateEntry": "{by} did not vouch for what was entered",
    }
    for entry in history:
        if entry["event"] in said:
            text = said[entry["event"]].format(by=entry["by"])
            yield Reason(_code(entry["event"]), _instant(entry["recorded_at"]), timedelta(0), text)


def _of_attempts(attempts: Sequence[Mapping[str, Any]]) -> Iterator[Reason]:
    for attempt in attempts:
        occurred, recorded = _instant(attempt["occurred_at"]), _instant(attempt["recorded_at"])
        yield Reason("ATTEMPT", occurred, timedelta(0), f"{attempt['by']}: {attempt['outcome']}")
        if recorded - occurred > TOLERANCE:
            text = f"that was entered {_said(recorded - occurred)} after it happened"
            yield Reason("ENTERED_LATE", recorded, recorded - occurred, text)


def _of_whoever_was_told(record: Mapping[str, Any], climbed: Sequence[Rung], now: datetime) -> Iterator[Reason]:
    due, ended = _instant(record["due"]["at"]), closed_at(record) or now
    in_time = [(told, person, rung) for rung in climbed for person, told in rung.told.items() if told and told < due]
    if ended <= due:
        return
    if not in_time:
        yield Reason("NOBODY_KNEW", due, ended - due, "nobody is known to have been told before it was due")
        return
    told, person, rung = min(in_time, key=lambda each: each[0])
    text = f"{person} knew of it {_said(due - told)} before it was due (rung {rung.name}), and nobody did it in time"
    yield Reason("NOBODY_ACTED", due, ended - due, text)


def _code(event: str) -> str:
    return {"Acknowledge": "HELD", "Delegate": "DELEGATED", "Pause": "PAUSED", "Extend": "EXTENDED"}.get(
        event, "REFUSED"
    )


def _instant(written: str) -> datetime:
    return datetime.fromisoformat(written)


def _said(time: timedelta) -> str:
    return str(timedelta(seconds=round(time.total_seconds())))
