"""What every service tells those who run it: what waits, what got stuck, and the two ways out of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import grpc

from chassis import dead_letters
from chassis.contract import instant, stamp
from chassis.database import Database
from chassis.expected import Expectations, expected
from chassis.identity import Role
from chassis.queries import chassis_queries as sql
from chassis.server import Servicer
from hotline.operations.v1 import operations_service_pb2 as pb
from hotline.operations.v1 import operations_service_pb2_grpc as rpc

_ADMINISTRATORS = frozenset({Role.ADMIN.value})
_REPAIRS = frozenset({Role.ADMIN.value, Role.SERVICE.value})
_EVERYBODY = frozenset(role.value for role in Role)
_ACCESS = {
    "GetBacklog": _EVERYBODY,
    "ListDeadLetters": _ADMINISTRATORS,
    "Redrive": _ADMINISTRATORS,
    "Waive": _ADMINISTRATORS,
    "ListExpectedPromises": _REPAIRS,
    "Republish": _REPAIRS,
    "FindUnknownFacts": _ADMINISTRATORS,
}


def operations(service: str, database: Database, expectations: Expectations) -> Servicer:
    """The servicer that each service's api serves beside its own."""
    descriptor = pb.DESCRIPTOR.services_by_name["OperationsService"]
    return Servicer(
        rpc.add_OperationsServiceServicer_to_server, _Operations(service, database, expectations), descriptor, _ACCESS
    )


class _Operations(rpc.OperationsServiceServicer):
    def __init__(self, service: str, database: Database, expectations: Expectations) -> None:
        self._service = service
        self._database = database
        self._expectations = expectations

    async def GetBacklog(
        self, request: pb.GetBacklogRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> pb.GetBacklogResponse:
        async with self._database.transaction() as uow:
            outbox = await uow.fetchrow(sql.backlog)
            held = await uow.fetchrow(sql.waiting, self._service)
            stuck = await dead_letters.open_dead_letters(uow, self._service)
        assert outbox is not None
        assert held is not None
        return pb.GetBacklogResponse(
            service=self._service,
            unsent=outbox["unsent"],
            oldest_unsent_at=stamp(outbox["oldest"]),
            early=held["early"],
            retrying=held["retrying"],
            oldest_held_at=stamp(held["oldest"]),
            dead_letters=len(stuck),
        )

    async def ListDeadLetters(
        self, request: pb.ListDeadLettersRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> pb.ListDeadLettersResponse:
        async with self._database.transaction() as uow:
            stuck = await dead_letters.open_dead_letters(uow, self._service)
        return pb.ListDeadLettersResponse(dead_letters=[_dead_letter(row) for row in stuck])

    async def Redrive(
        self, request: pb.RedriveRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> pb.RedriveResponse:
        key = request.key
        async with self._database.transaction() as uow:
            facts = await dead_letters.redrive(
                uow, self._service, key.aggregate_type, key.aggregate_id, why=request.why
            )
        return pb.RedriveResponse(facts=facts)

    async def Waive(self, request: pb.WaiveRequest, context: grpc.aio.ServicerContext[Any, Any]) -> pb.WaiveResponse:
        key = request.key
        async with self._database.transaction() as uow:
            facts = await dead_letters.waive(uow, self._service, key.aggregate_type, key.aggregate_id, why=request.why)
        return pb.WaiveResponse(facts=facts)

    async def ListExpectedPromises(
        self, request: pb.ListExpectedPromisesRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> pb.ListExpectedPromisesResponse:
        until = instant(request.until)
        async with self._database.transaction() as uow:
            page = await expected(uow, self._expectations, after=request.after, until=until, limit=request.limit)
        return pb.ListExpectedPromisesResponse(expected=page.expected, last=page.last, more=page.more)

    async def Republish(
        self, request: pb.RepublishRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> pb.RepublishResponse:
        async with self._database.transaction() as uow:
            if request.HasField("aggregate"):
                key = request.aggregate
                facts = await uow.fetchval(sql.republish_aggregate, key.aggregate_type, key.aggregate_id)
                subject = f"{key.aggregate_type}/{key.aggregate_id}"
            else:
                facts = await uow.fetchval(sql.republish_since, instant(request.since))
                subject = "outbox"
            await uow.audit("facts.republish", subject, {"facts": facts, "why": request.why})
        return pb.RepublishResponse(facts=facts)

    async def FindUnknownFacts(
        self, request: pb.FindUnknownFactsRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> pb.FindUnknownFactsResponse:
        async with self._database.transaction() as uow:
            unknown = await uow.fetch(sql.unknown_facts, [UUID(fact_id) for fact_id in request.fact_ids])
        return pb.FindUnknownFactsResponse(fact_ids=[str(row["id"]) for row in unknown])


def _dead_letter(row: Any) -> pb.DeadLetter:
    return pb.DeadLetter(
        aggregate_type=row["aggregate_type"],
        aggregate_id=row["aggregate_id"],
        sequence=row["sequence"] or 0,
        topic=row["topic"],
        partition=row["partition"],
        offset=row["offset"],
        reason=row["reason"],
        attempts=row["attempts"],
        set_aside_at=stamp(row["set_aside_at"]),
    )
