"""How callers are answered: facts of contacts counted by office and hour, and the office's report on its word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.unit_of_work import Row, UnitOfWork
from services.casework.model.answering import Answered
from services.casework.promises.rules import Rules
from services.casework.store import calls as store

RETURNED = ("CALLBACK_URGENT", "CALLBACK_STANDARD", "VOICEMAIL_CHECK")
"""The kinds of promise an office report is about (R088, R089)."""

_ENDED = {"ABANDONED": "ABANDONED", "VOICEMAIL": "VOICEMAIL"}


@dataclass(frozen=True, slots=True)
class Left:
    """A message left in somebody's box, and why no person took the call."""

    contact_id: UUID | None
    office: str
    received_at: datetime
    reason: str
    live_person_offered: bool


@dataclass(frozen=True, slots=True)
class OfficeReport:
    """How an office keeps its word to those who call."""

    returned: Sequence[Row]
    complaints: Sequence[Row]
    answered: Answered
    voicemail_reasons: Sequence[Row]
    target_percent: int


async def rang(uow: UnitOfWork, rules: Rules, contact_id: UUID, office: str, received_at: datetime) -> None:
    """Somebody calls; whether they must be answered by a person, the office's calendar says."""
    await store.ring(uow, contact_id, office, received_at, in_hours=_in_hours(rules, office, received_at))


async def ended(uow: UnitOfWork, contact_id: UUID, outcome: str) -> None:
    """However else a call ended, a person took it."""
    await store.end_call(uow, contact_id, _ENDED.get(outcome, "ANSWERED"))


async def message_left(uow: UnitOfWork, rules: Rules, left: Left) -> None:
    """The call ended in somebody's box (R027)."""
    if left.contact_id:
        await store.leave_message(
            uow,
            left.contact_id,
            left.office,
            left.received_at,
            in_hours=_in_hours(rules, left.office, left.received_at),
            reason=left.reason,
            live_person_offered=left.live_person_offered,
        )


async def office_report(uow: UnitOfWork, rules: Rules, office: str, since: datetime, until: datetime) -> OfficeReport:
    """What was received in a stretch of time, as it stands now: kept, late, missed, complained of, answered."""
    now = uow.clock()
    return OfficeReport(
        returned=await store.returned(uow, office, since, until, now, RETURNED),
        complaints=await store.complaints(uow, office, since, until, RETURNED),
        answered=await store.answering(uow, office, since, until),
        voicemail_reasons=await store.voicemail_reasons(uow, office, since, until),
        target_percent=rules.answering(office, now).percent,
    )


def _in_hours(rules: Rules, office: str, at: datetime) -> bool:
    opening, _ = next(rules.calendar(office, at).office_hours(at))
    return opening <= at
