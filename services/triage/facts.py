"""What triage tells the others, all keyed by the report's id: references, codes and times."""

from __future__ import annotations

from google.protobuf.message import Message

from chassis.contract import number, stamp
from chassis.unit_of_work import UnitOfWork
from hotline.triage.v1 import triage_events_pb2 as events
from hotline.triage.v1 import triage_service_pb2 as pb
from hotline.type.v1 import type_pb2
from policy.packs import PackRef
from services.triage.model import Decision


async def report_recommended(uow: UnitOfWork, decision: Decision) -> None:
    """A report is screened and waits for a person; at T0 others act upon this at once."""
    made = decision.recommendation
    assert made is not None
    fact = events.ReportRecommended(
        report_id=str(decision.report_id),
        reference=decision.reference,
        office=decision.office,
        received_at=stamp(decision.received_at),
        screening=number(pb.Screening, made.screening),
        tier=number(type_pb2.Tier, made.tier),
        pack=pack_message(made.pack),
        tasks=made.tasks,
        cross_reports=made.cross_reports,
        alleged_victims=decision.alleged_victims,
        mandated_reporter=decision.mandated_reporter,
        clocks=made.clocks,
    )
    await _emit(uow, decision, fact)


async def report_needs_facts(uow: UnitOfWork, decision: Decision) -> None:
    """A report could not be screened: a person must look."""
    problem = decision.problem
    assert problem is not None
    fact = events.ReportNeedsFacts(
        report_id=str(decision.report_id),
        reference=decision.reference,
        office=decision.office,
        received_at=stamp(decision.received_at),
        code=problem.code,
        paths=problem.paths,
    )
    await _emit(uow, decision, fact)


async def decision_made(uow: UnitOfWork, decision: Decision) -> None:
    """A named person has decided."""
    made, verdict = decision.recommendation, decision.verdict
    assert made is not None
    assert verdict is not None
    fact = events.DecisionMade(
        report_id=str(decision.report_id),
        reference=decision.reference,
        office=decision.office,
        received_at=stamp(decision.received_at),
        screening=number(pb.Screening, verdict.screening),
        tier=number(type_pb2.Tier, verdict.tier),
        pack=pack_message(made.pack),
        tasks=made.tasks,
        cross_reports=made.cross_reports,
        alleged_victims=decision.alleged_victims,
        mandated_reporter=decision.mandated_reporter,
        clocks=made.clocks,
        decided_by=verdict.decided_by,
        decided_at=stamp(verdict.decided_at),
        overridden=verdict.overridden,
    )
    await _emit(uow, decision, fact)


def pack_message(pack: PackRef) -> type_pb2.PackRef:
    """A pack as the contract names it."""
    return type_pb2.PackRef(id=pack.id, version=pack.version, sha256=pack.sha256)


async def _emit(uow: UnitOfWork, decision: Decision, fact: Message) -> None:
    await uow.emit(fact, aggregate_type="triage.decision", aggregate_id=decision.report_id, sequence=decision.version)
