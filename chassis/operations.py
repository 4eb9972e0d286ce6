"""What every service tells those who run it: what waits, what got stuck, and the two ways out of it."""

from __future__ import annotations

from typing import Any

import grpc

from chassis import dead_letters
from chassis.contract import stamp
from chassis.database import Database
from chassis.identity import Role
from chassis.queries import chassis_queries as sql
from chassis.server import Servicer
from hotline.operations.v1 import operations_service_pb2 as pb
from hotline.operations.v1 import operations_service_pb2_grpc as rpc

_ADMINISTRATORS = frozenset({Role.ADMIN.value})
_EVERYBODY = frozenset(role.value for role in Role)
_ACCESS = {
    "GetBacklog": _EVERYBODY,
    "ListDeadLetters": _ADMINISTRATORS,
    "Redrive": _ADMINISTRATORS,
    "Waive": _ADMINISTRATORS,
}


def operations(service: str, database: Database) -> Servicer:
    """The servicer that each service's api serves beside its own."""
    descriptor = pb.DESCRIPTOR.services_by_name["OperationsService"]
    return Servicer(rpc.add_OperationsServiceServicer_to_server, _Operations(service, database), descriptor, _ACCESS)


class _Operations(rpc.OperationsServiceServicer):
    def __init__(self, service: str, database: Database) -> None:
        self._service = service
        self._database = database

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
