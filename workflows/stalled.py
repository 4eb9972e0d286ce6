"""Alarms that should have rung and have not: whoever directs is told, by this process alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chassis.contract import instant, stamp
from hotline.casework.v1 import reconciliation_service_pb2 as casework
from hotline.notifications.v1 import notifications_service_pb2 as notifications

if TYPE_CHECKING:
    from hotline.casework.v1.reconciliation_service_pb2_grpc import ReconciliationServiceAsyncStub
    from hotline.notifications.v1.notifications_service_pb2_grpc import NotificationsServiceAsyncStub

_LIMIT = 10_000
_DEADLINE = 10.0


class Stalled:
    """Tells of each promise and cycle once; `after` is how long an alarm may be late before."""

    def __init__(
        self, ledger: ReconciliationServiceAsyncStub, notify: NotificationsServiceAsyncStub, *, after: timedelta
    ) -> None:
        self._ledger = ledger
        self._notify = notify
        self._after = after
        # Saves the calls; the notification's key is what keeps anybody from being told twice.
        self._told: set[tuple[str, int]] = set()

    async def reconcile(self, now: datetime) -> Mapping[str, int]:
        """One look at the ledger; of how many promises somebody was told."""
        request = casework.ListStalledPromisesRequest(before=stamp(now - self._after), limit=_LIMIT)
        found = (await self._ledger.ListStalledPromises(request, timeout=_DEADLINE)).promises
        untold = [promise for promise in found if (promise.promise_id, promise.cycle) not in self._told]
        self._told &= {(promise.promise_id, promise.cycle) for promise in found}
        for promise in untold:
            for director in promise.directors or ("",):
                await self._notify.Notify(_message(promise, director), timeout=_DEADLINE)
            self._told.add((promise.promise_id, promise.cycle))
        return {"DIRECTED": len(untold)}


def _message(promise: casework.StalledPromise, director: str) -> notifications.NotifyRequest:
    """To one director, or to the last resort if nobody directs."""
    told = {"staff_id": director} if director else {"last_resort": True}
    return notifications.NotifyRequest(
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
        **told,
    )
