"""The certificate of a promise, written in the transaction that closes it, and what is added to it later."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any
from uuid import UUID

from chassis import errors
from chassis.identity import acting
from chassis.unit_of_work import Row, UnitOfWork
from policy.canonical import canonical
from policy.certificate import Link, addendum, certificate, entered_after_closing, sign
from policy.errors import Refused
from policy.promise import Attempt, Promise, must_be_listed
from services.casework.promises import store
from services.casework.promises.rules import Rules


async def certify(uow: UnitOfWork, rules: Rules, promise: Promise) -> None:
    """Sign how a closed promise was kept, and chain it to its office's document before."""
    assert promise.office is not None
    told: dict[tuple[int, str], list[str]] = defaultdict(list)
    untold: dict[tuple[int, str, str], str] = {}
    for row in await store.told(uow, promise.id):
        person = str(row["staff_id"])
        told[row["cycle"], row["rung"]].append(person)
        if not row["told_at"]:
            untold[row["cycle"], row["rung"], person] = row["failed"] or _still(row)
    last, previous = await store.lock_chain(uow, promise.office)
    body = certificate(
        promise,
        await store.history(uow, promise.id),
        told,
        link=Link(last + 1, previous),
        tzdata=version("tzdata"),
        untold=untold,
    )
    signed = sign(body, rules.key)
    await store.add_certificate(uow, promise, last + 1, signed["sha256"], canonical(signed).decode())


def _still(row: Row) -> str:
    return "WITHDRAWN" if row["withdrawn_at"] else "ON_THE_WAY"


async def amend(uow: UnitOfWork, rules: Rules, promise_id: UUID, said: Attempt) -> str:
    """The signed addendum of what somebody says of a closed promise; the certificate stays as it was signed."""
    promise = await store.lock(uow, promise_id)
    now = uow.clock()
    if promise.closing is None:
        raise Refused("WRONG_STATE", "the promise is open: record an attempt, which may still keep it")
    must_be_listed(promise, said.outcome)
    if not promise.received_at <= said.occurred_at <= now:
        raise Refused("IMPOSSIBLE_TIME", f"must lie between receipt ({promise.received_at}) and now", "occurred_at")
    signed = await add(uow, rules, promise_id, entered_after_closing(said, now))
    await uow.audit("promise.amend", promise_id, {"outcome": said.outcome, "by": acting().subject})
    return signed


async def add(uow: UnitOfWork, rules: Rules, promise_id: UUID, statement: Mapping[str, Any]) -> str:
    """Sign what was learned of a closed promise, chained to its office's document before; answers the bytes signed."""
    certified = await store.certified(uow, promise_id)
    if certified is None:
        raise errors.not_found("certificate of promise", promise_id)
    last, previous = await store.lock_chain(uow, certified["office"])
    link = Link(last + 1, previous)
    signed = sign(addendum(certified["sha256"], statement, office=certified["office"], link=link), rules.key)
    body = canonical(signed).decode()
    await store.add_addendum(uow, promise_id, certified["office"], last + 1, signed["sha256"], body)
    return body
