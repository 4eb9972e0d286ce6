"""What a call makes casework owe: a call back, a look at the voicemail (R080-R086), an answer to a complaint (R088)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.identity import acting
from chassis.unit_of_work import UnitOfWork
from policy.errors import Refused
from policy.promise import Attempt, Owner, OwnerKind, Pause, Promise, Resume, Subject
from services.casework.model.workforce import SUPERVISOR, Queue
from services.casework.promises import commands as promises
from services.casework.promises import store as ledger
from services.casework.promises.by_hand import by_hand
from services.casework.promises.rules import Rules
from services.casework.store import calls as store
from services.casework.store import workforce
from services.casework.store.calls import Caller

_CHECK = "VOICEMAIL_CHECK"
_CITIZEN, _SUPERIOR = "CITIZEN", "SUPERIOR"
# The pack's reason to stop the clock until the time the caller named.
_CHOSEN = "CALLER_CHOSE_LATER"

_FILED = "filed"
_HEARD = "heard"
_LEFT = "left"
_REQUESTED = "requested"


@dataclass(frozen=True, slots=True)
class Callback:
    """Somebody asked to be called back."""

    callback_id: str
    reference: str
    office: str
    urgent: bool
    owner: Owner
    received_at: datetime
    caller: Caller


@dataclass(frozen=True, slots=True)
class Voicemail:
    """Somebody left a message for a member of staff."""

    voicemail_id: str
    office: str
    staff_id: str
    received_at: datetime
    caller: Caller


@dataclass(frozen=True, slots=True)
class Complaint:
    """Somebody complained about the hotline or its people."""

    complaint_id: str
    reference: str
    office: str
    received_at: datetime
    about: str
    about_reference: str = ""


async def owe_callback(uow: UnitOfWork, rules: Rules, callback: Callback) -> None:
    """Urgent calls and calls from superiors are returned at once (R080), all others within a business day (R081).

    Where the caller can safely be called only after the due time, the clock stops until then, from the receipt on: they
    said so when they asked, however late this is heard.
    """
    wanted = promises.Wanted(
        kind=_kind(callback.urgent, callback.caller),
        subject=Subject("callback", callback.callback_id),
        cause=_REQUESTED,
        reference=callback.reference,
        owner=callback.owner,
        office=callback.office,
        tier=None,
        received_at=callback.received_at,
    )
    promise = await promises.make(uow, rules, wanted)
    await store.add_caller(uow, promise.id, callback.caller)
    safe_from = callback.caller.safe_from
    if promise.version == 1 and safe_from and _is_beyond(promise, safe_from):
        stopped = Pause(_CHOSEN, safe_from, acting().subject, since=callback.received_at)
        await promises.happen(uow, rules, promise, stopped, uow.clock())


async def owe_voicemail_check(uow: UnitOfWork, rules: Rules, voicemail: Voicemail) -> None:
    """Messages are checked; how soon depends on where the owner of the box is (R082-R085)."""
    known = await workforce.whereabouts(uow, UUID(voicemail.staff_id), voicemail.received_at)
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
    promise = await promises.make(uow, rules, wanted)
    await store.add_caller(uow, promise.id, voicemail.caller)


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
    await store.add_complaint(
        uow,
        UUID(complaint.complaint_id),
        reference=complaint.reference,
        office=complaint.office,
        about=complaint.about,
        about_reference=complaint.about_reference,
        received_at=complaint.received_at,
    )


@dataclass(frozen=True, slots=True)
class Heard:
    """What somebody says who has heard a message: how urgent it is, and who calls back; `no_call_because` is a code.

    `late_reason`: why it is entered so late, if it is.
    """

    urgent: bool
    to: UUID | None
    no_call_because: str
    occurred_at: datetime
    late_reason: str = ""


async def check_message(
    uow: UnitOfWork, rules: Rules, promise_id: UUID, heard: Heard
) -> tuple[Promise, Promise | None]:
    """A message is heard, its urgency assessed, and the call returned or directed to another (R085, R086).

    The call is owed from the time the message was received, however late it was heard, and at once, though the check
    awaits another person's confirmation: whoever left it has waited long enough.
    """
    checking = await ledger.lock(uow, promise_id)
    if checking.kind != _CHECK:
        raise Refused(
            "WRONG_STATE", f"is a {checking.kind}: only a {_CHECK} is kept by hearing a message", "promise_id"
        )
    if heard.to:
        await workforce.staff(uow, heard.to)
    heard_by = Attempt(acting().subject, "CHECKED", heard.occurred_at, heard.late_reason)
    checked = await promises.happen(uow, rules, checking, heard_by, uow.clock())
    if heard.no_call_because:
        await uow.audit("voicemail.no_call", promise_id, {"because": heard.no_call_because})
        return checked, None
    caller = (await store.callers(uow, [promise_id])).get(promise_id, Caller(_CITIZEN))
    wanted = promises.Wanted(
        kind=_kind(heard.urgent, caller),
        subject=checked.subject,
        cause=_HEARD,
        reference=checked.reference,
        owner=Owner(OwnerKind.PERSON, str(heard.to or acting().subject)),
        office=checked.office or "",
        tier=None,
        received_at=checked.received_at,
    )
    owed = await promises.make(uow, rules, wanted)
    await store.add_caller(uow, owed.id, caller)
    return checked, owed


async def attempt(
    uow: UnitOfWork, rules: Rules, promise_id: UUID, tried: Attempt, safe: tuple[datetime | None, datetime | None]
) -> Promise:
    """Somebody tried. What misses leaves the promise in its place, and the caller may name another time (R081)."""
    promise = await promises.act(uow, rules, promise_id, lambda found: by_hand(found, tried))
    if not any(safe) or promise.closing:
        return promise
    start, end = safe
    if end and end <= (start or uow.clock()):
        raise Refused("IMPOSSIBLE_TIME", "must lie after the time from which it is safe to call", "safe_until")
    await store.set_safe_window(uow, promise_id, start, end)
    return await _wait_until_safe(uow, rules, promise, start) if start else promise


async def _wait_until_safe(uow: UnitOfWork, rules: Rules, promise: Promise, safe_from: datetime) -> Promise:
    """Nobody is called before it is safe: a time named beyond the due time stops the clock, where the pack allows it.

    A time before the due time moves nothing: whoever is told hears of it. The caller's last word counts: a clock that
    was stopped for another time of theirs runs on before it is stopped anew.
    """
    now = uow.clock()
    if promise.stop and now < promise.stop.until:
        if promise.stop.reason != _CHOSEN:
            return promise
        promise = await promises.happen(uow, rules, promise, Resume(acting().subject), now)
    if promise.due_at <= now or not _is_beyond(promise, safe_from):
        return promise
    return await promises.happen(uow, rules, promise, Pause(_CHOSEN, safe_from, acting().subject), now)


def _is_beyond(promise: Promise, safe_from: datetime) -> bool:
    return promise.due_at < safe_from and _CHOSEN in promise.terms.pause_reasons


def _kind(urgent: bool, caller: Caller) -> str:
    return "CALLBACK_URGENT" if urgent or caller.caller_class == _SUPERIOR else "CALLBACK_STANDARD"
