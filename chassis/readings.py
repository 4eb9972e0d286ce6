"""What is counted in a service's database, now and then, and told: by its api, which is there when relay and consumer
are not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from chassis import logs
from chassis.clock import Clock
from chassis.database import Database
from chassis.errors import Refusal
from chassis.metrics import Age, Gauge
from chassis.queries import chassis_queries as sql
from chassis.standing import set_aside
from chassis.unit_of_work import UnitOfWork
from chassis.waiting import wait

Reading = Callable[[UnitOfWork], Awaitable[None]]
"""`async (uow) -> None`: what a service counts of its own beside this."""

EVERY = 10.0

depth = Gauge("hotline.outbox.depth")
"""How many facts are committed and not sent."""
oldest = Age("hotline.outbox.oldest")
"""How long the oldest of them waits."""
skew = Gauge("hotline.clock.skew")
"""How far our clock is ahead of the database's."""
_log = logs.logger("readings")


async def read_now_and_then(
    database: Database, service: str, own: Reading | None, clock: Clock, stop: asyncio.Event
) -> None:
    """Count every ten seconds until `stop` is set; while the database is away the ages go on growing by themselves."""
    while not stop.is_set():
        try:
            async with database.transaction() as uow:
                await read(uow, service, clock)
                if own is not None:
                    await own(uow)
        except Refusal as problem:
            _log.info("nothing was counted: the database does not answer", reason=problem.reason)
        except Exception:
            # A figure that cannot be had must never bring down the service that it is about.
            _log.exception("nothing was counted")
        await wait(stop, EVERY)


async def read(uow: UnitOfWork, service: str, clock: Clock) -> None:
    """Count what every service has: its outbox, its dead letters, and how far the clocks are apart."""
    outbox = await uow.fetchrow(sql.backlog)
    assert outbox is not None
    depth.show({(): outbox["unsent"]})
    oldest.show({(): outbox["oldest"]})
    set_aside.show({(service,): await uow.fetchval(sql.count_dead_letters, service)})
    asked = clock()
    theirs = await uow.fetchval(sql.their_clock)
    # The database looked at its clock somewhere between the question and the answer.
    halfway = (clock() - asked) / 2
    skew.show({(): (asked + halfway - theirs) / timedelta(seconds=1)})
