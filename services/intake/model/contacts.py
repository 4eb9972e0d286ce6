"""A contact: somebody reached the hotline, from the first ring to an outcome with a reason (R021, R022)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from policy.errors import Refused

# The clock of a telephone switch or mail server may run this far ahead of ours.
CLOCK_SKEW = timedelta(minutes=2)


class Channel(StrEnum):
    """How a contact came (R001-R008)."""

    VOICE = "VOICE"
    SMS = "SMS"
    EMAIL = "EMAIL"
    TTY = "TTY"
    WEB = "WEB"
    MOBILE = "MOBILE"
    SOCIAL = "SOCIAL"


class DangerNow(StrEnum):
    """The first question of every contact: is a child in danger at this moment?"""

    YES = "YES"
    NO = "NO"
    NOT_ASKED = "NOT_ASKED"


class ContactState(StrEnum):
    """A contact is open until it is closed with an outcome, and then stays closed."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"


class Outcome(StrEnum):
    """What became of a contact."""

    REPORT = "REPORT"
    INFORMATION = "INFORMATION"
    SERVICE_REQUEST = "SERVICE_REQUEST"
    CALLBACK = "CALLBACK"
    VOICEMAIL = "VOICEMAIL"
    ABANDONED = "ABANDONED"
    COMPLAINT = "COMPLAINT"
    WRONG_NUMBER = "WRONG_NUMBER"
    OTHER = "OTHER"


# Outcomes that say something was made of the contact; a contact must not end as a report that nobody wrote down.
_MADE = frozenset({Outcome.REPORT, Outcome.CALLBACK, Outcome.VOICEMAIL, Outcome.COMPLAINT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One contact. `received_at` is the first ring or the time the message arrived; every clock runs from it.

    `language` is a BCP 47 tag, empty for the office's own (R017-R019). Who called is not here: that is the vault's.
    """

    id: UUID
    channel: Channel
    office: str
    received_at: datetime
    danger_now: DangerNow
    language: str = ""
    state: ContactState = ContactState.OPEN
    outcome: Outcome | None = None
    reason: str = ""
    closed_at: datetime | None = None
    interpreter_used: bool = False
    version: int = 1


def opened(
    *,
    contact_id: UUID,
    channel: Channel,
    office: str,
    received_at: datetime,
    danger_now: DangerNow,
    language: str,
    at: datetime,
) -> Contact:
    """A contact that has begun. Nothing rings later than now: a clock that runs a little ahead is cut to `at`."""
    if received_at > at + CLOCK_SKEW:
        raise Refused("IMPOSSIBLE_TIME", "lies in the future: check the clock of the channel it came by", "received_at")
    return Contact(
        id=contact_id,
        channel=channel,
        office=office,
        received_at=min(received_at, at),
        danger_now=danger_now,
        language=language,
    )


def closed(contact: Contact, outcome: Outcome, reason: str, *, made: frozenset[Outcome], at: datetime) -> Contact:
    """The contact, ended. `made` are the outcomes of which something exists: a report, a callback, ..."""
    if contact.state is ContactState.CLOSED:
        raise Refused("WRONG_STATE", f"the contact was closed before, as {contact.outcome}: its outcome stays")
    if outcome in _MADE - made:
        raise Refused("WRONG_STATE", f"the contact has no {outcome} yet: make it first, or close with another outcome")
    return replace(
        contact, state=ContactState.CLOSED, outcome=outcome, reason=reason, closed_at=at, version=contact.version + 1
    )
