"""One report's journey on a whole stack of processes, as in production, and all that they tell of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.local.ports import free_offset
from tests.otlp import Receiver, receiver
from tests.stack import clean_environment, reachable_folder

SHIFT = Path(__file__).with_name("late.yaml")
# Each process sends its metrics so often; a reading is complete after one more round of counting.
METRICS_EVERY = 2.0


@dataclass(frozen=True)
class Journey:
    """A report that was taken, decided, and its family seen too late; `told` is all telemetry of it."""

    reference: str
    told: Receiver
    environment: Mapping[str, str]

    def hotline(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """A command on the stack that stands."""
        command = [sys.executable, "-m", "cli", *arguments]
        return subprocess.run(
            command, env=dict(self.environment) | more, capture_output=True, text=True, check=False, timeout=120
        )


@pytest.fixture(scope="session")
def journey() -> Iterator[Journey]:
    """The journey, played to its end on a stack of its own that goes on standing."""
    with receiver() as told, standing(told) as environment:
        played = subprocess.run(
            [sys.executable, "-m", "cli", "scenario", "play", str(SHIFT)],
            env=environment, capture_output=True, text=True, check=False, timeout=240,
        )  # fmt: skip
        assert played.returncode == 0, played.stdout + played.stderr
        yield Journey(reference_of(told), told, environment)


@contextmanager
def standing(told: Receiver) -> Iterator[dict[str, str]]:
    """The whole stack, telling all to the receiver; answers the environment of commands that call it."""
    with reachable_folder() as folder, free_offset() as offset:
        environment = clean_environment() | {
            "HOTLINE_HOME": str(folder / "home"),
            "HOTLINE_PORT_OFFSET": str(offset),
            "HOTLINE_PACK": "demo",
            "HOTLINE_METRICS_EVERY": str(METRICS_EVERY),
            "OTEL_EXPORTER_OTLP_ENDPOINT": told.endpoint,
        }
        stack = [sys.executable, "-m", "cli", "stack"]
        up = subprocess.run([*stack, "up", "--detach"], env=environment, capture_output=True, text=True, check=False)
        try:
            assert up.returncode == 0, up.stdout + up.stderr
            yield environment
        finally:
            subprocess.run([*stack, "down"], env=environment, capture_output=True, text=True, check=True, timeout=120)


def reference_of(told: Receiver) -> str:
    """The reference number of the one report, as its telemetry names it."""
    named = {
        str(span.attributes["hotline.reference"])
        for span in told.spans()
        if span.name == "create hotline.intake.report.v1"
    }
    (reference,) = named
    return reference
