"""What triage tells the others, all keyed by the report's id: references, codes and times."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from google.protobuf.message import Message

from chassis.contract import number, stamp
from chassis.unit_of_work import UnitOfWork
from hotline.triage.v1 import triage_events_pb2 as events
from hotline.triage.v1 import triage_service_pb2 as pb
from hotline.type.v1 import type_pb2
from policy.packs import PackRef
from services.triage.model.decisions import Decision, recommendation_of


async def screened(uow: UnitOfWork, decision: Decision, amended_at: datetime | None) -> None:
    """A report waits for a person: with what is recommended, upon which others act at once at T0, or with why not."""
    if decision.problem:
        await _report_needs_facts(uow, decision, amended_at)
    else:
        await _report_recommended(uow, decision, amended_at)


async def _report_recommended(uow: UnitOfWork, decision: Decision, amended_at: datetime | None) -> None:
    made = recommendation_of(decision)
    fact = events.ReportRecommended(
        **_of(decision),
        received_at=stamp(decision.received_at),
        screening=number(pb.Screening, made.screening),
        tier=number(type_pb2.Tier, made.tier),
        pack=pack_message(made.pack),
        tasks=made.tasks,
        cross_reports=made.cross_reports,
        alleged_victims=decision.alleged_victims,
        mandated_reporter=decision.mandated_reporter,
        clocks=made.clocks,
        amended_at=stamp(amended_at),
    )
    await _emit(uow, decision, fact)


async def _report_needs_facts(uow: UnitOfWork, decision: Decision, amended_at: datetime | None) -> None:
    problem = decision.problem
    assert problem is not None
    fact = events.ReportNeedsFacts(
        **_of(decision),
        received_at=stamp(decision.received_at),
        code=problem.code,
        paths=problem.paths,
        amended_at=stamp(amended_at),
    )
    await _emit(uow, decision, fact)


async def report_rescreened(uow: UnitOfWork, decision: Decision, amended_at: datetime) -> None:
    """A report was amended, and what was decided stands."""
    made, verdict = recommendation_of(decision), decision.verdict
    assert verdict is not None
    fact = events.ReportRescreened(
        **_of(decision),
        received_at=stamp(decision.received_at),
        screening=number(pb.Screening, made.screening),
        tier=number(type_pb2.Tier, made.tier),
        pack=pack_message(made.pack),
        decided=number(pb.Screening, verdict.screening),
        decided_tier=number(type_pb2.Tier, verdict.tier),
        amended_at=stamp(amended_at),
    )
    await _emit(uow, decision, fact)


async def report_taken(uow: UnitOfWork, decision: Decision, at: datetime) -> None:
    """A screener works on a report."""
    fact = events.ReportTaken(
        **_of(decision),
        taken_by=decision.taken_by or "",
        taken_at=stamp(at),
    )
    await _emit(uow, decision, fact)


async def override_requested(uow: UnitOfWork, decision: Decision) -> None:
    """A manager must look; nothing is decided yet."""
    request = decision.request
    assert request is not None
    fact = events.OverrideRequested(
        **_of(decision),
        screening=number(pb.Screening, request.response.screening),
        tier=number(type_pb2.Tier, request.response.tier),
        requested_by=request.requested_by,
        requested_at=stamp(request.requested_at),
    )
    await _emit(uow, decision, fact)


async def override_refused(uow: UnitOfWork, decision: Decision, by: str, at: datetime) -> None:
    """A manager looked, and the decision stays as it stood."""
    fact = events.OverrideRefused(
        **_of(decision),
        refused_by=by,
        refused_at=stamp(at),
    )
    await _emit(uow, decision, fact)


async def decision_made(uow: UnitOfWork, decision: Decision) -> None:
    """A named person has decided."""
    verdict = decision.verdict
    assert verdict is not None
    fact = events.DecisionMade(
        **_of(decision),
        received_at=stamp(decision.received_at),
        screening=number(pb.Screening, verdict.screening),
        tier=number(type_pb2.Tier, verdict.tier),
        pack=pack_message(recommendation_of(decision).pack),
        tasks=verdict.follow_up.tasks,
        cross_reports=verdict.follow_up.cross_reports,
        alleged_victims=decision.alleged_victims,
        mandated_reporter=decision.mandated_reporter,
        clocks=verdict.follow_up.clocks,
        decided_by=verdict.decided_by,
        decided_at=stamp(verdict.decided_at),
        overridden=verdict.overridden,
        approved_by=verdict.approved_by or "",
    )
    await _emit(uow, decision, fact)


async def screen_out_reviewed(uow: UnitOfWork, decision: Decision, at: datetime) -> None:
    """A second person looked at a screen-out."""
    fact = events.ScreenOutReviewed(
        **_of(decision),
        outcome=number(pb.ReviewOutcome, decision.review),
        reviewed_by=decision.reviewed_by or "",
        reviewed_at=stamp(at),
    )
    await _emit(uow, decision, fact)


async def report_merged(uow: UnitOfWork, decision: Decision, into: Decision, by: str, at: datetime) -> None:
    """A duplicate is closed into the report that it repeats."""
    fact = events.ReportMerged(
        **_of(decision),
        received_at=stamp(decision.received_at),
        into_report_id=str(into.report_id),
        into_reference=into.reference,
        merged_by=by,
        merged_at=stamp(at),
    )
    await _emit(uow, decision, fact)


def pack_message(pack: PackRef) -> type_pb2.PackRef:
    """A pack as the contract names it."""
    return type_pb2.PackRef(id=pack.id, version=pack.version, sha256=pack.sha256)


def _of(decision: Decision) -> dict[str, Any]:
    """What every fact of a decision names: the report, as machines and as people know it, and its office."""
    return {"report_id": str(decision.report_id), "reference": decision.reference, "office": decision.office}


async def _emit(uow: UnitOfWork, decision: Decision, fact: Message) -> None:
    await uow.emit(fact, aggregate_type="triage.decision", aggregate_id=decision.report_id, sequence=decision.version)
