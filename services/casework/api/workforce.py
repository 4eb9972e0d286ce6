"""`WorkforceService`: where people are, how they are reached, who works when, and who is on a rung."""

from __future__ import annotations

from datetime import date, time
from typing import Any
from uuid import UUID

from chassis.contract import instant, number, stamp, word
from chassis.database import Database
from chassis.identity import acting
from chassis.once import once
from chassis.unit_of_work import UnitOfWork
from hotline.casework.v1 import casework_service_pb2 as casework_pb
from hotline.casework.v1 import workforce_service_pb2 as pb
from hotline.casework.v1 import workforce_service_pb2_grpc as rpc
from policy.errors import Refused
from policy.ladders import Who
from services.casework.api.messages import owner_of
from services.casework.commands import arrivals, rungs, schedules, sweeps, workforce
from services.casework.model.presence import Place
from services.casework.model.schedules import Override, Rotation
from services.casework.model.sweeps import Finding, Notice
from services.casework.promises.refusals import packs_refuse
from services.casework.promises.rules import Rules
from services.casework.store.schedules import Swap

_EVERY_DAY = frozenset(range(7))


class Workforce(rpc.WorkforceServiceServicer):
    """`hotline.casework.v1.WorkforceService` on one database, by one set of rules."""

    def __init__(self, database: Database, rules: Rules) -> None:
        self._database = database
        self._rules = rules

    async def RecordPresence(self, request: pb.RecordPresenceRequest, context: Any) -> pb.RecordPresenceResponse:
        """Somebody signs in, goes to work elsewhere, or signs out."""
        staff_id, place = UUID(request.staff_id), Place(word(pb.Place, request.place))

        async def act(uow: UnitOfWork) -> pb.RecordPresenceResponse:
            waiting = await arrivals.sign(uow, self._rules, staff_id, place)
            return pb.RecordPresenceResponse(unchecked_messages=waiting)

        with packs_refuse():
            return await once(self._database, request, pb.RecordPresenceResponse, act)

    async def SetContactMethod(self, request: pb.SetContactMethodRequest, context: Any) -> pb.SetContactMethodResponse:
        """An address of somebody, to be proven."""
        channel = word(casework_pb.ContactChannel, request.channel)

        async def act(uow: UnitOfWork) -> pb.SetContactMethodResponse:
            asked = await workforce.set_contact_method(uow, UUID(request.staff_id), channel, request.address)
            return pb.SetContactMethodResponse(must_be_verified=asked)

        return await once(self._database, request, pb.SetContactMethodResponse, act)

    async def VerifyContactMethod(
        self, request: pb.VerifyContactMethodRequest, context: Any
    ) -> pb.VerifyContactMethodResponse:
        """The code that was sent, said back."""
        channel = word(casework_pb.ContactChannel, request.channel)

        async def act(uow: UnitOfWork) -> pb.VerifyContactMethodResponse:
            return pb.VerifyContactMethodResponse(
                verified=await workforce.verify_contact_method(uow, channel, request.code)
            )

        return await once(self._database, request, pb.VerifyContactMethodResponse, act)

    async def WhoIsOn(self, request: pb.WhoIsOnRequest, context: Any) -> pb.WhoIsOnResponse:
        """Who is on a rung at an instant, and why."""
        with packs_refuse():
            async with self._database.transaction() as uow:
                at = instant(request.at) if request.HasField("at") else uow.clock()
                on = await rungs.who_is_on(
                    uow, self._rules, Who(request.who), owner_of(request.owner), request.office, at
                )
        return pb.WhoIsOnResponse(
            people=[pb.PersonOn(staff_id=person.staff_id, reachable=person.reachable) for person in on.people],
            why=on.answer.why,
            passed_over=[pb.PassedOver(staff_id=passed.staff_id, why=passed.why) for passed in on.answer.passed],
            office_open=on.office_open,
        )

    async def DefineRotation(self, request: pb.DefineRotationRequest, context: Any) -> pb.DefineRotationResponse:
        """A new rotation."""
        rotation = _rotation_of(request.rotation)

        async def act(uow: UnitOfWork) -> pb.DefineRotationResponse:
            await schedules.define(uow, self._rules, rotation, request.exception)
            return pb.DefineRotationResponse(rotation=request.rotation)

        with packs_refuse():
            return await once(self._database, request, pb.DefineRotationResponse, act)

    async def EndRotation(self, request: pb.EndRotationRequest, context: Any) -> pb.EndRotationResponse:
        """A rotation gives no more duty after a day."""
        last_day = _day(request.last_day, "last_day")

        async def act(uow: UnitOfWork) -> pb.EndRotationResponse:
            await schedules.end(uow, UUID(request.rotation_id), last_day)
            return pb.EndRotationResponse()

        return await once(self._database, request, pb.EndRotationResponse, act)

    async def GiveDuty(self, request: pb.GiveDutyRequest, context: Any) -> pb.GiveDutyResponse:
        """A stretch of a rotation's time is somebody else's."""
        override = Override(
            str(UUID(request.rotation_id)),
            instant(request.starts_at),
            instant(request.ends_at),
            str(UUID(request.staff_id)),
        )

        async def act(uow: UnitOfWork) -> pb.GiveDutyResponse:
            given = await schedules.give(uow, self._rules, override, reason=request.reason, exception=request.exception)
            return pb.GiveDutyResponse(override_id=str(given))

        with packs_refuse():
            return await once(self._database, request, pb.GiveDutyResponse, act)

    async def OfferSwap(self, request: pb.OfferSwapRequest, context: Any) -> pb.OfferSwapResponse:
        """One's own duty for another's."""

        async def act(uow: UnitOfWork) -> pb.OfferSwapResponse:
            swap = Swap(
                id=uow.ids.new(),
                rotation_id=UUID(request.rotation_id),
                from_staff_id=UUID(acting().subject),
                starts_at=instant(request.starts_at),
                ends_at=instant(request.ends_at),
                to_staff_id=UUID(request.to_staff_id),
                return_starts_at=instant(request.return_starts_at),
                return_ends_at=instant(request.return_ends_at),
            )
            return pb.OfferSwapResponse(swap_id=str(await schedules.offer_swap(uow, self._rules, swap)))

        with packs_refuse():
            return await once(self._database, request, pb.OfferSwapResponse, act)

    async def AcceptSwap(self, request: pb.AcceptSwapRequest, context: Any) -> pb.AcceptSwapResponse:
        """The other agrees."""

        async def act(uow: UnitOfWork) -> pb.AcceptSwapResponse:
            await schedules.accept_swap(uow, self._rules, UUID(request.swap_id))
            return pb.AcceptSwapResponse()

        with packs_refuse():
            return await once(self._database, request, pb.AcceptSwapResponse, act)

    async def ListRotations(self, request: pb.ListRotationsRequest, context: Any) -> pb.ListRotationsResponse:
        """Whose turn comes after whose."""
        with packs_refuse():
            async with self._database.transaction() as uow:
                lasting = await schedules.lasting(uow, self._rules, request.office)
        return pb.ListRotationsResponse(rotations=map(_rotation, lasting))

    async def ListDuties(self, request: pb.ListDutiesRequest, context: Any) -> pb.ListDutiesResponse:
        """Who works when in an office."""
        start, end = instant(request.starts_at), instant(request.ends_at)
        with packs_refuse():
            async with self._database.transaction() as uow:
                held = await schedules.held(uow, self._rules, request.office, start, end)
        return pb.ListDutiesResponse(duties=map(_duty, held))

    async def RunSweep(self, request: pb.RunSweepRequest, context: Any) -> pb.RunSweepResponse:
        """Look ahead or around, as of an instant."""
        with packs_refuse():
            async with self._database.transaction() as uow:
                swept = await sweeps.run(
                    uow, self._rules, word(pb.Sweep, request.sweep), instant(request.as_of), request.every_minutes
                )
        return pb.RunSweepResponse(findings=map(_finding, swept.findings), notices=map(_notice, swept.notices))


