"""The overlay that the pages tell an agency to write renders, in the one namespace, with its own values and archive."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import pytest_asyncio

from deploy.kubernetes import agency, kustomize
from tests.contract import schemas
from tests.contract.manifests import Deployment, Manifest, title


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def made(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    folder = agency.write(tmp_path_factory.mktemp("pages"))
    return Deployment("agency", await kustomize.rendered(program, folder))


def test_all_of_it_is_in_the_platforms_namespace(made: Deployment, overlays: Mapping[str, Deployment]) -> None:
    """Elsewhere no database would find its archive, and no nightly copy its database."""
    (namespace,) = made.names("Namespace")
    outside = [title(m) for m in made.manifests if m["kind"] != "Namespace" and not _is_in(namespace, m)]
    assert not outside
    assert {"ObjectStore", "ScheduledBackup"} == {m["kind"] for m in made.manifests} - _kinds(overlays["production"])


def _is_in(namespace: str, manifest: Manifest) -> bool:
    return bool(manifest["metadata"].get("namespace") == namespace)


def _kinds(of: Deployment) -> set[str]:
    return {manifest["kind"] for manifest in of.manifests}


def test_its_values_reach_every_process(made: Deployment) -> None:
    for process in made.own_processes():
        assert made.environment(process)["HOTLINE_PACK"] == "your-pack", title(process)


def test_its_archive_is_one_that_the_plugin_takes(
    made: Deployment, custom_schemas: Mapping[schemas.Kind, schemas.Schema]
) -> None:
    (store,) = made.of_kind("ObjectStore")
    assert not schemas.problems(store, custom_schemas)
    archives = {cluster["spec"]["plugins"][0]["parameters"]["barmanObjectName"] for cluster in made.of_kind("Cluster")}
    assert archives == {store["metadata"]["name"]}
