"""Kafka and Temporal in containers and clusters are those that every test runs on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import yaml

from deploy.kubernetes import definitions
from deploy.kubernetes.kustomize import FOLDER
from deploy.local import kafka, temporal
from deploy.observability import building
from tests.contract.compose import SERVICES_OF_FILE
from tests.contract.manifests import Deployment, containers

PROJECT = Path(__file__).parents[2]
VALUES = yaml.safe_load((FOLDER / "temporal" / "values.yaml").read_text())


def test_kafka_is_the_one_that_is_tested(overlay: Deployment) -> None:
    assert overlay.named("Kafka", "hotline")["spec"]["kafka"]["version"] == kafka.VERSION
    assert SERVICES_OF_FILE["kafka"]["image"] == f"apache/kafka:{kafka.VERSION}"


def test_temporal_is_the_one_that_is_tested() -> None:
    for part in ("server", "admintools"):
        assert VALUES[part]["image"]["tag"] == temporal.VERSION
    assert SERVICES_OF_FILE["temporal"]["image"] == f"temporalio/server:{temporal.VERSION}"
    assert SERVICES_OF_FILE["temporal-schema"]["image"] == f"temporalio/admin-tools:{temporal.VERSION}"
    assert SERVICES_OF_FILE["temporal-ui"]["image"].rpartition(":")[2] == VALUES["web"]["image"]["tag"]


def test_telemetry_goes_to_the_releases_that_are_tested(overlays: Mapping[str, Deployment]) -> None:
    """Go modules of Prometheus 3.5.0 are numbered 0.305.0, those of Jaeger 2.13.0 are 1.76.0."""
    assert pinned("prometheus", "github.com/prometheus/prometheus") == "0.305.0"
    assert SERVICES_OF_FILE["prometheus"]["image"] == "prom/prometheus:v3.5.0"
    assert pinned("jaeger", "github.com/jaegertracing/jaeger") == "1.76.0"
    assert SERVICES_OF_FILE["jaeger"]["image"] == "jaegertracing/jaeger:2.13.0"
    image = f"otel/opentelemetry-collector-contrib:{pinned('otelcol-contrib', 'go.opentelemetry.io/collector/otelcol')}"
    assert SERVICES_OF_FILE["collector"]["image"] == image
    (collector,) = containers(overlays["production"].named("Deployment", "collector"))
    assert collector["image"] == image


def pinned(program: str, module: str) -> str:
    """The version of a module of which a program of the checks is built."""
    (source,) = [source for source in building.SOURCES if source.name == program]
    (version,) = re.findall(rf"^(?:require )?\s*{re.escape(module)} v(\S+)$", (source / "go.mod").read_text(), re.M)
    return str(version)


def test_operators_are_those_by_whose_definitions_manifests_are_checked() -> None:
    page = (PROJECT / "docs" / "operations" / "kubernetes.md").read_text()
    versions = {module.rpartition("@v")[2] for module in definitions.MODULES}
    versions |= {line.rpartition(":")[2] for line in definitions.STRIMZI.read_text().splitlines()}
    assert set(re.findall(r"\| (\d+\.\d+\.\d+), v", page)) == versions


def test_temporal_keeps_its_stores_in_the_databases_that_are_made_for_it(overlays: Mapping[str, Deployment]) -> None:
    made = overlays["temporal"]
    stores = VALUES["server"]["config"]["persistence"]["datastores"]
    cluster = made.named("Cluster", "temporal-database")
    assert stores["default"]["sql"]["databaseName"] == cluster["spec"]["bootstrap"]["initdb"]["database"]
    assert stores["visibility"]["sql"]["databaseName"] == made.named("Database", "temporal-visibility")["spec"]["name"]
    for store in stores.values():
        assert store["sql"]["connectAddr"] == "temporal-database-rw:5432"
        assert store["sql"]["existingSecret"] == "temporal-database-app"
        assert store["sql"]["tls"]["enableHostVerification"] is True


def test_the_namespace_of_the_workflows_is_made_with_the_retention_of_the_stack(
    overlays: Mapping[str, Deployment],
) -> None:
    production = overlays["production"]
    told = production.environment(production.named("Deployment", "workflows-bridge"))
    (namespace,) = VALUES["server"]["config"]["namespaces"]["namespace"]
    assert namespace == {"name": told["HOTLINE_TEMPORAL_NAMESPACE"], "retention": f"{temporal.RETENTION.days}d"}
