"""Runs that were recorded in an earlier release go on under this one: the same history makes the same decisions."""

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from workflows.worker import WORKFLOWS, runner

HISTORIES = sorted(Path(__file__).with_name("histories").glob("*.json"))


def test_every_workflow_has_histories() -> None:
    recorded = {path.name.partition("-")[0] for path in HISTORIES}
    assert recorded == {workflow.__name__.removesuffix("Workflow").lower() for workflow in WORKFLOWS}


@pytest.mark.parametrize("history", [pytest.param(path.read_text(), id=path.stem) for path in HISTORIES])
async def test_a_recorded_history_replays(history: str) -> None:
    recorded = WorkflowHistory.from_json("recorded", history)
    await Replayer(workflows=list(WORKFLOWS), workflow_runner=runner()).replay_workflow(recorded)
