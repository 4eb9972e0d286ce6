"""The file for Docker Compose: every process, ready before whoever needs it, and nothing open to the network."""

from __future__ import annotations

import re

import pytest

from deploy.kubernetes.generate import PROJECT
from deploy.local.platform import READERS
from deploy.local.settings import PORTS, SERVICES
from tests.contract.compose import FILE, SERVICES_OF_FILE
from tests.contract.environment import SETTINGS, known_variables
from tests.contract.manifests import VERSION
from workflows.__main__ import PARTS

OURS = {name: made for name, made in SERVICES_OF_FILE.items() if made["image"].startswith("hotline-")}
RUNNING = {name: made for name, made in OURS.items() if made.get("restart") == "unless-stopped"}


def test_every_process_of_the_platform_runs() -> None:
    expected = {f"{service}-{kind}" for service in SERVICES for kind in ("api", "relay")}
    expected |= {f"{service}-consumer" for service in READERS} | {"notifications-sender"}
    assert set(RUNNING) == expected | {f"workflows-{part}" for part in PARTS}


def test_what_was_asked_for_beside_them_runs() -> None:
    images = {made["image"].partition(":")[0] for made in SERVICES_OF_FILE.values()}
    assert images >= {
        "postgres",
        "apache/kafka",
        "temporalio/server",
        "temporalio/ui",
        "otel/opentelemetry-collector-contrib",
        "jaegertracing/jaeger",
        "prom/prometheus",
        "grafana/grafana",
    }


def test_every_image_has_a_version() -> None:
    for name, made in SERVICES_OF_FILE.items():
        _, separator, tag = made["image"].partition(":")
        assert separator, name
        assert re.fullmatch(r"v?\d+\.\d+(\.\d+)?", tag), name


def test_our_images_are_built_from_one_file_and_have_the_version_of_the_project() -> None:
    for name, made in OURS.items():
        service = "workflows" if name == "provision" else name.partition("-")[0]
        assert made["image"] == f"hotline-{service}:{VERSION}"
        assert made["build"]["dockerfile"] == "deploy/images/Dockerfile"
        assert made["build"]["args"] == {"SERVICE": service}


def test_every_variable_is_one_that_the_process_reads() -> None:
    for name, made in OURS.items():
        assert set(made["environment"]) <= known_variables(), name


@pytest.mark.parametrize("name", sorted(RUNNING))
def test_what_each_process_is_told_makes_valid_settings(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in RUNNING[name]["environment"].items():
        monkeypatch.setenv(variable, value)
    for known in SETTINGS[name.partition("-")[0]]:
        assert known().health_port == 7100


def test_services_are_reached_where_processes_are_told() -> None:
    for service in SERVICES:
        api = RUNNING[f"{service}-api"]
        assert api["environment"]["HOTLINE_PORT"] == str(PORTS[service])
        assert api["environment"][f"HOTLINE_{service.upper()}_ADDRESS"] == f"{service}-api:{PORTS[service]}"


def test_everything_listens_on_this_machine_alone() -> None:
    for name, made in SERVICES_OF_FILE.items():
        assert all(port.startswith("127.0.0.1:") for port in made.get("ports", [])), name


def test_our_processes_are_as_confined_as_in_the_cluster() -> None:
    for name, made in OURS.items():
        assert made["read_only"] is True, name
        assert made["cap_drop"] == ["ALL"], name
        assert made["security_opt"] == ["no-new-privileges:true"], name


def test_whoever_ends_by_itself_is_waited_for() -> None:
    """`up --wait` counts an ended container as failed unless somebody waits for it to end."""
    waited = {
        name
        for made in SERVICES_OF_FILE.values()
        for name, condition in made.get("depends_on", {}).items()
        if condition["condition"] == "service_completed_successfully"
    }
    assert waited == {name for name, made in SERVICES_OF_FILE.items() if "restart" not in made}


def test_only_what_has_a_health_check_is_waited_for_as_healthy() -> None:
    for made in SERVICES_OF_FILE.values():
        for name, condition in made.get("depends_on", {}).items():
            if condition["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES_OF_FILE[name], name


def test_nothing_starts_before_tables_topics_and_keys_are_there() -> None:
    for name, made in RUNNING.items():
        service = name.partition("-")[0]
        assert set(made["depends_on"]) == {"provision"} | ({f"{service}-migrate"} if service in SERVICES else set())


def test_each_service_has_a_database_and_role_of_its_own() -> None:
    statements = (PROJECT / "deploy" / "compose" / "databases.sql").read_text()
    for service in SERVICES:
        assert f"CREATE DATABASE hotline_{service} OWNER hotline_{service};" in statements
        url = OURS[f"{service}-migrate"]["environment"]["HOTLINE_DATABASE_URL"]
        assert url == f"postgresql://hotline_{service}:hotline@postgres:5432/hotline_{service}"


def test_what_is_mounted_is_there() -> None:
    for name, made in SERVICES_OF_FILE.items():
        for volume in made.get("volumes", []):
            if volume.startswith("./"):
                assert (FILE.parent / volume.partition(":")[0]).exists(), f"{name}: {volume}"


def test_stores_keep_their_data_in_volumes() -> None:
    assert "postgres:/var/lib/postgresql" in SERVICES_OF_FILE["postgres"]["volumes"]
    assert "kafka:/var/lib/kafka/data" in SERVICES_OF_FILE["kafka"]["volumes"]
