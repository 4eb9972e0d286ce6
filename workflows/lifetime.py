"""When a run of a workflow ends so that the next one goes on: it has grown long, or there is newer code for it."""

from __future__ import annotations

from typing import Any

from temporalio import workflow
from temporalio.workflow import ContinueAsNewVersioningBehavior


async def begin_anew_if_due(state: Any) -> None:
    """Continue as new with `state` if the history has grown long or another version has become current.

    A workflow is pinned to the version it was started on; only here does it go over to the current one.
    """
    info = workflow.info()
    newer = info.is_target_worker_deployment_version_changed()
    if newer or info.is_continue_as_new_suggested():
        await workflow.wait_condition(workflow.all_handlers_finished)
        behavior = ContinueAsNewVersioningBehavior.AUTO_UPGRADE if newer else None
        workflow.continue_as_new(state, initial_versioning_behavior=behavior)
