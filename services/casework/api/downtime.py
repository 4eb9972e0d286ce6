"""`DowntimeService`: what the writer of downtime books tells."""

from __future__ import annotations

from typing import Any

from chassis.contract import instant
from chassis.database import Database
from chassis.identity import Role
from hotline.casework.v1 import downtime_service_pb2 as pb
from hotline.casework.v1 import downtime_service_pb2_grpc as rpc
from services.casework.commands import downtime

DOWNTIME_ACCESS = {"RecordDowntimeBook": frozenset({Role.SERVICE})}


class Downtime(rpc.DowntimeServiceServicer):
    """`hotline.casework.v1.DowntimeService`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def RecordDowntimeBook(
        self, request: pb.RecordDowntimeBookRequest, context: Any
    ) -> pb.RecordDowntimeBookResponse:
        """A book lies on its shelf. It needs no key: a book is known by its time."""
        async with self._database.transaction() as uow:
            await downtime.record_book(uow, instant(request.taken_at))
        return pb.RecordDowntimeBookResponse()
