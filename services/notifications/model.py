"""A message to one person: queued, handed to one channel after another, known to have gone out or to have failed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from policy.ladders import BY_MAIL, Channel

PROOF = "VERIFY"
"""The text with the code that proves an address: it alone goes to one that was not proven yet."""

# Waits between rounds double from one second and stop growing here: a promise's ladder counts in minutes.
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
    """Why a message failed: of the first two, its time has passed; of the others, somebody may mend what was wrong."""

    EXPIRED = "EXPIRED"  # past its `not_after`: it would have misled
    MOOT = "MOOT"  # its promise was closed before it went out
    REFUSED = "REFUSED"  # no channel will ever take it
    GAVE_UP = "GAVE_UP"  # nothing took it for `PATIENCE`


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody asked us to tell: `staff_id` None is the last resort; values are codes, references and times.

    `channels` in order: the first that takes the message is enough.
    """

    key: str
    staff_id: UUID | None
    template: str
    values: Mapping[str, str]
    reference: str
    promise_id: UUID | None = None
    not_after: datetime | None = None
    channels: tuple[Channel, ...] = BY_MAIL

    @property
    def sayable(self) -> Mapping[str, str]:
        """All that a text may say of it, by the names that texts use."""
        return {**self.values, "reference": self.reference, "promise_id": str(self.promise_id or "")}


@dataclass(frozen=True, slots=True)
class Telephone:
    """A number of somebody, in E.164 form, for texts or for calls; it counts once they have proven it."""

    channel: Channel
    number: str
    verified: bool


class Answer(StrEnum):
    """What came of one attempt."""

    ACCEPTED = "ACCEPTED"
    NOT_NOW = "NOT_NOW"  # nothing was handed over; later it may be
    BUSY = "BUSY"
    NO_ANSWER = "NO_ANSWER"
    NEVER = "NEVER"  # the channel refuses this message or this person for good
    UNKNOWN = "UNKNOWN"  # the content was handed over, and the answer was lost


# The line itself has answered: whoever tries again makes another call.
_RANG = frozenset({Answer.BUSY, Answer.NO_ANSWER})


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt's answer, with the problem in words that name no person."""

    answer: Answer
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Tries:
    """What came of one channel: how many attempts, the last one's answer, and how many calls rang in vain."""

    channel: Channel
    attempts: int
    answer: Answer
    problem: str = ""
    rang: int = 0


@dataclass(frozen=True, slots=True)
class Notification:
    """One message. Its `version` is the number of its facts; `try_at` is when a sender must look at it (again).

    `turn`: the place of the channel whose turn it is, in the order's channels. `waits`: how often it had to wait.
    """

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
    turn: int = 0
    waits: int = 0
    tries: tuple[Tries, ...] = ()

    @property
    def channel(self) -> Channel:
        """The channel whose turn it is; of a message that went out, the one it went out by."""
        return self.order.channels[self.turn]

    @property
    def call_id(self) -> str:
        """What a telephone gateway must do once only: another after each call that rang in vain, else the same."""
        before = self.tried(self.channel)
        return f"{self.id}/{self.channel}/{before.rang + 1 if before else 1}"

    def tried(self, channel: Channel) -> Tries | None:
        """What came of a channel so far; None if it was never tried."""
        return next((tries for tries in self.tries if tries.channel is channel), None)


def queued(order: Order, *, new_id: UUID, mail_domain: str, traceparent: str | None, now: datetime) -> Notification:
    """A new message. Its Message-ID follows from its id, so that every attempt of it is the same mail."""
    return Notification(new_id, order, f"<{new_id}@{mail_domain}>", now, traceparent, State.QUEUED, try_at=now)


def tells_another(known: Notification, order: Order) -> bool:
    """Whether the key stands for another person or promise: answering with `known` would leave this one untold."""
    return (known.order.staff_id, known.order.promise_id) != (order.staff_id, order.promise_id)


def is_too_old(message: Notification, now: datetime) -> bool:
    """Whether the time after which this message would mislead has come."""
    return message.order.not_after is not None and now >= message.order.not_after


