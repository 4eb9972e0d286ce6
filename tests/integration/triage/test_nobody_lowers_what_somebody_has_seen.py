"""Once somebody was with the child, the investigation decides, and no longer the screening."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from google.protobuf.message import Message

from chassis.envelope import Envelope
from chassis.kafka import running_producer
from chassis.topics import topic_of
from deploy.local.infrastructure import Addresses
from hotline.casework.v1 import casework_events_pb2 as casework
from hotline.casework.v1 import casework_service_pb2 as casework_calls
from hotline.triage.v1 import triage_service_pb2 as pb
from hotline.type.v1 import type_pb2
from tests.integration.triage.screening_desk import LONG, MINOR, Person, acting_on, decision_on, submitted
from tests.reports import at, screening_facts
from tests.waiting import eventually

RESULTS = (casework_calls.CONTACT_RESULT_SEEN_IN_PERSON, casework_calls.CONTACT_RESULT_GOOD_FAITH_ATTEMPT)


async def tell(stack: Addresses, investigation_id: UUID, *facts: Message) -> None:
    """Put facts of casework about one investigation on their topic, as its relay does."""
    key, topic = str(investigation_id), topic_of("casework.investigation")
    async with running_producer(stack.kafka_bootstrap) as producer:
        for sequence, fact in enumerate(facts, start=1):
            envelope = Envelope(
                id=uuid4(),
                type=fact.DESCRIPTOR.full_name,
                source="/hotline/casework",
                time=datetime.now(UTC),
                aggregate_type="casework.investigation",
                subject=key,
                sequence=sequence,
            )
            headers = envelope.to_headers()
            await producer.send_and_wait(topic, fact.SerializeToString(), key=key.encode(), headers=headers)


@pytest.mark.parametrize("result", RESULTS)
async def test_a_contact_ends_all_lowering(
    desk: Any, screener: Any, wren: Person, soren: Person, stack: Addresses, database: Any, result: Any
) -> None:
    rang = datetime.now(UTC) - timedelta(minutes=5)
    facts = screening_facts(None, (["PA2"], MINOR))
    seen = await decision_on(screener, await submitted(desk, facts=facts, rang=rang))
    confirmed = await wren.decide("ConfirmDecision", seen)
    investigation_id = uuid4()
    named = str(investigation_id)
    opened = casework.InvestigationOpened(
        investigation_id=named,
        report_id=seen.report_id,
        reference=seen.reference,
        office=seen.office,
        tier=type_pb2.TIER_T2,
    )
    contacted = casework.ContactRecorded(
        investigation_id=named, child_id="c1", result=result, occurred_at=at(datetime.now(UTC))
    )
    await tell(stack, investigation_id, opened, contacted)

    async def known() -> bool:
        found = await database.fetchval(
            "SELECT contacted_at FROM triage.investigation WHERE report_id = $1", seen.report_id
        )
        return found is not None

    await eventually(known)

    lower = {"screening": pb.SCREENING_SCREEN_IN, "tier": type_pb2.TIER_T3, "reason": LONG, "history_reviewed": True}
    refusal = await soren.refused("OverrideDecision", acting_on("OverrideDecision", confirmed, **lower))

    assert (refusal.reason, "somebody was with the child already" in refusal.message) == ("DOWNGRADE_NOT_ALLOWED", True)
    raised = await soren.decide(
        "OverrideDecision", confirmed, screening=pb.SCREENING_SCREEN_IN, tier=type_pb2.TIER_T1, reason="Marks."
    )
    assert raised.decided_tier == type_pb2.TIER_T1
