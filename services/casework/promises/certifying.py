"""The certificate of a promise, written in the transaction that closes it."""

from __future__ import annotations

from collections import defaultdict
from importlib.metadata import version

from chassis.unit_of_work import UnitOfWork
from policy.canonical import canonical
from policy.certificate import Link, certificate, sign
from policy.promise import Promise
from services.casework.promises import store
from services.casework.promises.rules import Rules


async def certify(uow: UnitOfWork, rules: Rules, promise: Promise) -> None:
    """Sign how a closed promise was kept, and chain it to its office's certificate before."""
    assert promise.office is not None
    told: dict[tuple[int, str], list[str]] = defaultdict(list)
    for row in await store.told(uow, promise.id):
        told[row["cycle"], row["rung"]].append(str(row["staff_id"]))
    last, previous = await store.lock_chain(uow, promise.office)
    body = certificate(
        promise,
        await store.history(uow, promise.id),
        told,
        link=Link(last + 1, previous),
        tzdata=version("tzdata"),
    )
    signed = sign(body, rules.key)
    await store.add_certificate(uow, promise, last + 1, signed["sha256"], canonical(signed).decode())
