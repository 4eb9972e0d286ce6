"""Casework as a process of its own: facts in from Kafka, facts out to it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from google.protobuf.message import Message

from chassis.contract import stamp
from chassis.envelope import Envelope
from chassis.kafka import running_producer
from deploy.local.infrastructure import Addresses
from hotline.casework.v1 import casework_service_pb2 as pb
from hotline.casework.v1.casework_events_pb2 import InvestigationOpened, PromiseMade
from hotline.casework.v1.casework_service_pb2_grpc import CaseworkServiceStub
from hotline.triage.v1 import triage_service_pb2 as triage
from hotline.triage.v1.triage_events_pb2 import DecisionMade, ReportRecommended
from hotline.type.v1 import type_pb2
from tests.services import TIMEOUT, facts_about, running_service
from tests.waiting import eventually

DECISIONS = "hotline.triage.decision.v1"
CANARY = "Quillon Vantreese"


async def publish(stack: Addresses, sequence: int, fact: Any) -> None:
    """A fact of triage on its topic."""
    envelope = Envelope(
        id=uuid4(),
        type=fact.DESCRIPTOR.full_name,
        source="/hotline/triage",
        time=datetime.now(UTC),
        aggregate_type="triage.decision",
        subject=fact.report_id,
        sequence=sequence,
    )
    async with running_producer(stack.kafka_bootstrap) as producer:
        await producer.send_and_wait(
            DECISIONS, key=fact.report_id.encode(), value=fact.SerializeToString(), headers=envelope.to_headers()
        )


async def test_a_decision_delivered_twice_and_out_of_order_opens_one_investigation(
    stack: Addresses, tmp_path: Path
) -> None:
    screened: dict[str, Any] = {
        "report_id": str(uuid4()),
        "reference": "7ZK4-M2QX",
        "office": "lake-east",
        "received_at": stamp(datetime.now(UTC)),
        "screening": triage.SCREENING_SCREEN_IN,
        "tier": type_pb2.TIER_T1,
        "alleged_victims": ["c1"],
        "clocks": ["FIRST_CONTACT", "FINDING"],
    }
    recommended = ReportRecommended(**screened)
    decided = DecisionMade(**screened, decided_by=str(uuid4()), decided_at=stamp(datetime.now(UTC)))

    async with running_service("casework", stack, tmp_path) as casework:
        async with casework.acting_as("ADMIN") as channel:
            staff = pb.Staff(
                staff_id=str(uuid4()),
                name=CANARY,
                roles=["INVESTIGATOR"],
                office="lake-east",
                email="canary@office.hotline.invalid",
            )
            register = pb.RegisterStaffRequest(idempotency_key="one", staff=staff)
            await CaseworkServiceStub(channel).RegisterStaff(register, timeout=TIMEOUT)
        for sequence, fact in ((2, decided), (1, recommended), (1, recommended), (2, decided)):
            await publish(stack, sequence, fact)
        async with casework.acting_as("SUPERVISOR") as channel:
            stub = CaseworkServiceStub(channel)

            async def opened() -> pb.Investigation | None:
                listed = await stub.ListPromises(
                    pb.ListPromisesRequest(reference=screened["reference"]), timeout=TIMEOUT
                )
                found = {promise.subject.id for promise in listed.promises if promise.kind == "FIRST_CONTACT"}
                if not found:
                    return None
                request = pb.GetInvestigationRequest(report_id=screened["report_id"])
                return (await stub.GetInvestigation(request, timeout=TIMEOUT)).investigation

            investigation = await eventually(opened)
            listed = await stub.ListPromises(pb.ListPromisesRequest(), timeout=TIMEOUT)
            about = [promise for promise in listed.promises if promise.reference == screened["reference"]]

        topic = "hotline.casework.investigation.v1"
        facts = await facts_about(stack, topic, investigation.investigation_id, count=2)
        made = await facts_about(stack, "hotline.casework.promise.v1", about[-1].promise_id, count=1)
        registered = await facts_about(stack, "hotline.casework.staff.v1", staff.staff_id, count=1)
        log = casework.log.read_text()

    assert investigation.worker_id == staff.staff_id
    assert sorted(promise.kind for promise in about) == ["FINDING", "FIRST_CONTACT", "SCREENING_DECISION"]
    assert _fact(InvestigationOpened, facts[0].value).report_id == screened["report_id"]
    assert _fact(PromiseMade, made[0].value).clock.HasField("next_instant")
    for record in (*facts, *made, *registered):
        assert CANARY.encode() not in (record.value or b"")
    assert CANARY not in log


def _fact(kind: type[Message], value: bytes | None) -> Any:
    return kind.FromString(value or b"")
