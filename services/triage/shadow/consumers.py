"""What the shadow slot hears: that a person has decided. Only then is there a score, and only for analysts."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from uuid import UUID

from chassis import errors, logs
from chassis.consumer import StatelessConsumer, StatelessSubscriptions
from chassis.contract import instant, stamp
from chassis.database import Database
from chassis.envelope import Envelope
from chassis.queries import Queries
from chassis.service import Runtime
from hotline.triage.v1 import triage_events_pb2 as events
from hotline.triage.v1 import triage_shadow_events_pb2 as shadow
from policy.canonical import sha256
from services.triage.shadow.model import Model, load
from services.triage.shadow.settings import OFF, ShadowSettings

GROUP = "triage-shadow"
"""The consumer group: of its own, so that the slot can be switched off and on without touching triage."""

_sql = Queries.load(Path(__file__).with_name("queries"))
_log = logs.logger("shadow")


async def run(runtime: Runtime, stop: asyncio.Event) -> None:
    """Score what people decide until `stop` is set; switched off, read nothing and write nothing."""
    name = ShadowSettings().shadow_model
    if name == OFF:
        _log.info("no shadow model runs")
        await stop.wait()
        return
    await watch(runtime.database, runtime.settings.need("kafka_bootstrap"), load(name), stop)


async def watch(database: Database, kafka_bootstrap: str, model: Model, stop: asyncio.Event) -> None:
    """Score every decision with `model`."""
    # Without an inbox: switched on years late, the slot has missed the first facts of many reports, and need not mind.
    await StatelessConsumer(GROUP, subscriptions(database, model), kafka_bootstrap).run(stop)


def subscriptions(database: Database, model: Model) -> StatelessSubscriptions:
    """What the slot reads, and what it does with it."""

    async def decision_made(fact: events.DecisionMade, envelope: Envelope) -> None:
        await score(database, model, fact, envelope.sequence)

    return {"hotline.triage.decision.v1": {events.DecisionMade.DESCRIPTOR.full_name: decision_made}}


async def score(database: Database, model: Model, fact: events.DecisionMade, decision_version: int) -> None:
    """Tell what the model makes of the facts a person has decided on; once a decision and model."""
    report_id, identity = UUID(fact.report_id), model.identity
    async with database.transaction() as uow:
        row = await uow.fetchrow(_sql.facts_decided_on, report_id, decision_version, instant(fact.decided_at))
        if row is None:
            raise errors.not_found("evaluation of a decided report", report_id)
        sequence = await uow.fetchval(_sql.claim, report_id, decision_version, identity.sha256)
        if sequence is None:
            return
        facts = json.loads(row["facts"])
        scored = shadow.ReportScored(
            report_id=fact.report_id,
            decision_version=decision_version,
            decided_at=fact.decided_at,
            scored_at=stamp(uow.clock()),
            model=shadow.ReportScored.ShadowModel(name=identity.name, version=identity.version, sha256=identity.sha256),
            facts_sha256=sha256(facts),
            score=model.score(facts),
        )
        await uow.emit(scored, aggregate_type="triage.shadow", aggregate_id=report_id, sequence=sequence)
