"""A message to one person: queued, handed to the channel, and known to have gone out or to have failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

# Waits between attempts double from one second and stop growing here: a promise's ladder counts in minutes.
LONGEST_WAIT = timedelta(seconds=30)
# How long a mail server may be away before its mail is given up (RFC 5321, 4.5.4.1 asks for four to five days).
PATIENCE = timedelta(days=5)


class State(StrEnum):
    """Where a message is. SENDING: handed to the channel, whose answer is not known (yet, or because a sender died)."""

    QUEUED = "QUEUED"
    SENDING = "SENDING"
    SENT = "SENT"
    FAILED = "FAILED"


class Code(StrEnum):
    """Why a message failed."""

    EXPIRED = "EXPIRED"  # past its `not_after`: it would have misled
    REFUSED = "REFUSED"  # the mail server will never take it
    GAVE_UP = "GAVE_UP"  # nothing took it for `PATIENCE`


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody asked us to tell: `staff_id` None is the last resort; values are codes, references and times."""

    key: str
    staff_id: UUID | None
    template: str
    values: Mapping[str, str]
    reference: str
    promise_id: UUID | None = None
    not_after: datetime | None = None


@dataclass(frozen=True, slots=True)
class Notification:
    """One message. Its `version` is the number of its facts; `try_at` is when a sender must look at it (again)."""

    id: UUID
    order: Order
    message_id: str
    requested_at: datetime
    traceparent: str | None
    state: State
    try_at: datetime
    version: int = 1
    attempts: int = 0
    repeated: bool = False
    sent_at: datetime | None = None
    code: Code | None = None
    problem: str = ""


class Answer(StrEnum):
    """What came of one attempt."""

    ACCEPTED = "ACCEPTED"
    NOT_NOW = "NOT_NOW"  # nothing was handed over; later it may be
    NEVER = "NEVER"  # the server refuses this message or this recipient for good
    UNKNOWN = "UNKNOWN"  # the content was handed over, and the answer was lost


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt's answer, with the problem in words that name no person."""

    answer: Answer
    problem: str = ""


def queued(order: Order, *, new_id: UUID, mail_domain: str, traceparent: str | None, now: datetime) -> Notification:
    """A new message. Its Message-ID follows from its id, so that every attempt of it is the same mail."""
    return Notification(new_id, order, f"<{new_id}@{mail_domain}>", now, traceparent, State.QUEUED, try_at=now)


def tells_another(known: Notification, order: Order) -> bool:
    """Whether the key stands for another person or promise: answering with `known` would leave this one untold."""
    return (known.order.staff_id, known.order.promise_id) != (order.staff_id, order.promise_id)


def is_too_old(message: Notification, now: datetime) -> bool:
    """Whether the time after which this message would mislead has come."""
    return message.order.not_after is not None and now >= message.order.not_after


def handed_over(message: Notification, *, lease: timedelta, now: datetime) -> Notification:
    """Taken by a sender, who has `lease` to say what came of it; after that another may take it.

    A message that was already SENDING may have arrived: it goes out again, says so, and mail programs show it once.
    """
    repeated = message.repeated or message.state is State.SENDING
    return replace(message, state=State.SENDING, try_at=now + lease, attempts=message.attempts + 1, repeated=repeated)


def answered(message: Notification, attempt: Attempt, now: datetime) -> Notification:
    """The message after its attempt. Only SENT and FAILED are new versions: those are facts."""
    if attempt.answer is Answer.ACCEPTED:
        return replace(message, state=State.SENT, sent_at=now, version=message.version + 1, problem="")
    if attempt.answer is Answer.NEVER:
        return failed(message, Code.REFUSED, attempt.problem)
    if now >= message.requested_at + PATIENCE:
        return failed(message, Code.GAVE_UP, attempt.problem)
    # An attempt that was never answered stays SENDING, so that the next one is known to be a repetition.
    state = State.SENDING if attempt.answer is Answer.UNKNOWN else State.QUEUED
    return replace(message, state=state, try_at=now + wait_after(message.attempts), problem=attempt.problem)


def failed(message: Notification, code: Code, problem: str) -> Notification:
    """Not sent, and not tried again by itself."""
    return replace(message, state=State.FAILED, version=message.version + 1, code=code, problem=problem)


def wait_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts: 1, 2, 4, 8, 16, then 30 seconds."""
    return min(timedelta(seconds=2 ** min(max(attempts, 1) - 1, 10)), LONGEST_WAIT)