def handed_over(
    message: Notification, reachable: Collection[Channel], *, lease: timedelta, now: datetime
) -> Notification:
    """Taken by a sender, who has `lease` to say what came of it; after that another may take it.

    It goes by the next channel of this round at which its person is `reachable`; where none is left, it waits. A
    message that was already SENDING may have arrived: it goes out again, says so, and mail programs show it once.
    """
    turn = _turn(message, reachable, message.turn)
    if turn is None:
        return _round_over(message, reachable, now)
    repeated = message.repeated or message.state is State.SENDING
    attempts = message.attempts + 1
    return replace(message, state=State.SENDING, try_at=now + lease, attempts=attempts, repeated=repeated, turn=turn)


def answered(message: Notification, attempt: Attempt, now: datetime) -> Notification:
    """The message after its attempt. Only SENT and FAILED are new versions: those are facts.

    A channel that did not take it gives way to the next at once, and only a whole round in vain costs a wait. An answer
    that was lost is asked for once more, for the message may have arrived; after that nobody waits for it either.
    """
    before = message.tried(message.channel)
    message = _with_attempt(message, before, attempt)
    if attempt.answer is Answer.ACCEPTED:
        return replace(message, state=State.SENT, sent_at=now, version=message.version + 1)
    if attempt.answer is Answer.UNKNOWN and not (before and before.answer is Answer.UNKNOWN):
        # It stays SENDING, so that the next attempt is known to be a repetition.
        return _waiting(message, State.SENDING, now)
    if _refused(message) >= set(message.order.channels):
        return failed(message, Code.REFUSED, attempt.problem)
    if message.turn + 1 == len(message.order.channels):
        return _waiting(replace(message, turn=0), State.QUEUED, now)
    return replace(message, state=State.QUEUED, turn=message.turn + 1, try_at=now)


def failed(message: Notification, code: Code, problem: str) -> Notification:
    """Not sent, and not tried again by itself."""
    return replace(message, state=State.FAILED, version=message.version + 1, code=code, problem=problem)


def redriven(message: Notification, now: datetime) -> Notification:
    """Queued once more after somebody mended what was wrong: no channel counts as refusing, each call is another."""
    tries = tuple(
        replace(tries, answer=Answer.NOT_NOW, rang=tries.rang + 1) if tries.answer is Answer.NEVER else tries
        for tries in message.tries
    )
    version = message.version + 1
    return replace(message, state=State.QUEUED, try_at=now, version=version, code=None, problem="", turn=0, tries=tries)


def wait_after(waits: int) -> timedelta:
    """How long the wait of this number is: 1, 2, 4, 8, 16, then 30 seconds."""
    return min(timedelta(seconds=2 ** min(max(waits, 1) - 1, 10)), LONGEST_WAIT)


def _turn(message: Notification, reachable: Collection[Channel], first: int) -> int | None:
    refused = _refused(message)
    places = range(first, len(message.order.channels))
    open_to_us = (n for n in places if (by := message.order.channels[n]) in reachable and by not in refused)
    return next(open_to_us, None)


def _refused(message: Notification) -> set[Channel]:
    return {tries.channel for tries in message.tries if tries.answer is Answer.NEVER}


def _round_over(message: Notification, reachable: Collection[Channel], now: datetime) -> Notification:
    if _refused(message) and _turn(message, reachable, 0) is None:
        return failed(message, Code.REFUSED, message.problem)
    return _waiting(replace(message, turn=0), State.QUEUED, now)


def _waiting(message: Notification, state: State, now: datetime) -> Notification:
    if now >= message.requested_at + PATIENCE:
        return failed(message, Code.GAVE_UP, message.problem or "nobody knows where they are reached")
    waits = message.waits + 1
    return replace(message, state=state, waits=waits, try_at=now + wait_after(waits))


def _with_attempt(message: Notification, before: Tries | None, attempt: Attempt) -> Notification:
    tries = Tries(
        message.channel,
        attempts=(before.attempts if before else 0) + 1,
        answer=attempt.answer,
        problem=attempt.problem,
        rang=(before.rang if before else 0) + (attempt.answer in _RANG),
    )
    others = tuple(known for known in message.tries if known.channel is not message.channel)
    return replace(message, tries=(*others, tries), problem=attempt.problem)
