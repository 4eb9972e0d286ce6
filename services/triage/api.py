"""The calls of triage: a request becomes a command, the decision becomes the response."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from chassis.contract import number, stamp
from chassis.database import Database
from chassis.identity import Role
from chassis.once import once
from chassis.unit_of_work import UnitOfWork
from hotline.triage.v1 import triage_service_pb2 as pb
from hotline.triage.v1 import triage_service_pb2_grpc as rpc
from hotline.type.v1 import type_pb2
from policy.canonical import canonical
from services.triage import commands, store
from services.triage.facts import pack_message
from services.triage.model import Decision, Problem

# A decision is a named person's; no service may make one.
_DECIDES = frozenset({Role.SCREENER, Role.SUPERVISOR})
_SEES_QUEUE = _DECIDES | {Role.MANAGER, Role.DIRECTOR, Role.SERVICE}
_SEES_DECISION = _SEES_QUEUE | {Role.INTAKE_SPECIALIST, Role.INVESTIGATOR}

ACCESS = {"GetDecision": _SEES_DECISION, "ListQueue": _SEES_QUEUE, "ConfirmDecision": _DECIDES}
"""Who may call what; a method without a row is refused to everybody."""

_LISTED_AT_ONCE = 100


class Triage(rpc.TriageServiceServicer):
    """`hotline.triage.v1.TriageService` on one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def GetDecision(self, request: pb.GetDecisionRequest, context: Any) -> pb.GetDecisionResponse:
        """A report's decision as it stands."""
        async with self._database.transaction() as uow:
            return pb.GetDecisionResponse(decision=_decision(await store.decision(uow, UUID(request.report_id))))

    async def ListQueue(self, request: pb.ListQueueRequest, context: Any) -> pb.ListQueueResponse:
        """What waits for a person, most urgent first, then oldest."""
        async with self._database.transaction() as uow:
            waiting = await store.queue(uow, office=request.office or None, limit=request.limit or _LISTED_AT_ONCE)
            return pb.ListQueueResponse(decisions=[_decision(decision) for decision in waiting])

    async def ConfirmDecision(self, request: pb.ConfirmDecisionRequest, context: Any) -> pb.ConfirmDecisionResponse:
        """The person agrees with the recommendation."""

        async def act(uow: UnitOfWork) -> pb.ConfirmDecisionResponse:
            decision = await commands.confirm(UUID(request.report_id), request.version, uow)
            return pb.ConfirmDecisionResponse(decision=_decision(decision))

        return await once(self._database, request, pb.ConfirmDecisionResponse, act)


def _decision(decision: Decision) -> pb.Decision:
    made, verdict = decision.recommendation, decision.verdict
    return pb.Decision(
        report_id=str(decision.report_id),
        reference=decision.reference,
        office=decision.office,
        received_at=stamp(decision.received_at),
        state=number(pb.DecisionState, decision.state),
        recommended=number(pb.Screening, made.screening if made else None),
        recommended_tier=number(type_pb2.Tier, made.tier if made else None),
        recommendation_json=canonical(made.whole).decode() if made else "",
        pack=pack_message(made.pack) if made else None,
        decided=number(pb.Screening, verdict.screening if verdict else None),
        decided_tier=number(type_pb2.Tier, verdict.tier if verdict else None),
        decided_by=verdict.decided_by if verdict else "",
        decided_at=stamp(verdict.decided_at) if verdict else None,
        problem=_said(decision.problem) if decision.problem else "",
        version=decision.version,
    )


def _said(problem: Problem) -> str:
    return f"{problem.code}: {', '.join(problem.paths)}" if problem.paths else problem.code
