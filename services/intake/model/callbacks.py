"""What is owed to a caller: a call back, or that the message they left is heard. Casework makes each a promise."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from policy.errors import Refused
from services.intake.model.contacts import Contact, DangerNow, Outcome


class CallerClass(StrEnum):
    """Who calls, and is owed a call back (R010, R087)."""

    CITIZEN = "CITIZEN"
    CLIENT = "CLIENT"
    CAREGIVER = "CAREGIVER"
    PROVIDER = "PROVIDER"
    COURT = "COURT"
    POLICE = "POLICE"
    AGENCY = "AGENCY"
    SUPERIOR = "SUPERIOR"


class VoicemailReason(StrEnum):
    """Why no person took a call (R027)."""

    CLOSED = "CLOSED"
    UNINTERRUPTED_WORK = "UNINTERRUPTED_WORK"
    AWAY = "AWAY"
    LINE_BUSY = "LINE_BUSY"
    CALLERS_CHOICE = "CALLERS_CHOICE"


@dataclass(frozen=True, slots=True)
class SafeTime:
    """When it is safe to call, as the caller says: None leaves that side open."""

    start: datetime | None = None
    end: datetime | None = None


AT_ANY_TIME = SafeTime()


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """A call that is owed. `staff_id` is who was asked for; None leaves it to the office's call floor.

    `received_at` is the contact's: the caller waits since the first ring, whenever the request was written down.
    """

    id: UUID
    reference: str
    contact_id: UUID
    office: str
    urgent: bool
    caller_class: CallerClass
    staff_id: UUID | None
    received_at: datetime
    safe: SafeTime = AT_ANY_TIME
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Voicemail:
    """A message left for a person; `recording_ref` says where the recording lies."""

    id: UUID
    contact_id: UUID
    office: str
    staff_id: UUID
    caller_class: CallerClass
    recording_ref: str = field(repr=False)
    received_at: datetime
    reason: VoicemailReason | None = None
    live_person_offered: bool = False
    version: int = 1


def requested(
    contact: Contact,
    *,
    callback_id: UUID,
    reference: str,
    urgent: bool,
    caller_class: CallerClass,
    staff_id: UUID | None,
    safe: SafeTime = AT_ANY_TIME,
) -> Callback:
    """A callback that was asked for. A superior's call is urgent by itself (R080)."""
    if safe.end and safe.end <= (safe.start or contact.received_at):
        raise Refused("IMPOSSIBLE_TIME", "must lie after the time from which it is safe to call", "safe_until")
    return Callback(
        id=callback_id,
        reference=reference,
        contact_id=contact.id,
        office=contact.office,
        urgent=urgent or caller_class is CallerClass.SUPERIOR,
        caller_class=caller_class,
        staff_id=staff_id,
        received_at=contact.received_at,
        safe=safe,
    )


def is_owed_after(contact: Contact, *, address_known: bool, made: frozenset[Outcome]) -> bool:
    """Whether a contact that ended must be called back unasked: its caller gave up before anybody could help (R024)."""
    return contact.outcome is Outcome.ABANDONED and address_known and Outcome.CALLBACK not in made


def after_hanging_up(contact: Contact, *, callback_id: UUID, reference: str) -> Callback:
    """The call that an abandoned contact is owed; urgent if the caller still got to say that a child is in danger."""
    return requested(
        contact,
        callback_id=callback_id,
        reference=reference,
        urgent=contact.danger_now is DangerNow.YES,
        caller_class=CallerClass.CITIZEN,
        staff_id=None,
    )


def left(
    contact: Contact,
    *,
    voicemail_id: UUID,
    staff_id: UUID,
    caller_class: CallerClass,
    recording_ref: str,
    reason: VoicemailReason | None = None,
    live_person_offered: bool = False,
) -> Voicemail:
    """A message that was left, received when the contact was."""
    return Voicemail(
        id=voicemail_id,
        contact_id=contact.id,
        office=contact.office,
        staff_id=staff_id,
        caller_class=caller_class,
        recording_ref=recording_ref,
        received_at=contact.received_at,
        reason=reason,
        live_person_offered=live_person_offered,
    )
