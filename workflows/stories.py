"""The open investigations against the open stories: each has exactly one, which knows who was given it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from temporalio.client import Client

from hotline.casework.v1 import reconciliation_service_pb2 as casework
from workflows.alarms import Repair, repair, side_by_side
from workflows.investigation import InvestigationWorkflow
from workflows.messages import Story
from workflows.suspicion import Suspicion

if TYPE_CHECKING:
    from hotline.casework.v1.reconciliation_service_pb2_grpc import ReconciliationServiceAsyncStub

OPEN_STORIES = "WorkflowType = 'InvestigationWorkflow' AND ExecutionStatus = 'Running'"
_PAGE = 2000
_DEADLINE = 10.0


@dataclass(frozen=True, slots=True)
class Difference:
    """A story that is not as the record says; `undispatched` tells one assignment's difference from the next's."""

    repair: Repair
    investigation_id: str
    undispatched: int = 0


def differences(investigations: Mapping[str, int], told: Collection[str]) -> Iterable[Difference]:
    """Open investigations, each with its undispatched assignment (0: none), against those whose story is being told."""
    for investigation_id, undispatched in investigations.items():
        if investigation_id not in told:
            yield Difference(Repair.START, investigation_id)
        elif undispatched:
            yield Difference(Repair.WAKE, investigation_id, undispatched)
    for investigation_id in set(told) - investigations.keys():
        yield Difference(Repair.WAKE, investigation_id)


class Stories:
    """Compares and repairs: starts what is missing, has what differs read the record anew. It needs no worker."""

    def __init__(self, client: Client, ledger: ReconciliationServiceAsyncStub, *, grace: timedelta) -> None:
        self._client = client
        self._ledger = ledger
        self._suspicion = Suspicion[Difference](grace)

    async def reconcile(self, now: datetime) -> Mapping[str, int]:
        """One look at both; how many stories were started and woken."""
        listed = self._client.list_workflows(OPEN_STORIES, page_size=1000)
        told = {execution.id.removeprefix("investigation/") async for execution in listed}
        found = differences(await self._open_investigations(), told)
        repaired = await side_by_side(self._repair, self._suspicion.ripe(found, now))
        return {f"STORY_{done}": repaired.count(done) for done in Repair}

    async def _open_investigations(self) -> Mapping[str, int]:
        found: dict[str, int] = {}
        after = ""
        while True:
            request = casework.ListOpenInvestigationsRequest(after=after, limit=_PAGE)
            page = (await self._ledger.ListOpenInvestigations(request, timeout=_DEADLINE)).investigations
            found |= {one.investigation_id: one.undispatched for one in page}
            if len(page) < _PAGE:
                return found
            after = page[-1].investigation_id

    async def _repair(self, difference: Difference) -> Repair | None:
        # Even one that has ended well is started: the record says that the investigation is open.
        investigation_id = difference.investigation_id
        workflow_id, story = f"investigation/{investigation_id}", Story(investigation_id)
        return await repair(self._client, difference.repair, workflow_id, InvestigationWorkflow.run, story)
