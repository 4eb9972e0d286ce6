"""Facts of casework's staff: how people are reached is read from casework once, and kept here."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import grpc

from chassis.consumer import Handler, Prepared
from chassis.envelope import Envelope
from chassis.unit_of_work import UnitOfWork
from hotline.casework.v1 import casework_service_pb2 as casework
from hotline.casework.v1.casework_events_pb2 import StaffRegistered
from hotline.casework.v1.casework_service_pb2_grpc import CaseworkServiceStub
from services.notifications import commands

# Seconds. If casework does not answer, the fact waits and is tried again; messages to that person wait with it.
_DEADLINE = 5.0


def subscriptions(casework_channel: grpc.aio.Channel) -> Mapping[str, Mapping[str, Handler | Prepared]]:
    """What this service does with each fact it reads."""
    stub = CaseworkServiceStub(casework_channel)

    async def contact_methods(fact: StaffRegistered) -> casework.GetContactMethodsResponse:
        request = casework.GetContactMethodsRequest(staff_id=fact.staff_id)
        return await stub.GetContactMethods(request, timeout=_DEADLINE)

    registered = Prepared(prepare=contact_methods, handle=_keep_contact_methods)
    return {"hotline.casework.staff.v1": {StaffRegistered.DESCRIPTOR.full_name: registered}}


async def _keep_contact_methods(
    fact: StaffRegistered, _envelope: Envelope, uow: UnitOfWork, read: casework.GetContactMethodsResponse
) -> None:
    await commands.keep_contact_method(UUID(fact.staff_id), read.email, read.version, uow)
