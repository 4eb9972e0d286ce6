"""What a call that could not be answered makes casework owe: a call back, a look at the voicemail (R080-R086)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.unit_of_work import UnitOfWork
from policy.promise import Owner, OwnerKind, Subject
from services.casework import store
from services.casework.model.workforce import presence
from services.casework.promises import commands as promises
from services.casework.promises.rules import Rules

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
    absence = await store.absence_at(uow, UUID(voicemail.staff_id), voicemail.received_at)
    wanted = promises.Wanted(
        kind="VOICEMAIL_CHECK",
        subject=Subject("voicemail", voicemail.voicemail_id),
        cause=_LEFT,
        reference="",
        owner=Owner(OwnerKind.PERSON, voicemail.staff_id),
        office=voicemail.office,
        tier=None,
        received_at=voicemail.received_at,
        presence=presence(absence),
    )
    await promises.make(uow, rules, wanted)
