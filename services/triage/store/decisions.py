"""Decisions: the row as it stands, and beside it every verdict and every request that led there."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import errors
from chassis.unit_of_work import Row, UnitOfWork
from policy.canonical import canonical
from policy.packs import PackRef
from policy.screening import FollowUp
from services.triage.model.decisions import (
    Decision,
    DecisionState,
    OverrideRequest,
    Problem,
    Recommendation,
    Review,
    Verdict,
)
from services.triage.model.sampling import drawn_for_rating
from services.triage.model.urgency import Response, Screening
from services.triage.store import sql


@dataclass(frozen=True, slots=True)
class Settled:
    """How a request for approval ended: APPROVED, REFUSED, or OVERTAKEN by another decision."""

    outcome: str
    by: str
    at: datetime
    because: str = ""


@dataclass(frozen=True, slots=True)
class PastVerdict:
    """A verdict with the version of the decision that it made, and the version of the report whose evaluation it was
    made on (None: decided before that was recorded). Its follow-up is not kept beside it.
    """

    version: int
    report_version: int | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class PastRequest:
    """A request, and how it ended if it did."""

    request: OverrideRequest
    settled: Settled | None


async def add(uow: UnitOfWork, decision: Decision) -> None:
    """Keep a new decision, with the facts and the recommendation in their canonical form."""
    await uow.execute(
        sql.add_decision,
        decision.report_id,
        decision.reference,
        decision.office,
        decision.received_at,
        decision.channel,
        decision.language,
        uow.clock(),
        decision.state,
        *_screened(decision),
        drawn_for_rating(decision.report_id),
        decision.version,
    )
    await _add_evaluation(uow, decision)


async def screen_anew(uow: UnitOfWork, decision: Decision) -> None:
    """Keep the next version of a held decision whose report was amended, and this evaluation beside all earlier."""
    screened, changed = _screened(decision), _changed(decision)
    saved = await uow.fetchval(sql.screen_anew, decision.report_id, uow.clock(), *screened, *changed)
    _must_follow(decision, saved)
    await _add_evaluation(uow, decision)


async def change(uow: UnitOfWork, decision: Decision) -> None:
    """Keep the next version of a held decision; the facts and the recommendation are as they were."""
    _must_follow(decision, await uow.fetchval(sql.change, decision.report_id, *_changed(decision)))


async def add_verdict(uow: UnitOfWork, decision: Decision) -> None:
    """Keep the verdict that this version of the decision made, and on which evaluation, beside all earlier ones."""
    verdict = decision.verdict
    assert verdict is not None
    await uow.execute(
        sql.add_verdict,
        decision.report_id,
        decision.version,
        decision.report_version,
        verdict.screening,
        verdict.tier,
        verdict.decided_by,
        verdict.decided_at,
        verdict.overridden,
        verdict.reason,
        verdict.approved_by,
    )


async def add_request(uow: UnitOfWork, decision: Decision) -> None:
    """Keep the request that waits for approval."""
    request = decision.request
    assert request is not None
    await uow.execute(
        sql.add_request,
        request.id,
        decision.report_id,
        request.response.screening,
        request.response.tier,
        request.reason,
        request.requested_by,
        request.requested_at,
    )


async def settle_request(uow: UnitOfWork, report_id: UUID, settled: Settled) -> None:
    """Keep how the waiting request of a report ended, if one waits."""
    await uow.execute(sql.settle_request, report_id, settled.outcome, settled.by, settled.at, settled.because)


async def decision(uow: UnitOfWork, report_id: UUID) -> Decision:
    """The report's decision; refused as NOT_FOUND while triage has not heard of the report."""
    row = await uow.fetchrow(sql.decision, report_id)
    if row is None:
        raise errors.not_found("decision of a report", report_id)
    return _decision(row)


async def decision_to_change(uow: UnitOfWork, report_id: UUID) -> Decision:
    """The report's decision, held until this transaction ends."""
    await hold(uow, [report_id])
    return await decision(uow, report_id)


async def hold(uow: UnitOfWork, report_ids: Iterable[UUID]) -> None:
    """Hold several decisions, always in the same order, so that no two people wait for each other."""
    await uow.execute(sql.lock_decisions, list(report_ids))


async def queue(uow: UnitOfWork, *, office: str | None, limit: int) -> list[Decision]:
    """What waits for a person: what could not be screened, then the most urgent, then the oldest."""
    return [_decision(row) for row in await uow.fetch(sql.queue, office, limit)]


async def merged_into(uow: UnitOfWork, report_id: UUID) -> list[UUID]:
    """The duplicates that were merged into a report."""
    return [row["report_id"] for row in await uow.fetch(sql.merged_into, report_id)]


async def verdicts(uow: UnitOfWork, report_id: UUID) -> list[PastVerdict]:
    """Every verdict on a report, oldest first."""
    return [
        PastVerdict(row["version"], row["report_version"], _past(row))
        for row in await uow.fetch(sql.verdicts, report_id)
    ]


async def requests(uow: UnitOfWork, report_id: UUID) -> list[PastRequest]:
    """Every request for approval, oldest first."""
    return [_past_request(row) for row in await uow.fetch(sql.requests, report_id)]


