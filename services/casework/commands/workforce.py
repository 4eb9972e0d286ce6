"""Staff: who they are, when they are not there, where they are, and how they are reached."""

from __future__ import annotations

import re
from uuid import UUID

from google.protobuf.message import Message

from chassis import errors
from chassis.contract import number, stamp
from chassis.errors import Reason
from chassis.identity import ActorKind, Role, acting
from chassis.unit_of_work import UnitOfWork
from hotline.casework.v1 import casework_events_pb2 as events
from hotline.casework.v1 import casework_service_pb2 as pb
from hotline.casework.v1 import workforce_service_pb2 as workforce_pb
from policy.errors import Refused
from policy.ladders import E164
from services.casework.model.presence import Absence, Place, Sign
from services.casework.store import workforce as store
from services.casework.store.workforce import Staff

AGGREGATE = "casework.staff"

_FOR_OTHERS = frozenset({Role.SUPERVISOR, Role.MANAGER, Role.DIRECTOR, Role.ADMIN})
_MAIL = "EMAIL"
# After so many wrong codes the address must be set anew: a code of six digits is quickly guessed.
_GUESSES = 5
_CODES = 1_000_000
_BY_TELEPHONE = frozenset({"SMS", "VOICE"})


async def register(uow: UnitOfWork, staff: Staff) -> None:
    """Enter a member of staff, or what has changed about one; their contact methods are read by who may."""
    if staff.supervisor_id == staff.staff_id:
        raise Refused("INVALID_REQUEST", "nobody supervises themselves", "staff.supervisor_id")
    version = await store.register(uow, staff)
    await store.enter_contact_method(uow, staff.staff_id, _MAIL, staff.email, _new_code(uow))
    fact = events.StaffRegistered(
        staff_id=str(staff.staff_id),
        roles=sorted(staff.roles),
        office=staff.office,
        supervisor_id=str(staff.supervisor_id or ""),
    )
    await uow.emit(fact, aggregate_type=AGGREGATE, aggregate_id=staff.staff_id, sequence=version)
    await uow.audit("staff.register", staff.staff_id, {"roles": sorted(staff.roles), "office": staff.office})


async def record_absence(uow: UnitOfWork, staff_id: UUID, absence: Absence) -> UUID:
    """Somebody will not be there; people record their own absence, those who lead record others'."""
    _must_be_own_or_lead(staff_id, "absence")
    if absence.ends_at <= absence.starts_at:
        raise Refused("IMPOSSIBLE_TIME", "must lie after starts_at", "ends_at")
    absence_id = uow.ids.new()
    version = await store.next_version(uow, staff_id)
    await store.add_absence(uow, absence_id, staff_id, absence, acting().subject)
    fact = events.AbsenceRecorded(
        staff_id=str(staff_id),
        absence_id=str(absence_id),
        starts_at=stamp(absence.starts_at),
        ends_at=stamp(absence.ends_at),
    )
    await _say(uow, staff_id, version, fact, "staff.absence", absence=str(absence_id), kind=absence.kind.value)
    return absence_id


async def record_presence(uow: UnitOfWork, staff_id: UUID, place: Place) -> None:
    """Somebody signs in, goes to work elsewhere, or signs out; nobody does it for another, but the door may."""
    if acting().kind is ActorKind.PERSON and acting().subject != str(staff_id):
        raise errors.permission_denied(Reason.ROLE_NOT_ALLOWED, "people record their own presence, and nobody else's")
    version = await store.next_version(uow, staff_id)
    now = uow.clock()
    await store.sign(uow, staff_id, Sign(place, now))
    fact = events.PresenceRecorded(staff_id=str(staff_id), place=number(workforce_pb.Place, place.value), at=stamp(now))
    await _say(uow, staff_id, version, fact, "staff.presence", place=place.value)


async def set_contact_method(uow: UnitOfWork, staff_id: UUID, channel: str, address: str) -> bool:
    """Whether the address has to be proven: a new one counts only once its owner has said back what was sent there."""
    _must_be_own_or_lead(staff_id, "contact method")
    if channel in _BY_TELEPHONE and not re.fullmatch(E164, address):
        raise Refused(
            "INVALID_REQUEST", "is no number that can be called from anywhere: give it as +13125550142", "address"
        )
    member, _ = await store.staff(uow, staff_id)
    if not await store.set_contact_method(uow, member.staff_id, channel, address, _new_code(uow)):
        return False
    version = await store.next_version(uow, staff_id)
    fact = events.ContactMethodSet(staff_id=str(staff_id), channel=number(pb.ContactChannel, channel))
    await _say(uow, staff_id, version, fact, "staff.contact_method", channel=channel)
    return True


async def verify_contact_method(uow: UnitOfWork, channel: str, code: str) -> bool:
    """Whether the actor's own address is proven now. A wrong code is counted, and after some nothing helps but a new
    one: so the answer is no refusal, which would take the count back."""
    staff_id = UUID(acting().subject)
    method = await store.lock_contact_method(uow, staff_id, channel)
    if method.verified_at:
        return True
    if method.wrong >= _GUESSES:
        raise Refused("WRONG_CODE", "was wrong too often: set the address anew, a new code is sent to it", "code")
    if method.code != code:
        await store.count_wrong_code(uow, staff_id, channel)
        await uow.audit("staff.wrong_code", staff_id, {"channel": channel})
        return False
    version = await store.next_version(uow, staff_id)
    await store.verify_contact_method(uow, staff_id, channel, uow.clock())
    fact = events.ContactMethodVerified(staff_id=str(staff_id), channel=number(pb.ContactChannel, channel))
    await _say(uow, staff_id, version, fact, "staff.contact_method_verified", channel=channel)
    return True


def _must_be_own_or_lead(staff_id: UUID, what: str) -> None:
    actor = acting()
    if actor.subject != str(staff_id) and not actor.roles & _FOR_OTHERS:
        raise errors.permission_denied(
            Reason.ROLE_NOT_ALLOWED, f"the {what} of others is recorded by {', '.join(sorted(_FOR_OTHERS))}"
        )


def _new_code(uow: UnitOfWork) -> str:
    # The last bits of a time-ordered id are its random ones.
    return f"{uow.ids.new().int % _CODES:06d}"


async def _say(uow: UnitOfWork, staff_id: UUID, version: int, fact: Message, action: str, **detail: str) -> None:
    await uow.emit(fact, aggregate_type=AGGREGATE, aggregate_id=staff_id, sequence=version)
    await uow.audit(action, staff_id, detail)
