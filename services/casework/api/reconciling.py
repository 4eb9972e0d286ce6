"""`ReconciliationService`: how the ledger stands, for whoever compares it with what else there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from chassis.contract import instant, number, stamp
from chassis.database import Database
from chassis.identity import Role
from chassis.unit_of_work import Row
from hotline.casework.v1 import promise_pb2
from hotline.casework.v1 import reconciliation_service_pb2 as pb
from hotline.casework.v1 import reconciliation_service_pb2_grpc as rpc
from hotline.casework.v1.casework_service_pb2 import ContactChannel
from hotline.type.v1.expected_promise_pb2 import ExpectedPromise
from policy.promise import Promise
from services.casework.promises import climbing
from services.casework.promises import store as ledger
from services.casework.promises.rules import Rules
from services.casework.store import investigations

_SERVICE = frozenset({Role.SERVICE})

RECONCILIATION_ACCESS = {
    "ListClocks": _SERVICE,
    "ListStalledPromises": _SERVICE,
    "FindMissingPromises": _SERVICE,
    "ListOpenInvestigations": _SERVICE,
}


class Reconciliation(rpc.ReconciliationServiceServicer):
    """`hotline.casework.v1.ReconciliationService`; it only reads."""

    def __init__(self, database: Database, rules: Rules) -> None:
        self._database = database
        self._rules = rules

    async def ListClocks(self, request: pb.ListClocksRequest, context: Any) -> pb.ListClocksResponse:
        """The clock of every open promise."""
        after = UUID(request.after) if request.after else None
        async with self._database.transaction() as uow:
            found = await ledger.clocks(uow, after, request.limit, untold_only=request.untold_only)
        return pb.ListClocksResponse(promises=map(_open, found))

    async def ListStalledPromises(
        self, request: pb.ListStalledPromisesRequest, context: Any
    ) -> pb.ListStalledPromisesResponse:
        """Promises whose alarm has not rung, and whom to tell of that."""
        async with self._database.transaction() as uow:
            found = await ledger.stalled(uow, instant(request.before), request.limit)
            directors = await climbing.directing(uow, self._rules, found)
        return pb.ListStalledPromisesResponse(promises=map(_stalled, found, directors))

    async def FindMissingPromises(
        self, request: pb.FindMissingPromisesRequest, context: Any
    ) -> pb.FindMissingPromisesResponse:
        """Which of those expected are not in the ledger as they should be."""
        async with self._database.transaction() as uow:
            missing = await ledger.missing(uow, [_wanted(expected) for expected in request.expected])
        return pb.FindMissingPromisesResponse(missing=missing)

    async def ListOpenInvestigations(
        self, request: pb.ListOpenInvestigationsRequest, context: Any
    ) -> pb.ListOpenInvestigationsResponse:
        """Every open investigation, and whom nobody has asked to accept theirs."""
        after = UUID(request.after) if request.after else None
        async with self._database.transaction() as uow:
            found = await investigations.open_investigations(uow, after, request.limit)
        return pb.ListOpenInvestigationsResponse(
            investigations=[
                pb.OpenInvestigation(investigation_id=str(row["investigation_id"]), undispatched=row["undispatched"])
                for row in found
            ]
        )


def _open(row: Row) -> pb.OpenPromise:
    clock = promise_pb2.PromiseClock(
        promise_id=str(row["promise_id"]),
        version=row["version"],
        state=number(promise_pb2.PromiseState, row["state"]),
        next_instant=stamp(row["next_instant"]),
    )
    return pb.OpenPromise(clock=clock, untold_since=stamp(row["untold_since"]))


def _stalled(promise: Promise, directors: Sequence[str]) -> pb.StalledPromise:
    return pb.StalledPromise(
        promise_id=str(promise.id),
        kind=promise.kind,
        reference=promise.reference,
        cycle=promise.cycle,
        since=stamp(promise.next_instant),
        due_at=stamp(promise.due_at),
        directors=directors,
        office=promise.office or "",
        how=[number(ContactChannel, channel) for channel in promise.timetable.rungs[-1].how],
    )


def _wanted(expected: ExpectedPromise) -> Mapping[str, Any]:
    return {
        "kinds": list(expected.kinds),
        "type": expected.subject_type,
        "id": expected.subject_id,
        "cause": expected.cause,
        "closed": expected.closed,
        "unless_open": expected.unless_open,
        "told_at": instant(expected.told_at).isoformat() if expected.HasField("told_at") else None,
    }
