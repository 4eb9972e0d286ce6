"""What the workflows' processes are told by their environment, beside what every process is."""

from pydantic import Field

from chassis.settings import Settings


class WorkflowSettings(Settings):
    """Settings of the worker and the bridge."""

    temporal_namespace: str = "default"
    ledger_patience: float = Field(default=60.0, gt=0)
    """Seconds without an answer of the ledger after which an alarm has the last resort told."""
