"""`docker compose up --wait` of the compose file: everything comes up healthy, in order, and takes a report.

What our services need must be had; a neighbour that nothing waits for (Grafana, say) and that cannot be pulled is left
out, and named.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest

from deploy.local.platform import WORKFLOWS
from deploy.local.settings import PROJECT, SERVICES
from tests.containers import images
from tests.containers.conftest import Images
from tests.containers.images import COMPOSE
from tests.stack import clean_environment

FILE = PROJECT / "deploy" / "compose.yaml"
OURS = "hotline-"
NAME = "hotline-trial"
"""A project of its own: a stack that somebody has up keeps its data."""
UP = 600
"""Seconds until everything must be healthy."""


@dataclass(frozen=True)
class Compose:
    """The compose file's project of this test."""

    program: tuple[str, ...]

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [*self.program, "--file", str(FILE), "--project-name", NAME, *arguments]
        return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)


@pytest.fixture
def compose() -> Iterator[Compose]:
    """Docker Compose; at the end nothing of the project is left."""
    for program in (("docker", "compose"), ("docker-compose",)):
        if shutil.which(program[0]) and not subprocess.run([*program, "version"], capture_output=True).returncode:
            project = Compose(program)
            break
    else:
        pytest.skip("no Docker Compose is installed")
    yield project
    project("down", "--volumes", "--timeout", "30")


@pytest.mark.faults
@pytest.mark.timeout(2400)
def test_everything_comes_up_and_a_report_goes_its_way(
    docker_engine: docker.DockerClient,
    service_image: Images,
    compose: Compose,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in (*SERVICES, WORKFLOWS):
        docker_engine.images.get(service_image(name)).tag(COMPOSE_IMAGES[name])
    missing = {
        name: made["image"]
        for name, made in COMPOSE.items()
        if not made["image"].startswith(OURS) and not images.can_be_had(docker_engine, made["image"])
    }
    needed = sorted(missing.keys() & waited_for())
    if needed:
        pytest.skip(f"cannot be pulled, and the services need them: {', '.join(missing[name] for name in needed)}")
    with capsys.disabled():
        print(f" left out, for they cannot be pulled: {', '.join(missing.values()) or 'nothing'}")
    wanted = sorted(name for name in COMPOSE.keys() - missing.keys() if "restart" in COMPOSE[name])
    up = compose("up", "--detach", "--wait", "--wait-timeout", str(UP), "--no-build", "--pull", "never", *wanted)
    assert up.returncode == 0, up.stderr[-3000:] + compose("logs", "--tail", "20").stdout[-5000:]
    identity = tmp_path / "identity"
    copied = compose("cp", "provision:/run/hotline/identity", str(identity))
    assert copied.returncode == 0, copied.stderr
    sent = hotline(tmp_path, "report", "send", "scenarios/reports/imminent-danger.yaml")
    assert "T0" in sent


COMPOSE_IMAGES = {made["build"]["args"]["SERVICE"]: made["image"] for made in COMPOSE.values() if "build" in made}
"""What the compose file calls the image of each service."""


def waited_for() -> set[str]:
    """What has to be there before something else starts."""
    return {name for made in COMPOSE.values() for name in made.get("depends_on", {})}


def hotline(home: Path, *arguments: Sequence[str] | str) -> str:
    """What the command line says to somebody whose platform is this one."""
    done = subprocess.run(
        [sys.executable, "-m", "cli", *map(str, arguments)],
        cwd=PROJECT,
        env=clean_environment() | {"HOTLINE_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
