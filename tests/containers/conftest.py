"""A Docker engine for the tests of this folder, where one can be had; where not, they are skipped and say why."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import docker
import pytest

from tests.containers import images
from tests.containers.engine import NoEngine, engine

Images = Callable[[str], str]
"""The tag of a service's image, which is built when it is first asked for."""


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[docker.DockerClient]:
    """The engine of this machine. Asked for with `HOTLINE_PROVIDERS=containers` and missing, it fails the tests."""
    with _said_when_missing(), engine() as client:
        yield client


@pytest.fixture(scope="session")
def service_image(docker_engine: docker.DockerClient) -> Images:
    """Images of services, as the tree is now."""
    built: dict[str, str] = {}

    def image(name: str) -> str:
        if name not in built:
            with _said_when_missing():
                built[name] = images.service(docker_engine, name)
        return built[name]

    return image


@contextmanager
def _said_when_missing() -> Iterator[None]:
    try:
        yield
    except NoEngine as reason:
        if os.environ.get("HOTLINE_PROVIDERS") == "containers":
            raise
        pytest.skip(str(reason))
