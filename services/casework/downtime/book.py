"""What stands in a downtime book, read through the calls that casework offers to everybody."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import grpc

from chassis.contract import stamp
from hotline.casework.v1 import casework_service_pb2 as pb
from hotline.casework.v1 import promise_pb2 as ledger
from hotline.casework.v1 import reconciliation_service_pb2 as reconciliation
from hotline.casework.v1 import workforce_service_pb2 as workforce
from hotline.casework.v1.casework_service_pb2_grpc import CaseworkServiceStub
from hotline.casework.v1.reconciliation_service_pb2_grpc import ReconciliationServiceStub
from hotline.casework.v1.workforce_service_pb2_grpc import WorkforceServiceStub
from hotline.type.v1 import type_pb2

AHEAD = timedelta(hours=24)
"""How far the roster looks: the next book may be the last one for a day."""
TIMEOUT = 20.0
"""Seconds for each call."""
AT_ONCE = 8
"""Calls at a time: whoever answers them has people waiting too."""
PAGE = 5000

_CLOSED = (ledger.PROMISE_STATE_KEPT, ledger.PROMISE_STATE_VOID)
T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on the staff, and every proven way to reach them, the telephone first."""

    staff: pb.Staff
    reached_at: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OnDuty:
    """Who stands for a role in an office when the book was written."""

    role: str
    staff_ids: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Office:
    """One office: what it owes, by due time, and who works there."""

    name: str
    promises: Sequence[ledger.Promise]
    on_duty: Sequence[OnDuty]
    duties: Sequence[workforce.Duty]
    staff: Sequence[pb.Staff]


@dataclass(frozen=True, slots=True)
class Book:
    """Everything that is owed at `taken_at`, and everybody who can be asked for it."""

    taken_at: datetime
    offices: Sequence[Office]
    people: Mapping[str, Person]

    @property
    def promises(self) -> int:
        """How many promises were open."""
        return sum(len(office.promises) for office in self.offices)


async def read(casework: grpc.aio.Channel, taken_at: datetime) -> Book:
    """The book as of `taken_at` (now); the caller's token must be a service's. Raises AioRpcError if a call fails."""
    promises, staff = await asyncio.gather(_open_promises(casework), _staff(casework))
    methods = await _few_at_a_time(lambda one: _reached_at(casework, one), staff)
    names = sorted({promise.office for promise in promises} | {one.office for one in staff})
    offices = [
        await _office(
            casework,
            name,
            [promise for promise in promises if promise.office == name],
            [one for one in staff if one.office == name],
            taken_at,
        )
        for name in names
    ]
    people = {one.staff_id: Person(one, reached) for one, reached in zip(staff, methods, strict=True)}
    return Book(taken_at, offices, people)


async def _open_promises(casework: grpc.aio.Channel) -> list[ledger.Promise]:
    """Each open promise, however many there are, by due time."""
    # The list of clocks is the ledger's own answer to "which are open", page by page; a list by due time is cut off.
    ids: list[str] = []
    clocks = ReconciliationServiceStub(casework)
    while True:
        request = reconciliation.ListClocksRequest(after=ids[-1] if ids else "", limit=PAGE)
        page = (await clocks.ListClocks(request, timeout=TIMEOUT)).promises
        ids.extend(promise.clock.promise_id for promise in page)
        if len(page) < PAGE:
            break
    stub = CaseworkServiceStub(casework)

    async def shown(promise_id: str) -> ledger.Promise:
        return (await stub.GetPromise(pb.GetPromiseRequest(promise_id=promise_id), timeout=TIMEOUT)).promise

    found = await _few_at_a_time(shown, ids)
    # What was closed since then is not owed any more.
    still_open = (promise for promise in found if promise.clock.state not in _CLOSED)
    return sorted(still_open, key=lambda promise: (promise.due_at.ToNanoseconds(), promise.promise_id))


async def _staff(casework: grpc.aio.Channel) -> list[pb.Staff]:
    answer = await CaseworkServiceStub(casework).ListStaff(pb.ListStaffRequest(), timeout=TIMEOUT)
    return sorted(answer.staff, key=lambda one: (one.name, one.staff_id))


async def _reached_at(casework: grpc.aio.Channel, one: pb.Staff) -> tuple[str, ...]:
    request = pb.GetContactMethodsRequest(staff_id=one.staff_id)
    answer = await CaseworkServiceStub(casework).GetContactMethods(request, timeout=TIMEOUT)
    telephone_first = sorted(answer.methods, key=lambda method: -method.channel)
    proven = [method.address for method in telephone_first if method.verified]
    return tuple(dict.fromkeys([*proven, answer.email]))


async def _office(
    casework: grpc.aio.Channel,
    name: str,
    promises: Sequence[ledger.Promise],
    staff: Sequence[pb.Staff],
    at: datetime,
) -> Office:
    stub = WorkforceServiceStub(casework)
    until = workforce.ListDutiesRequest(office=name, starts_at=stamp(at), ends_at=stamp(at + AHEAD))
    duties = (await stub.ListDuties(until, timeout=TIMEOUT)).duties

    async def on_duty(role: str) -> OnDuty:
        queue = type_pb2.Owner(queue=f"{role}:{name}")
        request = workforce.WhoIsOnRequest(at=stamp(at), office=name, owner=queue, who="OWNER")
        answer = await stub.WhoIsOn(request, timeout=TIMEOUT)
        return OnDuty(role, tuple(person.staff_id for person in answer.people), answer.why)

    roles = sorted({role for one in staff for role in one.roles})
    in_turn = sorted(duties, key=lambda duty: (duty.starts_at.ToNanoseconds(), duty.role))
    return Office(name, promises, await _few_at_a_time(on_duty, roles), in_turn, staff)


async def _few_at_a_time(call: Callable[[T], Awaitable[U]], of: Iterable[T]) -> list[U]:
    room = asyncio.Semaphore(AT_ONCE)

    async def one(item: T) -> U:
        async with room:
            return await call(item)

    return list(await asyncio.gather(*map(one, of)))
