"""Manifests, rendered once: each overlay, and every combination of components."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest
import pytest_asyncio

from deploy.kubernetes import kustomize
from deploy.local.settings import StackSettings
from tests.contract import schemas
from tests.contract.manifests import OVERLAYS, Deployment, every_combination, write_combination

_AT_A_TIME = 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whichever test asks first waits until kustomize is built, and everything rendered."""
    for item in items:
        if "program" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.timeout(1200))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def program() -> Path:
    """Kustomize; the first time it is built, for about a minute."""
    return await kustomize.program(StackSettings(), print)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def overlays(program: Path) -> Mapping[str, Deployment]:
    """What each overlay deploys, and what Temporal needs."""
    folders = {name: kustomize.FOLDER / "overlays" / name for name in OVERLAYS}
    folders["temporal"] = kustomize.FOLDER / "temporal"
    return {name: Deployment(name, await kustomize.rendered(program, folder)) for name, folder in folders.items()}


@pytest.fixture(scope="session", params=OVERLAYS)
def overlay(request: pytest.FixtureRequest, overlays: Mapping[str, Deployment]) -> Deployment:
    return overlays[request.param]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def combinations(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Deployment]:
    """The base with every choice of components."""
    place, turn = tmp_path_factory.mktemp("combinations"), asyncio.Semaphore(_AT_A_TIME)

    async def render(components: tuple[str, ...]) -> Deployment:
        name = "+".join(components) or "base"
        async with turn:
            return Deployment(name, await kustomize.rendered(program, write_combination(place / name, components)))

    return {made.name: made for made in await asyncio.gather(*(render(chosen) for chosen in every_combination()))}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def custom_schemas() -> Mapping[schemas.Kind, schemas.Schema]:
    """Schemas of custom resources; the first time they are fetched, for some minutes on a slow line."""
    return await schemas.custom_resources(StackSettings())
