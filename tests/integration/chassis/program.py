"""A relay or a reader in a process of its own, to be killed: `program.py relay|consumer URL KAFKA AGGREGATE`."""

import asyncio
import sys
from typing import Any

from chassis.consumer import Consumer
from chassis.database import Database
from chassis.envelope import Envelope
from chassis.relay import relay
from chassis.unit_of_work import UnitOfWork
from tests.integration.chassis import notebook
from tests.integration.chassis.contract import pb

GATE = 2
"""Whoever holds this advisory lock keeps the reader from reading any second line."""


async def read_line_through_gate(fact: Any, envelope: Envelope, uow: UnitOfWork) -> None:
    """The reader's handler, which can be stopped in the middle of its transaction."""
    if fact.line == 2:
        await uow.execute(notebook.sql.wait_until_free, GATE)
    await notebook.read_line(fact, envelope, uow)


async def _consume(url: str, kafka: str, aggregate_type: str) -> None:
    database = await Database.open(url, source="notebook", route=notebook.route)
    handlers = {notebook.route(aggregate_type): {pb.LineWritten.DESCRIPTOR.full_name: read_line_through_gate}}
    await Consumer(notebook.CONSUMER, database, handlers, kafka).run(asyncio.Event())


async def _relay(url: str, kafka: str) -> None:
    await relay(url, kafka, stop=asyncio.Event(), route=notebook.route)


if __name__ == "__main__":
    mode, url, kafka, aggregate_type = sys.argv[1:]
    asyncio.run(_relay(url, kafka) if mode == "relay" else _consume(url, kafka, aggregate_type))