async def add_investigation(uow: UnitOfWork, investigation_id: UUID, report_id: UUID) -> None:
    """Remember which report an investigation follows from."""
    await uow.execute(sql.add_investigation, investigation_id, report_id)


async def mark_contacted(uow: UnitOfWork, investigation_id: UUID, at: datetime) -> None:
    """Remember when somebody was first with a child, or sought it."""
    if await uow.fetchval(sql.mark_contacted, investigation_id, at) is None:
        raise errors.NotYetKnown("investigation", investigation_id)


async def contacted(uow: UnitOfWork, report_id: UUID) -> bool:
    """Whether somebody was with a child of this report already, or sought it, as far as triage has heard."""
    return bool(await uow.fetchval(sql.contacted, report_id))


def _must_follow(decision: Decision, saved: int | None) -> None:
    if saved is None:
        raise RuntimeError(f"decision {decision.report_id}: version {decision.version} does not follow the stored one")


async def _add_evaluation(uow: UnitOfWork, decision: Decision) -> None:
    made, problem = decision.recommendation, decision.problem
    await uow.execute(
        sql.add_evaluation,
        decision.report_id,
        decision.report_version,
        uow.clock(),
        canonical(decision.facts).decode(),
        made.pack.id if made else None,
        made.pack.version if made else None,
        made.pack.sha256 if made else None,
        canonical(made.whole).decode() if made else None,
        problem.code if problem else None,
        list(problem.paths) if problem else None,
    )


def _screened(decision: Decision) -> tuple[Any, ...]:
    """Facts, version of the report, interpreter, and what came of screening, in the order of the statements."""
    made, problem = decision.recommendation, decision.problem
    return (
        canonical(decision.facts).decode(),
        decision.report_version,
        decision.interpreter_used,
        made.pack.id if made else None,
        made.pack.version if made else None,
        made.pack.sha256 if made else None,
        made.screening if made else None,
        made.tier if made else None,
        canonical(made.whole).decode() if made else None,
        problem.code if problem else None,
        list(problem.paths) if problem else None,
    )


def _changed(decision: Decision) -> tuple[Any, ...]:
    """State, verdict, people, review and version, in the order of the statements."""
    verdict = decision.verdict
    return (
        decision.state,
        verdict.screening if verdict else None,
        verdict.tier if verdict else None,
        verdict.decided_by if verdict else None,
        verdict.decided_at if verdict else None,
        verdict.overridden if verdict else None,
        verdict.reason if verdict else "",
        verdict.approved_by if verdict else None,
        list(verdict.follow_up.tasks) if verdict else None,
        list(verdict.follow_up.cross_reports) if verdict else None,
        list(verdict.follow_up.clocks) if verdict else None,
        decision.taken_by,
        list(decision.screeners),
        decision.review,
        decision.reviewed_by,
        decision.merged_into,
        decision.version,
    )


def _decision(row: Row) -> Decision:
    return Decision(
        report_id=row["report_id"],
        reference=row["reference"],
        office=row["office"],
        received_at=row["received_at"],
        state=DecisionState(row["state"]),
        facts=json.loads(row["facts"]),
        channel=row["channel"],
        language=row["language"],
        interpreter_used=row["interpreter_used"],
        report_version=row["report_version"],
        recommendation=_recommendation(row) if row["recommendation"] else None,
        problem=Problem(row["problem_code"], tuple(row["problem_paths"])) if row["problem_code"] else None,
        verdict=_verdict(row) if row["decided"] else None,
        taken_by=row["taken_by"],
        screeners=tuple(row["screeners"]),
        request=_request(row) if row["request_id"] else None,
        review=Review(row["review"]) if row["review"] else None,
        reviewed_by=row["reviewed_by"],
        merged_into=row["merged_into"],
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
        follow_up=FollowUp(
            tuple(row["decided_tasks"]), tuple(row["decided_cross_reports"]), tuple(row["decided_clocks"])
        ),
        reason=row["reason"],
        approved_by=row["approved_by"],
    )


def _request(row: Row) -> OverrideRequest:
    return OverrideRequest(
        id=row["request_id"],
        response=Response(Screening(row["wanted"]), row["wanted_tier"]),
        reason=row["wanted_because"],
        requested_by=row["requested_by"],
        requested_at=row["requested_at"],
    )


def _past(row: Row) -> Verdict:
    return Verdict(
        screening=Screening(row["screening"]),
        tier=row["tier"],
        decided_by=row["decided_by"],
        decided_at=row["decided_at"],
        overridden=row["overridden"],
        follow_up=FollowUp((), (), ()),
        reason=row["reason"],
        approved_by=row["approved_by"],
    )


def _past_request(row: Row) -> PastRequest:
    request = OverrideRequest(
        id=row["id"],
        response=Response(Screening(row["screening"]), row["tier"]),
        reason=row["reason"],
        requested_by=row["requested_by"],
        requested_at=row["requested_at"],
    )
    settled = Settled(row["outcome"], row["settled_by"], row["settled_at"], row["refused_because"])
    return PastRequest(request, settled if row["outcome"] else None)
