"""The notebook service: the smallest that has commands, facts, a consumer and an api, on nothing but the chassis."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

from chassis import errors
from chassis.database import Database
from chassis.envelope import Envelope
from chassis.queries import Queries
from chassis.server import Servicer
from chassis.telemetry import current_trace_id
from chassis.topics import dead_letter
from chassis.unit_of_work import UnitOfWork
from tests.integration.chassis.contract import SERVICE, pb, rpc

HERE = Path(__file__).parent
MIGRATIONS = HERE / "migrations"
CONSUMER = "reader"
ROLE = frozenset({"SCREENER"})
ACCESS = {"WriteLine": ROLE, "WatchLines": ROLE, "Break": ROLE}
sql = Queries.load(HERE / "queries")


def route(aggregate_type: str) -> str:
    """Each test has topics of its own, which the product's table does not list."""
    return f"hotline.{aggregate_type}.v1"


def topics(aggregate_type: str) -> list[str]:
    """The notebook's topic and its reader's dead letters."""
    return [route(aggregate_type), dead_letter(route(aggregate_type), CONSUMER)]


async def write_line(uow: UnitOfWork, aggregate_type: str, notebook_id: UUID) -> int:
    """The next line of a notebook, and its fact, in one transaction."""
    line: int = await uow.fetchval(sql.next_line, notebook_id)
    fact = pb.LineWritten(notebook_id=str(notebook_id), line=line)
    await uow.emit(fact, aggregate_type=aggregate_type, aggregate_id=notebook_id, sequence=line)
    return line


async def read_line(fact: Any, _envelope: Envelope, uow: UnitOfWork) -> None:
    """A handler whose effect shows every time it happens."""
    await uow.execute(sql.read_line, UUID(fact.notebook_id), fact.line, current_trace_id())


async def lines_read(database: Database, notebook_id: UUID) -> list[int]:
    """What the reader has read of a notebook, in the order in which it read."""
    async with database.transaction() as uow:
        return [row["line"] for row in await uow.fetch(sql.lines_read, notebook_id)]


class Notebook(rpc.NotebookServiceServicer):  # type: ignore[misc]
    """The api."""

    def __init__(self, database: Database, aggregate_type: str) -> None:
        self._database = database
        self._aggregate_type = aggregate_type
        self.entered = asyncio.Event()
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()

    async def WriteLine(self, request: Any, _context: Any) -> Any:  # noqa: N802
        """Write once for each idempotency key."""
        self.entered.set()
        await self.may_go_on.wait()
        async with self._database.transaction() as uow:
            stored = await uow.idempotent(request.idempotency_key, request)
            if stored is not None:
                return pb.WriteLineResponse.FromString(stored)
            line = await write_line(uow, self._aggregate_type, UUID(request.notebook_id))
            await uow.audit("notebook.write", request.notebook_id, {"line": line})
            response = pb.WriteLineResponse(line=line)
            await uow.remember(request.idempotency_key, request, response)
            return response

    async def WatchLines(self, request: Any, _context: Any) -> AsyncIterator[Any]:  # noqa: N802
        """As many lines as asked for; a refusal after the third."""
        for line in range(1, request.count + 1):
            if line > 3:
                raise errors.failed_precondition("WRONG_STATE", "a notebook has three lines")
            yield pb.WatchLinesResponse(line=line)

    async def Break(self, request: Any, _context: Any) -> Any:  # noqa: N802
        """Fail in a way nobody foresaw, with a person's name in the error, as careless code would."""
        raise KeyError(f"Wilhelmina Testcase {request.how}")

    async def NobodyMay(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        """Not in the access table."""
        return pb.BreakResponse()


def servicer(notebook: Notebook) -> Servicer:
    """The notebook as the chassis serves it."""
    return Servicer(rpc.add_NotebookServiceServicer_to_server, notebook, SERVICE, ACCESS)
