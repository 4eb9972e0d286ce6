"""PostgreSQL, Kafka and Temporal as containers, when asked for: the same tests, unchanged, on other providers."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping

import docker
import pytest

from deploy.local.settings import PROJECT

ON_ALL_THREE = (
    "tests/integration/intake/test_a_report_is_taken_once_and_whole.py",
    "tests/workflows/test_moving_time.py",
)
"""Short, and between them they use everything: transactions, facts, timers whose time is moved."""


def session_on_containers(**environment: str) -> subprocess.CompletedProcess[str]:
    """A session of its own in which containers are asked for."""
    told: Mapping[str, str] = os.environ | {"HOTLINE_PROVIDERS": "containers"} | environment
    command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *ON_ALL_THREE)
    return subprocess.run(command, cwd=PROJECT, env=told, capture_output=True, text=True, check=False)


@pytest.mark.timeout(900)
def test_what_holds_on_processes_holds_on_containers(docker_engine: docker.DockerClient) -> None:
    began = int(time.time())
    done = session_on_containers()
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert "skipped" not in done.stdout
    started = docker_engine.events(
        since=began, until=int(time.time()) + 1, decode=True, filters={"type": "container", "event": "start"}
    )
    names = {event["from"].rpartition("/")[2].partition(":")[0] for event in started}
    assert {"postgres", "kafka"} < names
    assert names & {"temporal", "server"}


def test_containers_that_were_asked_for_and_cannot_be_had_fail_the_tests() -> None:
    done = session_on_containers(DOCKER_HOST="unix:///nowhere/docker.sock", PATH=os.path.dirname(sys.executable))
    assert done.returncode == 1
    assert "HOTLINE_PROVIDERS=containers: no Docker engine answers" in done.stdout + done.stderr
