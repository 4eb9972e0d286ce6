"""What the services' own facts say is owed, against the ledger: a fact that got lost on the way is sent once more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chassis import logs
from chassis.contract import stamp
from hotline.casework.v1 import reconciliation_service_pb2 as casework
from hotline.operations.v1 import operations_service_pb2 as operations
from hotline.type.v1.expected_promise_pb2 import ExpectedPromise
from workflows.suspicion import Suspicion

if TYPE_CHECKING:
    from hotline.casework.v1.reconciliation_service_pb2_grpc import ReconciliationServiceAsyncStub
    from hotline.operations.v1.operations_service_pb2_grpc import OperationsServiceAsyncStub

_PAGE = 1000
_DEADLINE = 10.0
_log = logs.logger("reconciler")


class Expectations:
    """Compares and repairs for one service: `place` is how far its outbox has been found in the ledger."""

    def __init__(
        self,
        name: str,
        service: OperationsServiceAsyncStub,
        ledger: ReconciliationServiceAsyncStub,
        *,
        grace: timedelta,
    ) -> None:
        self._name = name
        self._service = service
        self._ledger = ledger
        self._grace = grace
        self._place = 0
        # Not found in the ledger at the last look, by what makes them: serialised, for messages have no hash.
        self._missing: Mapping[bytes, ExpectedPromise] = {}
        self._suspicion = Suspicion[bytes](timedelta(0))

    async def reconcile(self, now: datetime) -> Mapping[str, int]:
        """One look at what was told since the last one and at what was missing then; how many facts were sent again."""
        still = await self._of_missing(list(self._missing.values()))
        while True:
            request = operations.ListExpectedPromisesRequest(
                after=self._place, until=stamp(now - self._grace), limit=_PAGE
            )
            page = await self._service.ListExpectedPromises(request, timeout=_DEADLINE)
            still |= await self._of_missing(page.expected)
            self._missing, self._place = still, page.last
            if not page.more:
                break
        facts = [await self._republish(self._missing[key]) for key in self._suspicion.ripe(self._missing, now)]
        return {"REPUBLISHED": sum(facts)}

    async def _of_missing(self, expected: Sequence[ExpectedPromise]) -> dict[bytes, ExpectedPromise]:
        if not expected:
            return {}
        request = casework.FindMissingPromisesRequest(expected=expected)
        found = await self._ledger.FindMissingPromises(request, timeout=_DEADLINE)
        return {expected[n].SerializeToString(deterministic=True): expected[n] for n in found.missing}

    async def _republish(self, expected: ExpectedPromise) -> int:
        kinds = "|".join(expected.kinds)
        _log.warning("a promise is missing: its fact is sent again", group=self._name, kind=kinds)
        key = operations.ParkedKey(aggregate_type=expected.aggregate_type, aggregate_id=expected.aggregate_id)
        request = operations.RepublishRequest(aggregate=key, why=f"the ledger has no {kinds} as it should be")
        return (await self._service.Republish(request, timeout=_DEADLINE)).facts
