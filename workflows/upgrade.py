"""A new build of the worker becomes the current one, and every workflow that sleeps on an older one is woken to it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

from temporalio.api.workflowservice.v1 import SetWorkerDeploymentCurrentVersionRequest
from temporalio.client import Client
from temporalio.service import RPCError

from chassis import logs
from workflows import DEPLOYMENT, temporal
from workflows.alarms import wake
from workflows.settings import WorkflowSettings

A_SECOND = 50.0
"""How many workflows are woken each second unless somebody wants otherwise."""

# Seconds in which what was woken goes over, and is seen to have gone.
_SETTLES = 3.0

_log = logs.logger("upgrade")


class NotGoneOver(Exception):
    """Temporal does not answer, or knows no worker of the build; whatever sleeps goes on where it is."""


async def go_over(settings: WorkflowSettings, build_id: str, a_second: float = A_SECOND) -> str:
    """`upgrade`, as whoever operates it asks for it; answers what came of it in a line."""
    address = settings.need("temporal_address")
    client = await temporal.reaching_for(address, settings.temporal_namespace, settings.keyring())
    try:
        woken = await upgrade(client, build_id, a_second=a_second)
        staying = await left(client, build_id)
    except (RuntimeError, RPCError) as problem:
        if not temporal.is_away(problem):
            raise
        raise NotGoneOver(f"{build_id} has not become current at {address}: {problem}") from problem
    rest = f"; {staying} stay on older ones, whose workers must stay too" if staying else ""
    return f"{build_id} is current; {woken} workflows were woken to go over to it{rest}"


async def upgrade(client: Client, build_id: str, *, a_second: float, within: float = 600.0) -> int:
    """Make `build_id` current, wake all that runs on another; how many. At most so many `a_second`, to spare workers.

    Workers of that build must run already; those of older builds must run until nothing is left on them. What has not
    gone over `within` so many seconds stays where it is, safe and pinned: `left` counts it.
    """
    await make_current(client, build_id)
    until, woken = time.monotonic() + within, set[str]()
    # Again and again: Temporal takes seconds to tell its queues which build is current, and whoever is woken before
    # that finds nothing newer and sleeps on.
    while (elsewhere := [found async for found in _elsewhere(client, build_id)]) and time.monotonic() < until:
        for workflow_id in elsewhere:
            await wake(client, workflow_id)
            await asyncio.sleep(1 / a_second)
        woken.update(elsewhere)
        await asyncio.sleep(_SETTLES)
    _log.info("woken to the current build", count=len(woken))
    return len(woken)


async def make_current(client: Client, build_id: str) -> None:
    """What starts from now on starts on this build; "" stands for workers without one."""
    await client.workflow_service.set_worker_deployment_current_version(
        SetWorkerDeploymentCurrentVersionRequest(
            namespace=client.namespace, deployment_name=DEPLOYMENT, build_id=build_id, identity=client.identity
        )
    )


async def left(client: Client, build_id: str) -> int:
    """How many open workflows are not on this build yet."""
    return (await client.count_workflows(_on_another(build_id))).count


async def _elsewhere(client: Client, build_id: str) -> AsyncIterator[str]:
    async for execution in client.list_workflows(_on_another(build_id)):
        yield execution.id


def _on_another(build_id: str) -> str:
    here = f"TemporalWorkerDeploymentVersion = '{DEPLOYMENT}:{build_id}'"
    return (
        f"ExecutionStatus = 'Running' AND WorkflowType IN ('PromiseWorkflow', 'InvestigationWorkflow') AND NOT {here}"
    )
