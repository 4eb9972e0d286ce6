"""What the workflows' processes are told by their environment, beside what every process is."""

from datetime import timedelta
from pathlib import Path

from pydantic import Field

from chassis.settings import MissingSetting, Settings
from workflows.codec import Keyring


class WorkflowSettings(Settings):
    """Settings of the worker, the bridge and the reconciler."""

    temporal_namespace: str = "default"
    ledger_patience: float = Field(default=60.0, gt=0)
    """Seconds without an answer of the ledger after which an alarm has the last resort told."""
    payload_keys: Path | None = None
    """The keyring that payloads are encrypted with; only development may go without."""
    build_id: str | None = None
    """Which build this worker is: its workflows stay on it until they are woken to go over to the current one."""
    reconcile_every: timedelta = timedelta(seconds=10)
    reconcile_grace: timedelta = timedelta(seconds=20)
    """How long a difference must last before it is mended: what is on its way looks the same at first."""
    stalled_after: timedelta = timedelta(minutes=2)
    """How late an alarm may be before whoever directs is told."""
    heartbeat_file: Path | None = None
    """Where the reconciler says when it completed a round."""

    def keyring(self) -> Keyring | None:
        """The keys of payloads."""
        if self.payload_keys:
            return Keyring.read(self.payload_keys)
        if not self.development:
            raise MissingSetting("HOTLINE_PAYLOAD_KEYS is not set, and only development may store payloads in clear")
        return None
