"""What could be seen of a contact, made for tests: promises with their ladders, people told, messages, decisions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp

from hotline.casework.v1 import casework_service_pb2 as casework
from hotline.casework.v1 import promise_pb2 as ledger
from hotline.intake.v1 import intake_service_pb2 as intake
from hotline.notifications.v1 import notifications_service_pb2 as notifications
from scenarios.model import staff_id
from scenarios.seen import Brought, Seen, Watched

RANG = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
RUNGS = ("owner", "supervisor", "manager", "director")
NAMES = {staff_id(slug): slug for slug in ("ida", "nora", "milan", "dora")}


def stamp(seconds: float) -> Timestamp:
    """So many seconds after the contact rang."""
    made = Timestamp()
    made.FromDatetime(RANG + timedelta(seconds=seconds))
    return made


def promise(
    kind: str = "CALLBACK_URGENT", *told: str, kept_by: str = "", made: float = 1, closed: float = 9
) -> Watched:
    """A promise that told each `person@rung` in turn, ten seconds apart, and was then kept, or is still open."""
    state = ledger.PROMISE_STATE_KEPT if kept_by else ledger.PROMISE_STATE_OPEN
    entries = [ledger.PromiseEntry(version=1, recorded_at=stamp(made), event="MADE", actor="service:casework")]
    if kept_by:
        detail = f'{{"event": {{"event": "Attempt", "by": "{staff_id(kept_by)}"}}}}'
        kept = ledger.PromiseEntry(version=2, recorded_at=stamp(closed), event="CLOSED", detail_json=detail)
        entries.append(kept)
    return Watched(
        ledger.Promise(
            promise_id=f"promise-{kind}-{made}",
            kind=kind,
            due_at=stamp(20),
            rungs=[ledger.PromiseRung(name=name) for name in RUNGS],
            clock=ledger.PromiseClock(state=state, next_instant=None if kept_by else stamp(60)),
            verdict=ledger.VERDICT_MET if kept_by else ledger.VERDICT_UNSPECIFIED,
        ),
        tuple(entries),
        tuple(_told(place, each) for place, each in enumerate(told)),
    )


def _told(place: int, written: str) -> ledger.Told:
    who, _, rung = written.partition("@")
    at = stamp(10 * place)
    return ledger.Told(
        staff_id=staff_id(who), rung=rung, cycle=1, climbed_at=at, told_at=at, key=f"key/{place}/{rung}/{who}"
    )


def message(who: str, template: str = "NOBODY_LEFT", *, key: str = "", message_id: str = "") -> notifications.Delivery:
    """A message that was sent."""
    return notifications.Delivery(
        key=key or f"other/{who}/{template}",
        staff_id=staff_id(who),
        template=template,
        state=notifications.DELIVERY_STATE_SENT,
        message_id=message_id or f"<{who}-{template}-{key}@hotline.invalid>",
    )


def seen(*promises: Watched, messages: tuple[notifications.Delivery, ...] = (), worker: str = "") -> Seen:
    """A contact that asked for a call, was closed, and has come to these promises and messages."""
    investigation = casework.Investigation(worker_id=staff_id(worker)) if worker else None
    return Seen(
        brought=Brought("contact-1", RANG, subject_id="callback-1", reference="K7M2-9QXA"),
        contact=intake.Contact(state=intake.CONTACT_STATE_CLOSED, outcome=intake.CONTACT_OUTCOME_CALLBACK),
        investigation=investigation,
        promises=promises,
        deliveries=messages,
    )
