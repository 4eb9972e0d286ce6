"""Alarms that should have rung and have not: whoever directs is told, by this process alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from chassis.contract import instant, stamp
from hotline.casework.v1 import reconciliation_service_pb2 as casework
from hotline.notifications.v1 import notifications_service_pb2 as notifications
from policy.brevity import shortly
from workflows.recipients import LAST_RESORT, addressed

if TYPE_CHECKING:
    from hotline.casework.v1.reconciliation_service_pb2_grpc import ReconciliationServiceAsyncStub
    from hotline.notifications.v1.notifications_service_pb2_grpc import NotificationsServiceAsyncStub

_LIMIT = 10_000
_DEADLINE = 10.0
_BY_NAME = 10
"""More promises than that are told of in one message: what nobody can read tells nobody, and sending it is work."""


class Stalled:
    """Tells of each promise and cycle once; `after` is how long an alarm may be late before.

    With very many, it says no more for `after` than how many they are; then, of those that have come in the meantime.
    """

    def __init__(
        self, ledger: ReconciliationServiceAsyncStub, notify: NotificationsServiceAsyncStub, *, after: timedelta
    ) -> None:
        self._ledger = ledger
        self._notify = notify
        self._after = after
        self._quiet_until = datetime.min.replace(tzinfo=UTC)
        # Saves the calls; the notification's key is what keeps anybody from being told twice.
        self._told: set[tuple[str, int]] = set()

    async def reconcile(self, now: datetime) -> Mapping[str, int]:
        """One look at the ledger; of how many promises somebody was told."""
        if now < self._quiet_until:
            return {"DIRECTED": 0}
        request = casework.ListStalledPromisesRequest(before=stamp(now - self._after), limit=_LIMIT)
        found = (await self._ledger.ListStalledPromises(request, timeout=_DEADLINE)).promises
        untold = [promise for promise in found if (promise.promise_id, promise.cycle) not in self._told]
        for message in _messages(untold):
            await self._notify.Notify(message, timeout=_DEADLINE)
        self._told = {(promise.promise_id, promise.cycle) for promise in found}
        if len(untold) > _BY_NAME:
            self._quiet_until = now + self._after
        return {"DIRECTED": len(untold)}


def _messages(promises: Iterable[casework.StalledPromise]) -> Iterable[notifications.NotifyRequest]:
    """To everyone who directs any of these, of what they direct; what nobody directs is the last resort's."""
    directed = defaultdict(list)
    for promise in promises:
        for director in promise.directors or (LAST_RESORT,):
            directed[director].append(promise)
    for director, theirs in directed.items():
        if len(theirs) > _BY_NAME:
            yield _of_many(director, theirs)
        else:
            yield from (_of_one(director, promise) for promise in theirs)


def _of_one(director: str, promise: casework.StalledPromise) -> notifications.NotifyRequest:
    request = notifications.NotifyRequest(
        key=f"{promise.promise_id}/stalled/{promise.cycle}/{director or 'last-resort'}",
        template="STALLED",
        values={
            "kind": promise.kind,
            "since": instant(promise.since).isoformat(),
            "due": instant(promise.due_at).isoformat(),
            "office": promise.office,
        },
        reference=promise.reference,
        promise_id=promise.promise_id,
        channels=promise.how,
    )
    return addressed(request, director)


def _of_many(director: str, promises: Sequence[casework.StalledPromise]) -> notifications.NotifyRequest:
    """How many, since when, and which of them are due first."""
    urgent = sorted(promises, key=lambda promise: instant(promise.due_at))
    first = min(promises, key=lambda promise: instant(promise.since))
    request = notifications.NotifyRequest(
        key=f"{first.promise_id}/stalled/{first.cycle}/{director or 'last-resort'}/and-{len(promises) - 1}-more",
        template="STALLED_MANY",
        values={
            "count": str(len(promises)),
            "since": instant(first.since).isoformat(),
            "due": instant(urgent[0].due_at).isoformat(),
            "references": shortly([promise.reference for promise in urgent if promise.reference]),
            "office": urgent[0].office,
        },
        channels=urgent[0].how,
    )
    return addressed(request, director)