def _rotation_of(message: pb.Rotation) -> Rotation:
    return Rotation(
        id=str(UUID(message.rotation_id)),
        role=message.role,
        office=message.office,
        members=tuple(str(UUID(member)) for member in message.members),
        first_day=_day(message.first_day, "rotation.first_day"),
        begins=time.fromisoformat(message.begins),
        ends=time.fromisoformat(message.ends),
        turn_days=message.turn_days,
        weekdays=frozenset(message.weekdays) or _EVERY_DAY,
        on_call=message.on_call,
        last_day=_day(message.last_day, "rotation.last_day") if message.last_day else None,
    )


def _rotation(of: Rotation) -> pb.Rotation:
    return pb.Rotation(
        rotation_id=of.id,
        role=of.role,
        office=of.office,
        members=of.members,
        first_day=of.first_day.isoformat(),
        last_day=of.last_day.isoformat() if of.last_day else "",
        begins=f"{of.begins:%H:%M}",
        ends=f"{of.ends:%H:%M}",
        turn_days=of.turn_days,
        weekdays=() if of.weekdays == _EVERY_DAY else sorted(of.weekdays),
        on_call=of.on_call,
    )


def _day(written: str, field: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise Refused("INVALID_REQUEST", "is no day of the calendar", field) from None


def _duty(held: schedules.Held) -> pb.Duty:
    return pb.Duty(
        rotation_id=held.rotation.id,
        role=held.rotation.role,
        office=held.rotation.office,
        staff_id=held.duty.staff_id,
        starts_at=stamp(held.duty.starts_at),
        ends_at=stamp(held.duty.ends_at),
        on_call=held.rotation.on_call,
    )


def _finding(found: Finding) -> pb.SweepFinding:
    return pb.SweepFinding(office=found.office, code=found.code, about=found.about, at=stamp(found.at), why=found.why)


def _notice(notice: Notice) -> pb.SweepNotice:
    return pb.SweepNotice(
        key=notice.key,
        staff_id=notice.staff_id,
        template=notice.template,
        values=dict(notice.values),
        how=[number(casework_pb.ContactChannel, channel.value) for channel in notice.how],
        not_after=stamp(notice.not_after),
    )
