"""Who scales what, between which bounds, and how builds of the worker stand side by side."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import yaml

from deploy.kubernetes import kafka
from deploy.kubernetes.kustomize import FOLDER
from deploy.local.settings import SERVICES
from tests.contract.manifests import VERSION, Deployment, Manifest, containers, labels_of_pods, pod, selects, title
from workflows import DEPLOYMENT, TASK_QUEUE

CONNECTIONS_OF_OTHERS = 20
"""Of a database's connections: for its operator, for migrations, for a person who looks, and what PostgreSQL keeps."""


def scalers(made: Deployment) -> list[Manifest]:
    return made.of_kind("HorizontalPodAutoscaler", "ScaledObject")


def test_each_scaler_scales_what_there_is_and_nobody_else_says_how_many(combinations: Mapping[str, Deployment]) -> None:
    for made in combinations.values():
        targets = [scaler["spec"]["scaleTargetRef"]["name"] for scaler in scalers(made)]
        assert len(targets) == len(set(targets)), made.name
        for name in targets:
            assert "replicas" not in made.named("Deployment", name)["spec"], f"{made.name}: {name}"
        for deployment in made.own_processes():
            if deployment["metadata"]["name"] not in targets:
                assert deployment["spec"]["replicas"] == 2, f"{made.name}: {title(deployment)}"


def test_there_are_always_two_and_never_more_readers_than_partitions(overlays: Mapping[str, Deployment]) -> None:
    for scaler in scalers(overlays["production"]):
        spec = scaler["spec"]
        assert spec.get("minReplicas", spec.get("minReplicaCount")) == 2, title(scaler)
        if any(trigger["type"] == "kafka" for trigger in spec.get("triggers", [])):
            assert spec["maxReplicaCount"] <= kafka.PARTITIONS, title(scaler)


@pytest.mark.parametrize("service", SERVICES)
def test_scaled_out_and_amid_a_release_a_service_has_connections_for_all(overlay: Deployment, service: str) -> None:
    """Refused one, a process would fail calls just when most come."""
    bounds = [(scaler["spec"]["scaleTargetRef"]["name"], scaler["spec"]) for scaler in scalers(overlay)]
    most = {name: spec.get("maxReplicas", spec.get("maxReplicaCount")) for name, spec in bounds}
    needed = CONNECTIONS_OF_OTHERS
    for deployment in overlay.own_processes():
        told, labels = overlay.environment(deployment), labels_of_pods(deployment)
        if labels["app.kubernetes.io/name"] != service:
            continue
        copies = most.get(deployment["metadata"]["name"]) or deployment["spec"]["replicas"]
        pool = int(told["HOTLINE_DATABASE_CONNECTIONS"] or 0) if labels["app.kubernetes.io/component"] != "relay" else 0
        # One copy more that comes, two that are still ending; and in each, one connection that only listens.
        needed += (copies + deployment["spec"]["strategy"]["rollingUpdate"]["maxSurge"] + 2) * (pool + 1)
    database = overlay.named("Cluster", f"{service}-database")["spec"]["postgresql"]
    assert needed <= int(database["parameters"]["max_connections"])


def test_amid_its_own_release_temporal_has_connections_for_all(overlays: Mapping[str, Deployment]) -> None:
    server = yaml.safe_load((FOLDER / "temporal" / "values.yaml").read_text())["server"]
    pools = [store["sql"]["maxConns"] for store in server["config"]["persistence"]["datastores"].values()]
    # Of each of its four roles one more while it is replaced.
    needed = 4 * (server["replicaCount"] + 1) * sum(pools) + CONNECTIONS_OF_OTHERS
    database = overlays["temporal"].named("Cluster", "temporal-database")["spec"]["postgresql"]
    assert needed <= int(database["parameters"]["max_connections"])


def test_lag_is_watched_of_every_group_that_is_deployed(overlays: Mapping[str, Deployment]) -> None:
    triggers = [t for scaler in overlays["production"].of_kind("ScaledObject") for t in scaler["spec"]["triggers"]]
    groups = {trigger["metadata"]["consumerGroup"] for trigger in triggers if trigger["type"] == "kafka"}
    assert groups == {group for groups in kafka.USERS.values() for group in groups}


def test_the_backlog_of_the_workers_own_queue_is_watched(combinations: Mapping[str, Deployment]) -> None:
    for name, made in combinations.items():
        found = [t for s in made.of_kind("ScaledObject") for t in s["spec"]["triggers"] if t["type"] == "temporal"]
        if "autoscaling" not in name:
            assert not found
            continue
        (trigger,) = found
        assert trigger["metadata"]["taskQueue"] == TASK_QUEUE
        if "worker-versions" in name:
            assert trigger["metadata"]["workerDeploymentName"] == DEPLOYMENT
            assert trigger["metadata"]["workerDeploymentBuildId"] == VERSION


def test_a_worker_knows_its_build_and_leaves_earlier_builds_alone(combinations: Mapping[str, Deployment]) -> None:
    """A selector without the version would take over the pods of the build before."""
    earlier = {
        "app.kubernetes.io/name": "workflows",
        "app.kubernetes.io/component": "worker",
        "app.kubernetes.io/version": "0.0.9",
    }
    for name, made in combinations.items():
        if "worker-versions" not in name:
            assert "HOTLINE_BUILD_ID" not in made.environment(made.named("Deployment", "workflows-worker"))
            continue
        worker = made.named("Deployment", "workflows-worker-" + VERSION.replace(".", "-"))
        (container,) = containers(worker)
        assert made.environment(worker)["HOTLINE_BUILD_ID"] == VERSION == container["image"].rpartition(":")[2]
        assert labels_of_pods(worker)["app.kubernetes.io/version"] == VERSION
        assert not selects(worker["spec"]["selector"], earlier)


def test_one_budget_spares_all_builds_of_the_worker(overlays: Mapping[str, Deployment]) -> None:
    budget = overlays["production"].named("PodDisruptionBudget", "workflows-worker")["spec"]
    for version in (VERSION, "0.0.9"):
        labels = {"app.kubernetes.io/name": "workflows", "app.kubernetes.io/component": "worker"}
        assert selects(budget["selector"], labels | {"app.kubernetes.io/version": version})


def test_copies_stand_on_different_nodes_and_in_different_zones(overlay: Deployment) -> None:
    for deployment in overlay.own_processes():
        spread = pod(deployment)["topologySpreadConstraints"]
        assert {each["topologyKey"] for each in spread} == {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}
        strict = overlay.name == "production" and labels_of_pods(deployment)["app.kubernetes.io/component"] == "api"
        by_zone = next(each for each in spread if each["topologyKey"] == "topology.kubernetes.io/zone")
        assert by_zone["whenUnsatisfiable"] == ("DoNotSchedule" if strict else "ScheduleAnyway")


def test_copies_of_a_drained_zone_may_stand_in_the_others(overlay: Deployment) -> None:
    """Counted, an empty zone would keep every other at one copy more than none."""
    for deployment in overlay.own_processes():
        spread = pod(deployment)["topologySpreadConstraints"]
        assert {each["nodeTaintsPolicy"] for each in spread} == {"Honor"}, title(deployment)


def test_an_answer_stands_on_two_database_servers(overlay: Deployment) -> None:
    for cluster in overlay.of_kind("Cluster"):
        synchronous = cluster["spec"]["postgresql"].get("synchronous")
        if overlay.name == "development":
            assert (cluster["spec"]["instances"], synchronous) == (1, None)
        else:
            assert cluster["spec"]["instances"] >= 2
            assert synchronous["number"] == 1
