"""What triage tells of a report, and what casework owes for it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from chassis.contract import stamp
from hotline.casework.v1 import casework_service_pb2 as pb
from hotline.casework.v1.promise_pb2 import Promise
from hotline.triage.v1 import triage_service_pb2 as triage
from hotline.triage.v1.triage_events_pb2 import DecisionMade
from hotline.type.v1 import type_pb2
from tests.integration.casework.conftest import DEADLINE, OFFICE, World


def report(world: World, tier: str = "T1", **values: Any) -> dict[str, Any]:
    """A report about one child, screened in just now, as triage tells of it."""
    return {
        "report_id": str(uuid4()),
        "reference": "7ZK4-M2QX",
        "office": OFFICE,
        "received_at": stamp(world.clock.now),
        "screening": triage.SCREENING_SCREEN_IN,
        "tier": type_pb2.Tier.Value(f"TIER_{tier}"),
        "alleged_victims": ["c1"],
        "clocks": ["SCREENING_DECISION", "FIRST_CONTACT", "FINDING"],
    } | values


def decided(world: World, of: dict[str, Any], **changes: Any) -> DecisionMade:
    """The screener's decision, made now."""
    return DecisionMade(**(of | changes), decided_by=world.people.screener, decided_at=stamp(world.clock.now))


async def investigation(world: World, of: dict[str, Any]) -> pb.Investigation:
    stub = await world.service()
    request = pb.GetInvestigationRequest(report_id=of["report_id"])
    return (await stub.GetInvestigation(request, timeout=DEADLINE)).investigation


async def owed(world: World) -> dict[str, Promise]:
    return {promise.kind: promise for promise in await world.open_promises()}
