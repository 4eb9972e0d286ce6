"""Triage's own database: rows to decisions and back."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

from chassis import errors
from chassis.queries import Queries
from chassis.unit_of_work import Row, UnitOfWork
from policy.canonical import canonical
from policy.packs import PackRef
from services.triage.model import Decision, DecisionState, Problem, Recommendation, Screening, Verdict

_sql = Queries.load(Path(__file__).with_name("queries"))


async def add_decision(uow: UnitOfWork, decision: Decision) -> None:
    """Keep a new decision, with the facts and the recommendation in their canonical form."""
    made, problem = decision.recommendation, decision.problem
    await uow.execute(
        _sql.add_decision,
        decision.report_id,
        decision.reference,
        decision.office,
        decision.received_at,
        decision.state,
        canonical(decision.facts).decode(),
        made.pack.id if made else None,
        made.pack.version if made else None,
        made.pack.sha256 if made else None,
        made.screening if made else None,
        made.tier if made else None,
        canonical(made.whole).decode() if made else None,
        problem.code if problem else None,
        list(problem.paths) if problem else None,
        uow.clock(),
        decision.version,
    )


async def decide(uow: UnitOfWork, decision: Decision) -> None:
    """Keep what a person decided."""
    verdict = decision.verdict
    assert verdict is not None
    await uow.execute(
        _sql.decide,
        decision.report_id,
        decision.state,
        verdict.screening,
        verdict.tier,
        verdict.decided_by,
        verdict.decided_at,
        verdict.overridden,
        decision.version,
    )


async def decision(uow: UnitOfWork, report_id: UUID) -> Decision:
    """The report's decision; refused as NOT_FOUND while triage has not heard of the report."""
    return _found(await uow.fetchrow(_sql.decision, report_id), report_id)


async def decision_to_change(uow: UnitOfWork, report_id: UUID) -> Decision:
    """The report's decision, held until this transaction ends."""
    return _found(await uow.fetchrow(_sql.decision_to_change, report_id), report_id)


async def queue(uow: UnitOfWork, *, office: str | None, limit: int) -> list[Decision]:
    """What waits for a person: what could not be screened, then the most urgent, then the oldest."""
    return [_decision(row) for row in await uow.fetch(_sql.queue, office, limit)]


def _found(row: Row | None, report_id: UUID) -> Decision:
    if row is None:
        raise errors.not_found("decision of a report", report_id)
    return _decision(row)


def _decision(row: Row) -> Decision:
    return Decision(
        report_id=row["report_id"],
        reference=row["reference"],
        office=row["office"],
        received_at=row["received_at"],
        state=DecisionState(row["state"]),
        facts=json.loads(row["facts"]),
        recommendation=_recommendation(row) if row["recommendation"] else None,
        problem=Problem(row["problem_code"], tuple(row["problem_paths"])) if row["problem_code"] else None,
        verdict=_verdict(row) if row["decided"] else None,
        version=row["version"],
    )


def _recommendation(row: Row) -> Recommendation:
    return Recommendation(
        pack=PackRef(row["pack_id"], row["pack_version"], row["pack_sha256"]),
        screening=Screening(row["recommended"]),
        tier=row["recommended_tier"],
        whole=json.loads(row["recommendation"]),
    )


def _verdict(row: Row) -> Verdict:
    return Verdict(
        screening=Screening(row["decided"]),
        tier=row["decided_tier"],
        decided_by=row["decided_by"],
        decided_at=row["decided_at"],
        overridden=row["overridden"],
    )
