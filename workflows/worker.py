"""The worker: runs workflows and their activities, and ends without leaving one half done."""

from __future__ import annotations

from datetime import timedelta

from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import Worker, WorkerDeploymentConfig
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from workflows import DEPLOYMENT, TASK_QUEUE
from workflows.activities import Activities
from workflows.investigation import InvestigationWorkflow
from workflows.promise import PromiseWorkflow
from workflows.sweeps import SweepWorkflow

WORKFLOWS = (PromiseWorkflow, InvestigationWorkflow, SweepWorkflow)

# Contracts and what calls them need no copy for each run of a workflow.
_PASSED_THROUGH = ("hotline", "buf", "google", "chassis", "policy", "workflows.activities", "workflows.messages")

# How long a task waits for the worker that has its workflow in memory before any other takes it. A worker that died has
# none any more, and a task it had begun is given up after 10 s besides: a rung may be 15 s later than the outage.
_STICKY = timedelta(seconds=3)

# Short enough for a deployment to go on, long enough for any call that an activity has begun.
_GRACE = timedelta(seconds=30)


def runner() -> SandboxedWorkflowRunner:
    """How workflows are run, here and when a history is replayed."""
    return SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*_PASSED_THROUGH))


def worker(client: Client, activities: Activities, build_id: str | None = None) -> Worker:
    """The worker of every workflow. Its caps keep a burst of alarms from starving what runs on this core.

    With a `build_id` a workflow stays on the build it was started on until it begins anew; without, on any.
    """
    return Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=list(WORKFLOWS),
        activities=[
            activities.climb_rung,
            activities.notify,
            activities.call_for_help,
            activities.read_investigation,
            activities.assign_worker,
            activities.promise_acceptance,
            activities.run_sweep,
            activities.tell_of_sweep,
        ],
        workflow_runner=runner(),
        max_concurrent_workflow_tasks=8,
        max_concurrent_activities=100,
        max_cached_workflows=1_000,
        sticky_queue_schedule_to_start_timeout=_STICKY,
        graceful_shutdown_timeout=_GRACE,
        deployment_config=_pinned(build_id) if build_id else None,
    )


def _pinned(build_id: str) -> WorkerDeploymentConfig:
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(deployment_name=DEPLOYMENT, build_id=build_id),
        use_worker_versioning=True,
        default_versioning_behavior=VersioningBehavior.PINNED,
    )
