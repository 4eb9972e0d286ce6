"""The cluster's writer of downtime books: as confined as every process, and told where books, keys and numbers lie."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from deploy.local.settings import PROJECT
from services.casework.downtime.settings import DowntimeSettings
from tests.contract.manifests import VERSION, Deployment, Manifest, containers, labels_of_pods, pod
from tests.contract.network import may, process

WITH_BOOKS = ("production", "small-agency")


@pytest.fixture(params=WITH_BOOKS)
def made(request: pytest.FixtureRequest, overlays: Mapping[str, Deployment]) -> Deployment:
    return overlays[request.param]


@pytest.fixture
def writer(made: Deployment) -> Manifest:
    return made.named("CronJob", "downtime-book")


def test_it_runs_every_hour_and_never_twice_at_a_time(writer: Manifest) -> None:
    assert writer["spec"]["schedule"].split()[1:] == ["*"] * 4
    assert writer["spec"]["schedule"].split()[0].isdigit()
    assert writer["spec"]["concurrencyPolicy"] == "Forbid"


def test_its_jobs_are_found_by_what_the_runbook_asks_for(writer: Manifest) -> None:
    runbook = (PROJECT / "docs" / "operations" / "runbooks" / "DowntimeBookOld.md").read_text()
    (asked,) = re.findall(r"get cronjob,jobs --selector (\S+)=(\S+)", runbook)
    for made in (writer, writer["spec"]["jobTemplate"]):
        assert asked in made["metadata"]["labels"].items()


def test_it_is_the_program_of_caseworks_image(writer: Manifest) -> None:
    (container,) = containers(writer)
    assert container["image"] == f"hotline-casework:{VERSION}"
    assert container["command"][1:] == ["-m", "services.casework.downtime"]


def test_what_it_is_told_is_what_it_reads_and_is_mounted(
    made: Deployment, writer: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    (container,) = containers(writer)
    mounted = tuple(mount["mountPath"] for mount in container["volumeMounts"])
    for entry in container["env"]:
        assert entry["name"].removeprefix("HOTLINE_").lower() in DowntimeSettings.model_fields
        assert entry["value"].startswith(mounted)
    for name, value in made.environment(writer).items():
        monkeypatch.setenv(name, value or "")
    told = DowntimeSettings()
    assert told.downtime_folder
    assert told.downtime_keys
    assert (told.casework_address or "").endswith(f"?tls={told.tls}")
    assert str(told.tls) in mounted


def test_books_lie_on_storage_that_the_agency_names(made: Deployment, writer: Manifest) -> None:
    (shelf,) = (volume for volume in pod(writer)["volumes"] if "persistentVolumeClaim" in volume)
    claim = made.named("PersistentVolumeClaim", shelf["persistentVolumeClaim"]["claimName"])
    assert claim["spec"]["storageClassName"] == "outside-the-cluster"


def test_it_reaches_casework_and_no_database(made: Deployment, writer: Manifest) -> None:
    labels, casework = labels_of_pods(writer), process(made, "casework-api")
    assert may(made, "egress", labels, casework, 7103)
    assert may(made, "ingress", casework, labels, 7103)
    assert not may(made, "egress", labels, process(made, "intake-api"), 7101)
    assert not may(made, "egress", labels, {"cnpg.io/cluster": "casework-database"}, 5432)
