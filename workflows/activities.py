"""What workflows ask of the services, by gRPC: each a call with a deadline, safe to repeat, deciding nothing."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import datetime
from typing import TypeVar

import grpc
from temporalio import activity
from temporalio.exceptions import ApplicationError

from chassis.client import refusal_of
from chassis.contract import instant, number, stamp, word
from chassis.crash_points import reached
from hotline.casework.v1 import casework_service_pb2 as casework
from hotline.casework.v1 import promise_pb2 as promises
from hotline.casework.v1 import workforce_service_pb2 as workforce
from hotline.casework.v1.casework_service_pb2_grpc import CaseworkServiceStub
from hotline.casework.v1.workforce_service_pb2_grpc import WorkforceServiceStub
from hotline.notifications.v1 import notifications_service_pb2 as notifications
from hotline.notifications.v1.notifications_service_pb2_grpc import NotificationsServiceStub
from hotline.type.v1 import type_pb2 as types
from workflows.messages import (
    Assignment,
    CallForHelp,
    Climb,
    Climbed,
    Dispatch,
    Notice,
    PromiseClock,
    Standing,
    Sweep,
    SweepNotice,
    Swept,
    WorkerWanted,
)
from workflows.recipients import addressed

Answer = TypeVar("Answer")

# Whatever is known of a promise nobody can be told of, somebody must hear of it now.
_ALOUD = (casework.CONTACT_CHANNEL_VOICE, casework.CONTACT_CHANNEL_EMAIL)
# Seconds, below the workflows' own limit for one try, so that the call's error is what is seen.
_DEADLINE = 8.0


class Activities:
    """The calls, over one channel to casework and one to notifications."""

    def __init__(self, casework_channel: grpc.aio.Channel, notifications_channel: grpc.aio.Channel) -> None:
        self._casework = CaseworkServiceStub(casework_channel)
        self._workforce = WorkforceServiceStub(casework_channel)
        self._notifications = NotificationsServiceStub(notifications_channel)

    @activity.defn
    async def climb_rung(self, climb: Climb) -> Climbed:
        """What fell due by the workflow's own time; a retry is answered with the same people."""
        request = casework.ClimbRungRequest(promise_id=climb.promise_id, as_of=stamp(climb.as_of))
        answer = await _answer(self._casework.ClimbRung(request, timeout=_DEADLINE))
        reached("activity.climbed")
        return Climbed(
            outcome=word(casework.ClimbOutcome, answer.outcome),
            clock=clock_of(answer.clock),
            notices=[_notice(notice) for notice in answer.notices],
            nobody_left=answer.nobody_left,
            nobody_left_version=answer.nobody_left_version,
        )

    @activity.defn
    async def notify(self, notice: Notice) -> None:
        """Have one person told of a rung; accepted means committed, and it will go out."""
        reached("activity.notifying")
        values = {
            "kind": notice.kind,
            "due": notice.due_at.isoformat(),
            "rung": notice.rung,
            "office": notice.office,
        } | _safe_time(notice)
        await self._notify(
            notifications.NotifyRequest(
                key=notice.key,
                staff_id=notice.staff_id,
                template=_template(notice),
                values=values,
                reference=notice.reference,
                promise_id=notice.promise_id,
                channels=[number(casework.ContactChannel, channel) for channel in notice.how],
                # A reminder that comes after the due time would say that there is still time.
                not_after=stamp(notice.due_at) if notice.warning else None,
            )
        )

    @activity.defn
    async def call_for_help(self, call: CallForHelp) -> None:
        """Tell the last resort that nobody else can be told of a promise."""
        await self._notify(
            notifications.NotifyRequest(
                key=call.key,
                last_resort=True,
                template=call.template,
                values={"since": call.since.isoformat()},
                promise_id=call.promise_id,
                channels=_ALOUD,
            )
        )

    @activity.defn
    async def run_sweep(self, sweep: Sweep) -> Swept:
        """What casework finds as of the sweep's instant; a retry finds the same people to tell."""
        request = workforce.RunSweepRequest(
            sweep=number(workforce.Sweep, sweep.kind), as_of=stamp(sweep.as_of), every_minutes=sweep.every_minutes
        )
        answer = await _answer(self._workforce.RunSweep(request, timeout=_DEADLINE))
        return Swept(len(answer.findings), [_sweep_notice(notice) for notice in answer.notices])

    @activity.defn
    async def tell_of_sweep(self, notice: SweepNotice) -> None:
        """Have one person told of what a sweep found."""
        request = notifications.NotifyRequest(
            key=notice.key,
            template=notice.template,
            values=notice.values,
            channels=[number(casework.ContactChannel, channel) for channel in notice.how],
            not_after=stamp(notice.not_after),
        )
        await self._notify(addressed(request, notice.staff_id))

    @activity.defn
    async def read_investigation(self, investigation_id: str) -> Standing:
        """How casework has the investigation now."""
        request = casework.GetInvestigationRequest(investigation_id=investigation_id)
        answer = await _answer(self._casework.GetInvestigation(request, timeout=_DEADLINE))
        found = answer.investigation
        return Standing(
            reference=found.reference,
            office=found.office,
            tier=found.tier,
            has_worker=bool(found.worker_id),
            every_child_seen=found.state == casework.INVESTIGATION_STATE_CONTACTED,
            closed=found.state == casework.INVESTIGATION_STATE_CLOSED,
            assignment=_assignment(found),
        )

    @activity.defn
    async def assign_worker(self, wanted: WorkerWanted) -> bool:
        """Whether somebody has the investigation now; False if nobody can take it."""
        # Of this run alone: the story of an investigation that was opened again counts its attempts anew.
        run = activity.info().workflow_run_id
        request = casework.AssignWorkerRequest(
            idempotency_key=f"investigation/{run}/wanted/{wanted.attempt}",
            investigation_id=wanted.investigation_id,
        )
        try:
            await _answer(self._casework.AssignWorker(request, timeout=_DEADLINE))
        except ApplicationError as problem:
            if problem.type == "NOBODY_AVAILABLE":
                return False
            raise
        return True

    @activity.defn
    async def promise_acceptance(self, dispatch: Dispatch) -> None:
        """The promise that the worker accepts this assignment; the same assignment makes the same promise."""
        standing = await self.read_investigation(dispatch.investigation_id)
        assignment = dispatch.assignment
        request = casework.MakePromiseRequest(
            kind="ASSIGNMENT_ACK",
            subject=promises.Subject(type="investigation", id=dispatch.investigation_id),
            cause=f"assigned/{assignment.sequence}",
            reference=standing.reference,
            owner=types.Owner(staff_id=assignment.worker_id),
            office=standing.office,
            tier=types.Tier.ValueType(standing.tier),
            received_at=stamp(assignment.assigned_at),
        )
        await _answer(self._casework.MakePromise(request, timeout=_DEADLINE))

    async def _notify(self, request: notifications.NotifyRequest) -> None:
        await _answer(self._notifications.Notify(request, timeout=_DEADLINE))


