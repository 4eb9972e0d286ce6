"""Turns what a scenario says a person does into the public call it stands for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import grpc
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.contract import stamp
from hotline.casework.v1 import casework_service_pb2 as casework
from hotline.triage.v1 import triage_service_pb2 as triage
from hotline.type.v1 import type_pb2
from scenarios import acts
from scenarios.crew import Desk, Method, persist
from scenarios.model import staff_id
from scenarios.seen import Seen

Call = tuple[Method[Any], Message]
"""A method of a stub, and the request it is called with."""

_RESULTS = {
    "arrive": casework.CONTACT_RESULT_ON_SCENE,
    "see": casework.CONTACT_RESULT_SEEN_IN_PERSON,
    "try to see": casework.CONTACT_RESULT_GOOD_FAITH_ATTEMPT,
}


@dataclass(frozen=True)
class Scene:
    """Where an act takes place: at whose desk, what is known there, when, and the key that makes it one act."""

    desk: Desk
    seen: Seen
    now: datetime
    key: str
    pace: int = 1

    def ago(self, duration: timedelta) -> Timestamp | None:
        """A time of the shift that lies so long before now."""
        return stamp(self.now - duration * self.pace)


def possible(act: acts.Act, seen: Seen) -> bool:
    """Whether what the act is about can be seen: the recommendation, the investigation, the promise."""
    match act:
        case acts.Confirm() | acts.Override() | acts.Review():
            return seen.decision is not None
        case acts.Accept() | acts.Assign() | acts.Arrive() | acts.See() | acts.TryToSee() | acts.Find():
            return seen.investigation is not None
        case _:
            return bool(seen.of_kind(act.promise))


async def perform(act: acts.Act, scene: Scene) -> None:
    """Make the call; raises the grpc error of a refusal."""
    match act:
        case acts.Confirm() | acts.Override() | acts.Review():
            await _decide(act, scene)
        case acts.Accept() | acts.Assign() | acts.Arrive() | acts.See() | acts.TryToSee() | acts.Find():
            await persist(*_of_investigation(act, scene))
        case _:
            await persist(*_of_promise(act, scene))


async def _decide(act: acts.OfDecision, scene: Scene) -> None:
    assert scene.seen.decision is not None
    decision = scene.seen.decision
    while True:
        try:
            await persist(*_of_decision(act, decision, scene))
            return
        except grpc.aio.AioRpcError as error:
            # Something new was added while the person read: they read again, then decide on what stands now.
            if error.code() is not grpc.StatusCode.ABORTED:
                raise
        again = triage.GetDecisionRequest(report_id=decision.report_id)
        decision = (await persist(scene.desk.triage.GetDecision, again)).decision


def _of_decision(act: acts.OfDecision, decision: triage.Decision, scene: Scene) -> Call:
    office = scene.desk.triage
    on: dict[str, Any] = {
        "idempotency_key": f"{scene.key}/{decision.version}",
        "report_id": decision.report_id,
        "version": decision.version,
    }
    match act:
        case acts.Confirm():
            return office.ConfirmDecision, triage.ConfirmDecisionRequest(**on)
        case acts.Override():
            return office.OverrideDecision, triage.OverrideDecisionRequest(
                **on,
                screening=triage.Screening.Value(f"SCREENING_{act.screening}"),
                tier=type_pb2.Tier.Value(f"TIER_{act.tier or 'UNSPECIFIED'}"),
                reason=act.reason,
                history_reviewed=act.history_reviewed,
            )
        case acts.Review():
            outcome = triage.ReviewOutcome.Value(f"REVIEW_OUTCOME_{act.outcome}")
            return office.ReviewScreenOut, triage.ReviewScreenOutRequest(**on, outcome=outcome, reason=act.reason)


def _of_investigation(act: acts.OfInvestigation, scene: Scene) -> Call:
    assert scene.seen.investigation is not None
    office = scene.desk.casework
    on: dict[str, Any] = {
        "idempotency_key": scene.key,
        "investigation_id": scene.seen.investigation.investigation_id,
    }
    match act:
        case acts.Accept():
            return office.AcceptAssignment, casework.AcceptAssignmentRequest(**on)
        case acts.Assign():
            return office.AssignWorker, casework.AssignWorkerRequest(**on, staff_id=staff_id(act.to))
        case acts.Find():
            finding = casework.Finding.Value(f"FINDING_{act.finding}")
            return office.RecordFinding, casework.RecordFindingRequest(
                **on, finding=finding, occurred_at=scene.ago(act.ago)
            )
        case acts.Arrive() | acts.See() | acts.TryToSee():
            return office.RecordContact, casework.RecordContactRequest(
                **on,
                child_id=act.child,
                result=_RESULTS[act.does],
                occurred_at=scene.ago(act.ago),
                late_reason=act.late_reason,
            )


def _of_promise(act: acts.OfPromise, scene: Scene) -> Call:
    office = scene.desk.casework
    on: dict[str, Any] = {"idempotency_key": scene.key, "promise_id": _promise(scene.seen, act.promise)}
    match act:
        case acts.Acknowledge():
            return office.AcknowledgePromise, casework.AcknowledgePromiseRequest(**on)
        case acts.Attempt():
            return office.RecordAttempt, casework.RecordAttemptRequest(
                **on, outcome=act.outcome, occurred_at=scene.ago(act.ago), late_reason=act.late_reason
            )
        case acts.CheckMessage():
            return office.CheckMessage, casework.CheckMessageRequest(
                **on,
                urgent=act.urgent,
                to_staff_id=staff_id(act.to) if act.to else "",
                no_call_because=act.no_call_because or "",
                occurred_at=scene.ago(act.ago),
            )
        case acts.Delegate():
            return office.DelegatePromise, casework.DelegatePromiseRequest(**on, to_staff_id=staff_id(act.to))
        case acts.Escalate():
            return office.EscalateTo, casework.EscalateToRequest(**on, rung=act.rung)
        case acts.Extend():
            return office.ExtendPromise, casework.ExtendPromiseRequest(**on, days=act.days, reason=act.reason)
        case acts.Pause():
            until = scene.ago(-act.lasting)
            return office.PausePromise, casework.PausePromiseRequest(**on, reason=act.reason, until=until)
        case acts.Resume():
            return office.ResumePromise, casework.ResumePromiseRequest(**on)
        case acts.Retier():
            tier = type_pb2.Tier.Value(f"TIER_{act.tier}")
            return office.RetierPromise, casework.RetierPromiseRequest(**on, tier=tier)
        case acts.Void():
            return office.VoidPromise, casework.VoidPromiseRequest(**on, reason=act.reason)
        case acts.ConfirmLateEntry() | acts.RefuseLateEntry():
            confirmed = isinstance(act, acts.ConfirmLateEntry)
            return office.ConfirmLateEntry, casework.ConfirmLateEntryRequest(**on, confirmed=confirmed)


def _promise(seen: Seen, kind: str) -> str:
    """The open promise of a kind; of several the newest, and of closed ones too, since closed ones refuse."""
    return sorted(seen.of_kind(kind), key=lambda each: not each.closed)[-1].promise.promise_id
