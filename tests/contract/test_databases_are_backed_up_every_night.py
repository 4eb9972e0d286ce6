"""With the component `backups` no database is left out, and its parts name each other."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from deploy.local.settings import SERVICES
from tests.contract.manifests import Deployment, Manifest

PLUGIN = "barman-cloud.cloudnative-pg.io"


@pytest.fixture
def made(combinations: Mapping[str, Deployment]) -> Deployment:
    return combinations["backups"]


def clusters(made: Deployment) -> list[Manifest]:
    return [manifest for manifest in made.of_kind("Cluster") if manifest["apiVersion"].startswith("postgresql.")]


def test_every_database_is_archived_to_the_agencys_store(made: Deployment) -> None:
    assert {cluster["metadata"]["name"] for cluster in clusters(made)} == {f"{name}-database" for name in SERVICES}
    for cluster in clusters(made):
        (plugin,) = cluster["spec"]["plugins"]
        assert (plugin["name"], plugin["isWALArchiver"]) == (PLUGIN, True)
        assert plugin["parameters"] == {"barmanObjectName": "backups"}


def test_every_database_is_copied_whole_each_night_one_after_the_other(made: Deployment) -> None:
    nightly = made.of_kind("ScheduledBackup")
    copied = {backup["spec"]["cluster"]["name"] for backup in nightly}
    assert copied == {cluster["metadata"]["name"] for cluster in clusters(made)}
    assert {backup["spec"]["pluginConfiguration"]["name"] for backup in nightly} == {PLUGIN}
    times = [backup["spec"]["schedule"].split() for backup in nightly]
    # Second, minute, hour, then every day: with five fields it would be another time.
    assert all(len(fields) == 6 and fields[3:] == ["*"] * 3 for fields in times)
    assert len({tuple(fields) for fields in times}) == len(nightly)


def test_an_overlay_brings_no_archive_without_a_store(overlays: Mapping[str, Deployment]) -> None:
    """Whose store it is, only the agency knows; an archive that cannot be written fills the databases' own disks."""
    for overlay in overlays.values():
        assert all("plugins" not in cluster["spec"] for cluster in clusters(overlay))
