"""A submitted report reaches triage over Kafka, is screened once, and waits for a person."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition

from deploy.local.infrastructure import Addresses
from hotline.triage.v1 import triage_events_pb2 as events
from hotline.triage.v1 import triage_service_pb2 as pb
from hotline.type.v1 import type_pb2
from policy.canonical import canonical
from policy.packs import Packs
from policy.screening import screen
from tests.integration.triage.screening_desk import decision_on, submitted
from tests.reports import OFFICE, RANG, screening_facts
from tests.services import facts_about, read_up_to, records

INTAKE, TRIAGE = "hotline.intake.report.v1", "hotline.triage.decision.v1"


async def test_a_report_is_recommended_with_all_that_others_act_upon(
    desk: Any, screener: Any, stack: Addresses
) -> None:
    """R029-R031."""
    danger: dict[str, str | int] = {"alone_now": "YES", "age_months": 20, "relation": "CAREGIVER"}
    report_id = await submitted(
        desk,
        facts=screening_facts({"setting": "DAY_CARE"}, (["NE1"], danger), ([], {})),
        participants=[],
    )
    decision = await decision_on(screener, report_id)
    assert (decision.state, decision.recommended) == (pb.DECISION_STATE_RECOMMENDED, pb.SCREENING_SCREEN_IN)
    assert decision.recommended_tier == type_pb2.TIER_T0

    (record,) = await facts_about(stack, TRIAGE, report_id, 1)

    fact = events.ReportRecommended.FromString(record.value or b"")
    assert dict(record.headers)["ce_type"] == b"hotline.triage.v1.ReportRecommended"
    assert (fact.report_id, fact.reference, fact.office) == (report_id, decision.reference, OFFICE)
    assert fact.received_at.ToDatetime(UTC) == RANG
    assert (fact.screening, fact.tier) == (pb.SCREENING_SCREEN_IN, type_pb2.TIER_T0)
    assert fact.pack == decision.pack
    assert list(fact.tasks) == ["CALL_911", "RECALL_REPORTER", "SUPERVISOR_FLAG"]
    assert list(fact.cross_reports) == ["LICENSING"]
    assert list(fact.alleged_victims) == ["c1"]
    assert fact.mandated_reporter
    assert list(fact.clocks) == [
        "FINDING",
        "FIRST_CONTACT",
        "ON_SCENE",
        "RECALL_REPORTER",
        "REPORTER_CONFIRMATION",
        "SCREENING_DECISION",
    ]


async def test_a_decision_keeps_facts_pack_and_recommendation_byte_for_byte(
    desk: Any, screener: Any, database: Any
) -> None:
    """R102."""
    decision = await decision_on(screener, await submitted(desk))

    row = await database.fetchrow(
        "SELECT facts, pack_sha256 FROM triage.decision WHERE report_id = $1", decision.report_id
    )

    facts = json.loads(row["facts"])
    pack = Packs().by_sha256(row["pack_sha256"])
    assert decision.pack.sha256 == pack.sha256
    assert facts["received_at"] == RANG.isoformat()
    assert canonical(facts).decode() == row["facts"]
    assert canonical(screen(pack, facts).as_json()).decode() == decision.recommendation_json


async def test_a_report_delivered_twice_is_screened_once(
    desk: Any, screener: Any, database: Any, stack: Addresses
) -> None:
    report_id = await submitted(desk)
    first = await decision_on(screener, report_id)
    (record,) = await facts_about(stack, INTAKE, report_id, 1)

    async with AIOKafkaProducer(bootstrap_servers=stack.kafka_bootstrap) as producer:
        for _ in range(2):
            again = await producer.send_and_wait(
                INTAKE, record.value, key=record.key, headers=list(record.headers), partition=record.partition
            )
    await read_up_to(stack, "triage", TopicPartition(INTAKE, again.partition), again.offset)

    assert await decision_on(screener, report_id) == first
    assert await database.fetchval("SELECT count(*) FROM chassis.outbox WHERE aggregateid = $1", report_id) == 1
    assert not await records(stack, f"{INTAKE}.triage.dlq")


async def test_facts_that_were_not_asked_bring_the_report_to_a_person(
    desk: Any, screener: Any, stack: Addresses
) -> None:
    report_id = await submitted(desk, facts=screening_facts({"flavour": "SWEET"}))
    decision = await decision_on(screener, report_id)
    assert decision.state == pb.DECISION_STATE_NEEDS_FACTS
    assert decision.problem == "UNKNOWN_KEY: report.flavour"
    assert (decision.recommended, decision.recommendation_json) == (pb.SCREENING_UNSPECIFIED, "")

    (record,) = await facts_about(stack, TRIAGE, report_id, 1)

    fact = events.ReportNeedsFacts.FromString(record.value or b"")
    assert (fact.code, list(fact.paths)) == ("UNKNOWN_KEY", ["report.flavour"])
    assert fact.reference == decision.reference


async def test_a_report_from_before_every_pack_is_not_lost(desk: Any, screener: Any) -> None:
    report_id = await submitted(desk, rang=datetime(2001, 9, 1, tzinfo=UTC))
    decision = await decision_on(screener, report_id)
    assert (decision.state, decision.problem) == (
        pb.DECISION_STATE_NEEDS_FACTS,
        "PACK_NOT_IN_FORCE: seed-default",
    )
