"""A service's own database: one pool, and the unit of work in which a command's every effect is committed or none."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from asyncpg.transaction import Transaction

from chassis import metrics
from chassis.clock import Clock, Ids, TimeOrderedIds, system_clock
from chassis.errors import Refusal
from chassis.outages import database_errors, is_gone
from chassis.topics import topic_of
from chassis.unit_of_work import Context, Route, UnitOfWork, prepare_connection

_BROKEN = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


@dataclass(frozen=True, eq=False)
class Database:
    """A pool of connections to one service's database; made by `Database.open`."""

    _pool: Any
    _context: Context
    _timeout: float = field(default=3.0)

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        source: str,
        clock: Clock = system_clock,
        ids: Ids | None = None,
        route: Route = topic_of,
        connections: int = 16,
        acquire_timeout: float = 3.0,
        statement_timeout: float = 15.0,
    ) -> Database:
        """A pool of at most `connections`; timeouts in seconds.

        `source` is the service's name, which its facts carry as `/hotline/<source>`. No connection is made yet: a
        service starts, and says that it is not ready, while its database is away.
        """
        pool = await asyncpg.create_pool(
            url,
            min_size=0,
            max_size=connections,
            timeout=acquire_timeout,
            command_timeout=statement_timeout,
            init=prepare_connection,
            reset=_keep_session,
        )
        database = cls(pool, Context(source, clock, ids or TimeOrderedIds(), route), acquire_timeout)
        _opened.add(database)
        return database

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[UnitOfWork]:
        """One unit of work: committed when the block ends, rolled back when it raises.

        A database out of reach is refused as UNAVAILABLE, reason DATABASE_UNAVAILABLE; a collision with another command
        as ABORTED, reason CONFLICT. Both may simply be tried again, a command with its idempotency key.
        """
        with database_errors(self._pool.is_closing):
            connection = await self._pool.acquire(timeout=self._timeout)
        try:
            transaction = connection.transaction()
            with database_errors(lambda: is_gone(connection)):
                await transaction.start()
            uow = UnitOfWork(connection, self._context)
            try:
                yield uow
            except BaseException:
                await _roll_back(transaction, connection)
                raise
            with database_errors(lambda: is_gone(connection)):
                await transaction.commit()
            uow.committed()
        finally:
            await self._give_back(connection)

    async def ping(self) -> bool:
        """Whether the database answers now; this is what readiness means."""
        try:
            async with self.transaction() as uow:
                await uow.fetchval("SELECT 1")
        except (Refusal, asyncpg.PostgresError):
            return False
        return True

    async def close(self, *, timeout: float = 5.0) -> None:
        """Wait for running work to end, at most `timeout` seconds, then close."""
        _opened.discard(self)
        try:
            await asyncio.wait_for(self._pool.close(), timeout)
        except TimeoutError:
            self._pool.terminate()

    async def _give_back(self, connection: PoolConnectionProxy[Any]) -> None:
        # A connection that broke cannot be reset; the pool then drops it, and that is no failure of the command.
        try:
            await self._pool.release(connection, timeout=self._timeout)
        except _BROKEN:
            _drop(connection)


async def _keep_session(_connection: asyncpg.Connection[Any]) -> None:
    """Nothing: what a unit of work sets or locks ends with its transaction, and asking the server to clear the session
    after each would cost a round trip and four statements."""


_opened: set[Database] = set()


def _connections() -> metrics.Readings:
    counted: Counter[metrics.Key] = Counter()
    for database in tuple(_opened):
        name, idle = database._context.source, database._pool.get_idle_size()
        counted.update({(name, "idle"): idle, (name, "used"): database._pool.get_size() - idle})
    return counted


def _most() -> metrics.Readings:
    counted: Counter[metrics.Key] = Counter()
    for database in tuple(_opened):
        counted[database._context.source,] += database._pool.get_max_size()
    return counted


metrics.observe("db.client.connection.count", _connections)
metrics.observe("db.client.connection.max", _most)


async def _roll_back(transaction: Transaction, connection: PoolConnectionProxy[Any]) -> None:
    # The server rolls back by itself when the connection is lost; the error that brought us here is the one to report.
    try:
        await transaction.rollback()
    except _BROKEN:
        _drop(connection)


def _drop(connection: PoolConnectionProxy[Any]) -> None:
    # A connection that the server ended has left the pool by itself, and then refuses even this.
    with suppress(asyncpg.InterfaceError):
        connection.terminate()