async def _answer(call: Awaitable[Answer]) -> Answer:
    """A call's answer. A refusal shows in the workflow's history as its reason and message, and nothing else."""
    try:
        return await call
    except grpc.aio.AioRpcError as problem:
        refusal = refusal_of(problem)
        raise ApplicationError(refusal.message, type=refusal.reason) from None


def clock_of(clock: promises.PromiseClock) -> PromiseClock:
    """The clock as workflows know it."""
    next_instant: datetime | None = instant(clock.next_instant) if clock.HasField("next_instant") else None
    return PromiseClock(clock.promise_id, clock.version, next_instant)


def _assignment(of: casework.Investigation) -> Assignment | None:
    if not of.assigned_version:
        return None
    return Assignment(of.assigned_version, of.worker_id, instant(of.assigned_at))


def _notice(notice: casework.Notice) -> Notice:
    return Notice(
        key=notice.key,
        staff_id=notice.staff_id,
        promise_id=notice.promise_id,
        kind=notice.kind,
        reference=notice.reference,
        rung=notice.rung,
        due_at=instant(notice.due_at),
        warning=notice.warning,
        overdue=notice.overdue,
        safe_from=instant(notice.safe_from) if notice.HasField("safe_from") else None,
        safe_until=instant(notice.safe_until) if notice.HasField("safe_until") else None,
        office=notice.office,
        how=[word(casework.ContactChannel, channel) for channel in notice.how],
    )


def _sweep_notice(notice: workforce.SweepNotice) -> SweepNotice:
    return SweepNotice(
        key=notice.key,
        staff_id=notice.staff_id,
        template=notice.template,
        values=dict(notice.values),
        how=[word(casework.ContactChannel, channel) for channel in notice.how],
        not_after=instant(notice.not_after) if notice.HasField("not_after") else None,
    )


def _safe_time(notice: Notice) -> dict[str, str]:
    if not (notice.safe_from or notice.safe_until):
        return {}
    return {
        "safe_from": notice.safe_from.isoformat() if notice.safe_from else "",
        "safe_until": notice.safe_until.isoformat() if notice.safe_until else "",
    }


def _template(notice: Notice) -> str:
    if notice.safe_from or notice.safe_until:
        return "CALL"
    if notice.warning:
        return "WARNING"
    return "OVERDUE" if notice.overdue else "RUNG"
