"""The same tree gives the same image, file by file: whoever builds it again can compare."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
import tempfile
from pathlib import Path
from typing import IO

import docker
import pytest
from testcontainers.core.container import DockerContainer

from deploy.local.settings import PROJECT
from tests.containers import images
from tests.containers.provider import without_a_reaper_that_cannot_be_had

OURS = "/opt/hotline"
"""All that the Dockerfile adds to the image it stands on."""


@pytest.mark.faults
@pytest.mark.timeout(1800)
def test_every_file_is_the_same_when_all_is_built_anew(docker_engine: docker.DockerClient, tmp_path: Path) -> None:
    """Contents, modes, owners, times. Layers still differ in one thing: the classic builder dates the folder itself."""
    without_a_reaper_that_cannot_be_had(docker_engine)
    # A tree that nobody edits meanwhile.
    passing = shutil.ignore_patterns(".*_cache", ".git", ".hotline", ".venv")
    tree = shutil.copytree(PROJECT, tmp_path / "tree", ignore=passing)
    first = contents(images.service(docker_engine, "intake", tree=tree))
    again = contents(images.service(docker_engine, "intake", tree=tree, anew=True))
    assert len(first) > 1000
    differing = sorted(name for name in first.keys() | again.keys() if first.get(name) != again.get(name))
    assert not differing, differing[:20]


def contents(image: str) -> dict[str, tuple[object, ...]]:
    """What each file of ours is, by its path."""
    with DockerContainer(image, command="no-such-mode") as container, tempfile.TemporaryFile() as file:
        stream, _ = container.get_wrapped_container().get_archive(OURS)
        file.writelines(stream)
        file.seek(0)
        found = _members(file)
    del found[OURS.rpartition("/")[2]]
    return found


def _members(file: IO[bytes]) -> dict[str, tuple[object, ...]]:
    with tarfile.open(fileobj=file) as archive:
        return {
            member.name: (
                member.type,
                member.mode,
                member.uid,
                member.gid,
                member.mtime,
                member.linkname,
                _digest(archive, member),
            )
            for member in archive
        }


def _digest(archive: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    content = archive.extractfile(member) if member.isreg() else None
    return hashlib.file_digest(content, "sha256").hexdigest() if content else ""  # type: ignore[arg-type]
