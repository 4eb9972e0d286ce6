"""Casework says that somebody is registered; how they are reached is read there, and kept here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from aiokafka import AIOKafkaProducer

from chassis.client import connect
from chassis.consumer import Consumer
from chassis.envelope import Envelope
from chassis.topics import TOPICS, dead_letter
from deploy.local import kafka
from hotline.casework.v1 import casework_service_pb2 as casework
from hotline.casework.v1.casework_events_pb2 import (
    AbsenceRecorded,
    ContactMethodSet,
    ContactMethodVerified,
    StaffRegistered,
)
from hotline.casework.v1.casework_service_pb2_grpc import CaseworkServiceServicer, add_CaseworkServiceServicer_to_server
from hotline.notifications.v1 import notifications_service_pb2 as pb
from services.notifications import consumers, templates
from tests.integration.notifications.conftest import Desk, token_of
from tests.waiting import eventually

TOPIC = "hotline.casework.staff.v1"


@dataclass
class Casework(CaseworkServiceServicer):
    """Answers for the real casework, whose contract this is: addresses by staff id, or that it is away."""

    addresses: dict[str, tuple[str, int]] = field(default_factory=dict)
    asked: int = 0
    away: bool = False
    code: str = ""
    telephones: list[casework.ContactMethod] = field(default_factory=list)

    async def GetContactMethods(  # noqa: N802
        self, request: casework.GetContactMethodsRequest, context: Any
    ) -> casework.GetContactMethodsResponse:
        self.asked += 1
        if self.away:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "away")
        email, version = self.addresses[request.staff_id]
        mail = casework.ContactMethod(
            channel=casework.CONTACT_CHANNEL_EMAIL, address=email, verified=not self.code, code=self.code
        )
        return casework.GetContactMethodsResponse(
            staff_id=request.staff_id, email=email, version=version, methods=[mail, *self.telephones]
        )


@asynccontextmanager
async def consuming(desk: Desk, records: Casework) -> AsyncIterator[None]:
    """The service's consumer, reading from this casework, for as long as the block."""
    server = grpc.aio.server()
    add_CaseworkServiceServicer_to_server(records, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    stop = asyncio.Event()
    async with connect(f"127.0.0.1:{port}", token_of(desk.identity, "SERVICE")) as channel:
        subscriptions = consumers.subscriptions(channel, templates.load(), "hotline.invalid")
        consumer = Consumer("notifications", desk.database, subscriptions, desk.settings.need("kafka_bootstrap"))
        task = asyncio.create_task(consumer.run(stop))
        try:
            yield
        finally:
            stop.set()
            await asyncio.wait_for(task, 30)
            await server.stop(None)


async def publish(desk: Desk, fact: Any, sequence: int) -> None:
    envelope = Envelope(
        id=uuid4(),
        type=fact.DESCRIPTOR.full_name,
        source="/hotline/casework",
        time=datetime.now(UTC),
        aggregate_type="casework.staff",
        subject=fact.staff_id,
        sequence=sequence,
    )
    async with AIOKafkaProducer(bootstrap_servers=desk.settings.need("kafka_bootstrap"), acks="all") as producer:
        await producer.send_and_wait(
            TOPIC, fact.SerializeToString(), key=fact.staff_id.encode(), headers=envelope.to_headers()
        )


@pytest.fixture
async def topics(desk: Desk) -> None:
    """The deployment's topics."""
    names = {topic.name: topic.partitions for topic in TOPICS}
    names |= {dead_letter(TOPIC, "notifications"): 1}
    await kafka.ensure_topics(desk.settings.need("kafka_bootstrap"), names)


@pytest.mark.usefixtures("topics")
async def test_a_message_goes_out_as_soon_as_its_person_is_registered_though_casework_was_away(desk: Desk) -> None:
    newcomer = uuid4()
    casework_records = Casework({str(newcomer): ("newcomer@office.hotline.invalid", 1)}, away=True)
    await desk.notify("key", newcomer)
    async with desk.sending(), consuming(desk, casework_records):
        await publish(desk, StaffRegistered(staff_id=str(newcomer), roles=["INVESTIGATOR"], office="north"), 1)

        async def was_asked() -> bool:
            return casework_records.asked > 0

        await eventually(was_asked)
        assert (await desk.delivery("key")).state == pb.DELIVERY_STATE_QUEUED
        casework_records.away = False
        await desk.until("key", pb.DELIVERY_STATE_SENT)
    assert [mail["To"] for mail in desk.post_office.mails] == ["newcomer@office.hotline.invalid"]


@pytest.mark.usefixtures("topics")
async def test_a_change_is_read_again_and_other_facts_of_staff_are_passed_over(desk: Desk) -> None:
    person = uuid4()
    casework_records = Casework({str(person): ("old@office.hotline.invalid", 1)})
    async with desk.sending(), consuming(desk, casework_records):
        await publish(desk, StaffRegistered(staff_id=str(person)), 1)
        await eventually(lambda: is_reached_at(desk, person, "old@office.hotline.invalid"))
        casework_records.addresses[str(person)] = ("new@office.hotline.invalid", 3)
        await publish(desk, AbsenceRecorded(staff_id=str(person), absence_id=str(uuid4())), 2)
        await publish(desk, StaffRegistered(staff_id=str(person)), 3)
        await eventually(lambda: is_reached_at(desk, person, "new@office.hotline.invalid"))


async def is_reached_at(desk: Desk, person: UUID, email: str) -> bool:
    async with desk.database.transaction() as uow:
        return bool(await uow.fetchval("SELECT email FROM contact_method WHERE staff_id = $1", person) == email)


@pytest.mark.usefixtures("topics")
async def test_a_new_address_gets_its_code_and_registration_alone_sends_none(desk: Desk) -> None:
    newcomer = uuid4()
    casework_records = Casework({str(newcomer): ("newcomer@office.hotline.invalid", 2)}, code="048213")
    async with desk.sending(), consuming(desk, casework_records):
        await publish(desk, StaffRegistered(staff_id=str(newcomer), roles=["INVESTIGATOR"], office="north"), 1)
        changed = ContactMethodSet(staff_id=str(newcomer), channel=casework.CONTACT_CHANNEL_EMAIL)
        await publish(desk, changed, 2)

        async def arrived() -> bool:
            return bool(desk.post_office.mails)

        await eventually(arrived)

    (mail,) = desk.post_office.mails
    assert (mail["To"], "048213" in mail["Subject"]) == ("newcomer@office.hotline.invalid", True)


@pytest.mark.usefixtures("topics")
async def test_a_new_number_is_called_with_its_code_and_with_promises_once_that_was_said_back(desk: Desk) -> None:
    person, number = uuid4(), "+13125550142"
    voice = casework.CONTACT_CHANNEL_VOICE
    telephone = casework.ContactMethod(channel=voice, address=number, code="048213")
    casework_records = Casework({str(person): ("person@office.hotline.invalid", 1)}, telephones=[telephone])

    async def rang(times: int) -> bool:
        return len(desk.telephones.rung) == times

    async with desk.sending(), consuming(desk, casework_records):
        await publish(desk, ContactMethodSet(staff_id=str(person), channel=voice), 1)
        await eventually(lambda: rang(1))
        telephone.verified, telephone.code = True, ""
        casework_records.addresses[str(person)] = ("person@office.hotline.invalid", 2)
        await publish(desk, ContactMethodVerified(staff_id=str(person), channel=voice), 2)
        await eventually(lambda: can_be_called(desk, person))
        await desk.notify("key", person, channels=[voice, casework.CONTACT_CHANNEL_EMAIL])
        await desk.until("key", pb.DELIVERY_STATE_SENT)

    with_code, due = desk.telephones.rung.values()
    assert (with_code.number, due.number) == (number, number)
    assert with_code.text == "This is the hotline. Your code is 0, 4, 8, 2, 1, 3."
    assert desk.post_office.mails == []


async def can_be_called(desk: Desk, person: UUID) -> bool:
    async with desk.database.transaction() as uow:
        return bool(await uow.fetchval("SELECT verified FROM telephone WHERE staff_id = $1", person))
