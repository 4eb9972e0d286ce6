"""Facts of casework's staff: how people are reached is read from casework once, and kept here.

A new address gets the code by which its owner proves that it reaches them.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import grpc

from chassis.consumer import Handler, Prepared
from chassis.envelope import Envelope
from chassis.unit_of_work import UnitOfWork
from hotline.casework.v1 import casework_service_pb2 as casework
from hotline.casework.v1.casework_events_pb2 import ContactMethodSet, StaffRegistered
from hotline.casework.v1.casework_service_pb2_grpc import CaseworkServiceStub
from services.notifications import commands
from services.notifications.model import Order
from services.notifications.templates import Template

# Seconds. If casework does not answer, the fact waits and is tried again; messages to that person wait with it.
_DEADLINE = 5.0
# The only channel there is so far.
_MAIL = casework.CONTACT_CHANNEL_EMAIL


def subscriptions(
    casework_channel: grpc.aio.Channel, texts: Mapping[str, Template], mail_domain: str
) -> Mapping[str, Mapping[str, Handler | Prepared]]:
    """What this service does with each fact it reads."""
    stub = CaseworkServiceStub(casework_channel)

    async def contact_methods(fact: StaffRegistered | ContactMethodSet) -> casework.GetContactMethodsResponse:
        request = casework.GetContactMethodsRequest(staff_id=fact.staff_id)
        return await stub.GetContactMethods(request, timeout=_DEADLINE)

    async def send_code(
        fact: ContactMethodSet, envelope: Envelope, uow: UnitOfWork, read: casework.GetContactMethodsResponse
    ) -> None:
        await _keep_contact_methods(fact, envelope, uow, read)
        for code in (m.code for m in read.methods if m.channel == fact.channel == _MAIL and m.code):
            key = f"verify/{fact.staff_id}/{envelope.sequence}"
            order = Order(key, UUID(fact.staff_id), "VERIFY", {"code": code}, reference="")
            await commands.notify(order, uow, texts=texts, mail_domain=mail_domain)

    registered = Prepared(prepare=contact_methods, handle=_keep_contact_methods)
    set_anew = Prepared(prepare=contact_methods, handle=send_code)
    return {
        "hotline.casework.staff.v1": {
            StaffRegistered.DESCRIPTOR.full_name: registered,
            ContactMethodSet.DESCRIPTOR.full_name: set_anew,
        }
    }


async def _keep_contact_methods(
    fact: StaffRegistered | ContactMethodSet,
    _envelope: Envelope,
    uow: UnitOfWork,
    read: casework.GetContactMethodsResponse,
) -> None:
    await commands.keep_contact_method(UUID(fact.staff_id), read.email, read.version, uow)
