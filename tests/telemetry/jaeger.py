"""A running Jaeger that keeps traces in memory: the real store behind `hotline why`."""

from __future__ import annotations

import signal
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import yaml

from tests.programs import running
from tests.services import free_port


@dataclass(frozen=True)
class TraceStore:
    """Where spans are sent (OTLP over HTTP), and where they are asked for."""

    takes: str
    answers: str


@contextmanager
def running_jaeger(program: str, folder: Path) -> Iterator[TraceStore]:
    """The program, its log in `folder`, for as long as the block."""
    takes, answers, unused = (f"127.0.0.1:{free_port()}" for _ in range(3))
    configuration = {
        "service": {
            "extensions": ["jaeger_storage", "jaeger_query"],
            "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["jaeger_storage_exporter"]}},
            "telemetry": {"metrics": {"level": "none"}},
        },
        "extensions": {
            "jaeger_storage": {"backends": {"traces": {"memory": {"max_traces": 1000}}}},
            "jaeger_query": {
                "storage": {"traces": "traces"},
                "http": {"endpoint": answers},
                "grpc": {"endpoint": unused},
            },
        },
        "receivers": {"otlp": {"protocols": {"http": {"endpoint": takes}}}},
        "exporters": {"jaeger_storage_exporter": {"trace_storage": "traces"}},
    }
    file, log = folder / "jaeger.yaml", folder / "jaeger.log"
    file.write_text(yaml.safe_dump(configuration))
    is_up = partial(_answers, f"http://{answers}/api/services")
    # Asked to end it lingers for ten seconds, and it keeps nothing.
    with running([program, f"--config={file}"], log, is_up, end=signal.SIGKILL):
        yield TraceStore(f"http://{takes}", f"http://{answers}")


def _answers(address: str) -> bool:
    try:
        urllib.request.urlopen(address).close()
    except urllib.error.URLError:
        return False
    return True
