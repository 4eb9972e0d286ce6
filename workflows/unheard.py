"""Messages that went out, of which the ledger has not heard: it was restored to a time before, or a fact got lost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from hotline.casework.v1 import casework_service_pb2 as casework
from hotline.notifications.v1 import notifications_service_pb2 as notifications
from hotline.operations.v1 import operations_service_pb2 as operations
from workflows.alarms import open_promises, side_by_side
from workflows.suspicion import Suspicion

if TYPE_CHECKING:
    from hotline.casework.v1.casework_service_pb2_grpc import CaseworkServiceAsyncStub
    from hotline.casework.v1.reconciliation_service_pb2_grpc import ReconciliationServiceAsyncStub
    from hotline.notifications.v1.notifications_service_pb2_grpc import NotificationsServiceAsyncStub
    from hotline.operations.v1.operations_service_pb2_grpc import OperationsServiceAsyncStub

_LIMIT = 1000
_DEADLINE = 10.0
_ENDED = frozenset({notifications.DELIVERY_STATE_SENT, notifications.DELIVERY_STATE_FAILED})


class Unheard:
    """Compares whom the ledger takes for untold with what notifications did, and has that told once more."""

    def __init__(
        self,
        clocks: ReconciliationServiceAsyncStub,
        ledger: CaseworkServiceAsyncStub,
        sent: NotificationsServiceAsyncStub,
        outbox: OperationsServiceAsyncStub,
        *,
        grace: timedelta,
    ) -> None:
        self._clocks = clocks
        self._ledger = ledger
        self._sent = sent
        self._outbox = outbox
        self._suspicion = Suspicion[tuple[str, datetime]](grace)

    async def reconcile(self, now: datetime) -> Mapping[str, int]:
        """One look at every promise of which somebody is untold; of how many messages it is told again."""
        promises = await open_promises(self._clocks, untold_only=True)
        untold = [(promise_id, one.untold_since) for promise_id, one in promises.items() if one.untold_since]
        again = await side_by_side(self._tell_again, self._suspicion.ripe(untold, now))
        return {"RETOLD": sum(again)}

    async def _tell_again(self, suspect: tuple[str, datetime]) -> int:
        promise_id, _ = suspect
        asked = casework.GetPromiseRequest(promise_id=promise_id)
        told = (await self._ledger.GetPromise(asked, timeout=_DEADLINE)).told
        untold = {one.key for one in told if not one.HasField("told_at") and not one.failed}
        about = notifications.ListDeliveriesRequest(promise_id=promise_id, limit=_LIMIT)
        deliveries = (await self._sent.ListDeliveries(about, timeout=_DEADLINE)).deliveries
        ended = [one.notification_id for one in deliveries if one.key in untold and one.state in _ENDED]
        for notification_id in ended:
            await self._republish(notification_id)
        return len(ended)

    async def _republish(self, notification_id: str) -> None:
        key = operations.ParkedKey(aggregate_type="notifications.notification", aggregate_id=notification_id)
        request = operations.RepublishRequest(aggregate=key, why="the ledger has not heard what became of it")
        await self._outbox.Republish(request, timeout=_DEADLINE)
