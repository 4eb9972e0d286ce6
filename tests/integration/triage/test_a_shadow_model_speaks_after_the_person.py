"""The shadow slot on real parts: one score a decision, on its own topic, never before a person has decided (R042)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest_asyncio
from aiokafka import AIOKafkaProducer, TopicPartition

from chassis.contract import instant
from chassis.database import Database
from deploy.local.infrastructure import Addresses
from hotline.triage.v1 import triage_service_pb2 as pb
from hotline.triage.v1 import triage_shadow_events_pb2 as shadow
from hotline.triage.v1.triage_events_pb2 import DecisionMade
from policy.canonical import sha256
from services.triage.shadow import consumers
from services.triage.shadow.model import Model, PointsTable, load
from tests.integration.triage.screening_desk import decision_on, submitted
from tests.integration.triage.test_amended_reports_are_screened_again import amendment, rescreened
from tests.reports import key
from tests.services import TIMEOUT, RunningService, facts_about, read_up_to, records

DECISIONS, SCORES = "hotline.triage.decision.v1", "hotline.triage.shadow.v1"
BASELINE = load("baseline")


@pytest_asyncio.fixture(loop_scope="session")
async def slot(triage: RunningService) -> AsyncIterator[Database]:
    """Triage's database, as the shadow slot reads it."""
    database = await Database.open(triage.database_url, source="triage")
    yield database
    await database.close()


@asynccontextmanager
async def switched_on(slot: Database, stack: Addresses, model: Model = BASELINE) -> AsyncIterator[None]:
    stop = asyncio.Event()
    running = asyncio.create_task(consumers.watch(slot, stack.kafka_bootstrap, model, stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(running, 30)


async def confirmed(desk: Any, screener: Any) -> pb.Decision:
    seen = await decision_on(screener, await submitted(desk))
    request = pb.ConfirmDecisionRequest(idempotency_key=key(), report_id=seen.report_id, version=seen.version)
    decision: pb.Decision = (await screener.ConfirmDecision(request, timeout=TIMEOUT)).decision
    return decision


async def test_a_decision_is_scored_with_the_facts_the_person_had(
    desk: Any, screener: Any, slot: Database, stack: Addresses, database: Any
) -> None:
    decision = await confirmed(desk, screener)
    async with switched_on(slot, stack):
        (record,) = await facts_about(stack, SCORES, decision.report_id, 1)
    scored = shadow.ReportScored.FromString(record.value or b"")
    facts = json.loads(
        await database.fetchval("SELECT facts FROM triage.evaluation WHERE report_id = $1", decision.report_id)
    )
    assert scored.score == BASELINE.score(facts)
    assert scored.facts_sha256 == sha256(facts) == json.loads(decision.recommendation_json)["facts_sha256"]
    assert scored.decision_version == decision.version
    assert scored.decided_at == decision.decided_at
    assert scored.scored_at.ToNanoseconds() >= scored.decided_at.ToNanoseconds()
    assert (scored.model.name, scored.model.sha256) == ("baseline", BASELINE.identity.sha256)


async def test_it_is_the_verdict_that_says_on_which_facts_the_person_decided(
    desk: Any, screener: Any, slot: Database, stack: Addresses, database: Any
) -> None:
    """Not the clocks: by them, the amendment was screened before the person decided."""
    decision = await confirmed(desk, screener)
    _, made = await facts_about(stack, DECISIONS, decision.report_id, 2)
    await desk.AmendReport(amendment(decision.report_id, answers={"severity": 1}), timeout=TIMEOUT)
    await rescreened(screener, decision.report_id)
    await database.execute(
        "UPDATE triage.evaluation SET evaluated_at = $2 WHERE report_id = $1 AND report_version = 2",
        decision.report_id,
        instant(decision.decided_at) - timedelta(milliseconds=1),
    )

    async def scored_by(model: Model) -> str:
        fact = DecisionMade.FromString(made.value or b"")
        await consumers.score(slot, model, fact, decision.version)
        payload = await database.fetchval(
            "SELECT payload FROM chassis.outbox WHERE aggregatetype = 'triage.shadow' AND aggregateid = $1"
            " ORDER BY sequence DESC LIMIT 1",
            decision.report_id,
        )
        return shadow.ReportScored.FromString(payload).facts_sha256

    decided_on = json.loads(decision.recommendation_json)["facts_sha256"]
    assert await scored_by(BASELINE) == decided_on
    await database.execute("UPDATE triage.verdict SET report_version = NULL WHERE report_id = $1", decision.report_id)
    assert isinstance(BASELINE, PointsTable)
    assert await scored_by(replace(BASELINE, version="another")) != decided_on


async def test_a_report_that_waits_for_a_person_has_no_score(
    desk: Any, screener: Any, slot: Database, stack: Addresses
) -> None:
    waiting = await decision_on(screener, await submitted(desk))
    (recommended,) = await facts_about(stack, DECISIONS, waiting.report_id, 1)
    async with switched_on(slot, stack):
        place = TopicPartition(DECISIONS, recommended.partition)
        await read_up_to(stack, consumers.GROUP, place, recommended.offset)
        decided = await confirmed(desk, screener)
        await facts_about(stack, SCORES, decided.report_id, 1)
    keys = {record.key for record in await records(stack, SCORES)}
    assert decided.report_id.encode() in keys
    assert waiting.report_id.encode() not in keys


async def test_a_decision_heard_twice_is_scored_once(
    desk: Any, screener: Any, slot: Database, stack: Addresses, database: Any
) -> None:
    decision = await confirmed(desk, screener)
    _, made = await facts_about(stack, DECISIONS, decision.report_id, 2)
    async with switched_on(slot, stack), AIOKafkaProducer(bootstrap_servers=stack.kafka_bootstrap) as producer:
        again = await producer.send_and_wait(
            DECISIONS, made.value, key=made.key, headers=list(made.headers), partition=made.partition
        )
        await read_up_to(stack, consumers.GROUP, TopicPartition(DECISIONS, again.partition), again.offset)
    sent = "SELECT count(*) FROM chassis.outbox WHERE aggregatetype = 'triage.shadow' AND aggregateid = $1"
    assert await database.fetchval(sent, decision.report_id) == 1


async def test_switched_off_nothing_is_scored_and_switched_on_again_nothing_is_missed(
    desk: Any, screener: Any, slot: Database, stack: Addresses
) -> None:
    decision = await confirmed(desk, screener)
    await facts_about(stack, DECISIONS, decision.report_id, 2)
    assert decision.report_id.encode() not in {record.key for record in await records(stack, SCORES)}
    async with switched_on(slot, stack):
        await facts_about(stack, SCORES, decision.report_id, 1)


async def test_what_is_written_holds_a_reference_and_a_number_and_nothing_else(
    desk: Any, screener: Any, slot: Database, stack: Addresses
) -> None:
    decision = await confirmed(desk, screener)
    async with switched_on(slot, stack):
        (record,) = await facts_about(stack, SCORES, decision.report_id, 1)
    assert {field.name for field, _ in shadow.ReportScored.FromString(record.value or b"").ListFields()} == {
        "report_id",
        "decision_version",
        "decided_at",
        "scored_at",
        "model",
        "facts_sha256",
        "score",
    }
