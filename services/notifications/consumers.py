"""Facts of casework: how people are reached is read from casework once, and kept here.

A new address or number is sent the code by which its owner proves that it reaches them. Of a closed promise
nobody is told any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias
from uuid import UUID

import grpc

from chassis.consumer import Handler, Prepared
from chassis.contract import word
from chassis.envelope import Envelope
from chassis.unit_of_work import UnitOfWork
from hotline.casework.v1 import casework_service_pb2 as casework
from hotline.casework.v1.casework_events_pb2 import (
    ContactMethodSet,
    ContactMethodVerified,
    PromiseClosed,
    StaffRegistered,
)
from hotline.casework.v1.casework_service_pb2_grpc import CaseworkServiceStub
from policy.ladders import Channel
from services.notifications import commands
from services.notifications.model import PROOF, Order, Telephone
from services.notifications.templates import Template

# Seconds. If casework does not answer, the fact waits and is tried again; messages to that person wait with it.
_DEADLINE = 5.0

ReachedAnew: TypeAlias = StaffRegistered | ContactMethodSet | ContactMethodVerified
"""The facts after which somebody may be reached in another way than before."""


def subscriptions(
    casework_channel: grpc.aio.Channel, texts: Mapping[str, Template], mail_domain: str
) -> Mapping[str, Mapping[str, Handler | Prepared]]:
    """What this service does with each fact it reads."""
    stub = CaseworkServiceStub(casework_channel)

    async def contact_methods(fact: ReachedAnew) -> casework.GetContactMethodsResponse:
        request = casework.GetContactMethodsRequest(staff_id=fact.staff_id)
        return await stub.GetContactMethods(request, timeout=_DEADLINE)

    async def send_code(
        fact: ContactMethodSet, envelope: Envelope, uow: UnitOfWork, read: casework.GetContactMethodsResponse
    ) -> None:
        await _keep_contact_methods(fact, envelope, uow, read)
        for code in (m.code for m in read.methods if m.channel == fact.channel and m.code):
            key = f"verify/{fact.staff_id}/{envelope.sequence}"
            channels = (_channel(fact.channel),)
            order = Order(key, UUID(fact.staff_id), PROOF, {"code": code}, reference="", channels=channels)
            await commands.notify(order, uow, texts=texts, mail_domain=mail_domain)

    async def promise_closed(fact: PromiseClosed, _: Envelope, uow: UnitOfWork) -> None:
        await commands.withdraw(UUID(fact.clock.promise_id), uow)

    kept = Prepared(prepare=contact_methods, handle=_keep_contact_methods)
    set_anew = Prepared(prepare=contact_methods, handle=send_code)
    return {
        "hotline.casework.staff.v1": {
            StaffRegistered.DESCRIPTOR.full_name: kept,
            ContactMethodSet.DESCRIPTOR.full_name: set_anew,
            ContactMethodVerified.DESCRIPTOR.full_name: kept,
        },
        "hotline.casework.promise.v1": {PromiseClosed.DESCRIPTOR.full_name: promise_closed},
    }


async def _keep_contact_methods(
    fact: ReachedAnew,
    _envelope: Envelope,
    uow: UnitOfWork,
    read: casework.GetContactMethodsResponse,
) -> None:
    telephones = [
        Telephone(_channel(method.channel), method.address, method.verified)
        for method in read.methods
        if method.channel != casework.CONTACT_CHANNEL_EMAIL
    ]
    await commands.keep_contact_methods(UUID(fact.staff_id), read.email, telephones, read.version, uow)


def _channel(channel: casework.ContactChannel.ValueType) -> Channel:
    return Channel(word(casework.ContactChannel, channel))
