"""What a call makes casework owe: a call back, a look at the voicemail (R080-R086), an answer to a complaint (R088)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.unit_of_work import UnitOfWork
from policy.promise import Owner, OwnerKind, Subject
from services.casework.model.workforce import SUPERVISOR, Queue
from services.casework.promises import commands as promises
from services.casework.promises.rules import Rules
from services.casework.store import workforce as store

_FILED = "filed"
_LEFT = "left"
_REQUESTED = "requested"


@dataclass(frozen=True, slots=True)
class Callback:
    """Somebody asked to be called back."""

    callback_id: str
    reference: str
    office: str
    urgent: bool
    from_superior: bool
    owner: Owner
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Voicemail:
    """Somebody left a message for a member of staff."""

    voicemail_id: str
    office: str
    staff_id: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Complaint:
    """Somebody complained about the hotline or its people."""

    complaint_id: str
    reference: str
    office: str
    received_at: datetime


async def owe_callback(uow: UnitOfWork, rules: Rules, callback: Callback) -> None:
    """Urgent calls and calls from superiors are returned at once (R080), all others within a business day (R081)."""
    urgent = callback.urgent or callback.from_superior
    wanted = promises.Wanted(
        kind="CALLBACK_URGENT" if urgent else "CALLBACK_STANDARD",
        subject=Subject("callback", callback.callback_id),
        cause=_REQUESTED,
        reference=callback.reference,
        owner=callback.owner,
        office=callback.office,
        tier=None,
        received_at=callback.received_at,
    )
    await promises.make(uow, rules, wanted)


async def owe_voicemail_check(uow: UnitOfWork, rules: Rules, voicemail: Voicemail) -> None:
    """Messages are checked; how soon depends on where the owner of the box is (R082-R085)."""
    known = await store.whereabouts(uow, UUID(voicemail.staff_id), voicemail.received_at)
    watch = rules.watch(voicemail.office, voicemail.received_at)
    wanted = promises.Wanted(
        kind="VOICEMAIL_CHECK",
        subject=Subject("voicemail", voicemail.voicemail_id),
        cause=_LEFT,
        reference="",
        owner=Owner(OwnerKind.PERSON, voicemail.staff_id),
        office=voicemail.office,
        tier=None,
        received_at=voicemail.received_at,
        presence=watch.presence(known, voicemail.received_at),
    )
    await promises.make(uow, rules, wanted)


async def owe_answer(uow: UnitOfWork, rules: Rules, complaint: Complaint) -> None:
    """A complaint is answered, and the office's supervisors owe it (R088)."""
    wanted = promises.Wanted(
        kind="COMPLAINT_RESPONSE",
        subject=Subject("complaint", complaint.complaint_id),
        cause=_FILED,
        reference=complaint.reference,
        owner=Owner(OwnerKind.QUEUE, Queue(SUPERVISOR, complaint.office).name),
        office=complaint.office,
        tier=None,
        received_at=complaint.received_at,
    )
    await promises.make(uow, rules, wanted)
