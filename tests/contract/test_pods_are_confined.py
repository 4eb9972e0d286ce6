"""What runs in the cluster may do little, is told what it needs, and is replaced without being missed."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from chassis.client import RESOLVED_AGAIN
from deploy.kubernetes import development_secrets
from deploy.local.platform import READERS
from deploy.local.settings import PORTS, SERVICES
from tests.contract.environment import OF_LIBRARIES, SETTINGS, known_variables
from tests.contract.manifests import VERSION, Deployment, Manifest, containers, labels_of_pods, pod, selects, title

CALLERS = {"notifications-consumer", "notifications-sender", "workflows-worker", "workflows-reconciler"}
"""Who calls others under its own name: the sender calls the telephone gateway."""
KEPT_NAME = 30.0
"""Seconds for which CoreDNS, as kubeadm sets it up, repeats an answer."""


def test_images_have_a_version(overlay: Deployment) -> None:
    for workload in overlay.workloads():
        for container in containers(workload):
            name, separator, tag = container["image"].rpartition(":")
            assert name, title(workload)
            assert separator, title(workload)
            assert tag != "latest", title(workload)


def test_our_images_have_the_version_of_the_project(overlay: Deployment) -> None:
    tags = {
        c["image"] for workload in [*overlay.own_processes(), *overlay.of_kind("Job")] for c in containers(workload)
    }
    assert {image.rpartition(":")[2] for image in tags} == {VERSION}


def test_pods_meet_the_restricted_standard(overlay: Deployment) -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards, with a root nobody can write besides."""
    for workload in overlay.workloads():
        assert pod(workload)["securityContext"]["runAsNonRoot"] is True, title(workload)
        assert pod(workload)["securityContext"]["runAsUser"] >= 10000, title(workload)
        assert pod(workload)["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, title(workload)
        for container in containers(workload):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, title(workload)
        assert all("hostPath" not in volume for volume in pod(workload)["volumes"]), title(workload)


def test_namespaces_enforce_the_restricted_standard(overlays: Mapping[str, Deployment]) -> None:
    for made in overlays.values():
        for namespace in made.of_kind("Namespace"):
            labels = namespace["metadata"]["labels"]
            assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
            assert labels["pod-security.kubernetes.io/warn"] == "restricted"


def test_each_process_has_an_account_of_its_own_without_a_token(overlay: Deployment) -> None:
    accounts = [pod(workload)["serviceAccountName"] for workload in overlay.workloads()]
    assert len(accounts) == len(set(accounts))
    assert set(accounts) == overlay.names("ServiceAccount")
    for account in overlay.of_kind("ServiceAccount"):
        assert account["automountServiceAccountToken"] is False
    for workload in overlay.workloads():
        assert pod(workload)["automountServiceAccountToken"] is False, title(workload)


def test_memory_is_bounded_and_the_processor_is_shared(overlay: Deployment) -> None:
    for workload in overlay.workloads():
        for container in containers(workload):
            resources = container["resources"]
            assert resources["requests"]["memory"] == resources["limits"]["memory"], title(workload)
            assert "cpu" in resources["requests"], title(workload)
            assert "cpu" not in resources["limits"], title(workload)


def test_each_deployment_is_spared_by_disruptions(overlay: Deployment) -> None:
    for deployment in overlay.of_kind("Deployment"):
        budgets = [
            budget
            for budget in overlay.of_kind("PodDisruptionBudget")
            if selects(budget["spec"]["selector"], labels_of_pods(deployment))
        ]
        assert len(budgets) == 1, title(deployment)
        assert budgets[0]["spec"]["maxUnavailable"] == 1


def test_selectors_select_their_own_pods_alone(overlay: Deployment) -> None:
    for deployment in overlay.of_kind("Deployment"):
        chosen = [
            d for d in overlay.of_kind("Deployment") if selects(deployment["spec"]["selector"], labels_of_pods(d))
        ]
        assert chosen == [deployment]
        for constraint in pod(deployment).get("topologySpreadConstraints", []):
            assert selects(constraint["labelSelector"], labels_of_pods(deployment)), title(deployment)


def test_probes_ask_over_grpc_and_liveness_asks_for_nothing_else(overlay: Deployment) -> None:
    """A database that is away must not get processes killed: only readiness depends on it."""
    for deployment in overlay.own_processes():
        (container,) = containers(deployment)
        port = int(overlay.environment(deployment)["HOTLINE_HEALTH_PORT"] or 0)
        assert {"name": "health", "containerPort": port} in container["ports"], title(deployment)
        assert container["startupProbe"]["grpc"] == {"port": port, "service": "liveness"}
        assert container["livenessProbe"]["grpc"] == {"port": port, "service": "liveness"}
        assert container["readinessProbe"]["grpc"] == {"port": port, "service": "readiness"}


def test_there_is_time_to_drain(overlay: Deployment) -> None:
    for deployment in overlay.own_processes():
        told = overlay.environment(deployment)
        needed = float(told["HOTLINE_DRAIN_DELAY"] or 0) + float(told["HOTLINE_DRAIN_GRACE"] or 0)
        assert pod(deployment)["terminationGracePeriodSeconds"] > needed + 10, title(deployment)


def test_updates_take_nobody_away_before_another_is_ready(overlay: Deployment) -> None:
    """R139: a rolling deployment fails no call."""
    for deployment in overlay.own_processes():
        assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


def test_updates_take_nobody_away_before_callers_can_have_the_address_of_another(overlay: Deployment) -> None:
    """R139: a name may be answered for KEPT_NAME seconds as it was, and callers wait between two questions."""
    for service in SERVICES:
        deployment = overlay.named("Deployment", f"{service}-api")
        assert deployment["spec"]["minReadySeconds"] > KEPT_NAME + RESOLVED_AGAIN, service
        # A budget lets the next be evicted as soon as another is ready: then those that go must answer so long.
        assert float(overlay.environment(deployment)["HOTLINE_DRAIN_DELAY"] or 0) > KEPT_NAME + RESOLVED_AGAIN, service


def test_every_variable_is_one_that_the_process_reads(overlay: Deployment) -> None:
    """A variable nobody reads is a setting that somebody believes in."""
    for workload in [*overlay.own_processes(), *overlay.of_kind("Job")]:
        assert set(overlay.environment(workload)) <= known_variables(), title(workload)
        own = {entry["name"] for entry in containers(workload)[0].get("env", [])}
        service = labels_of_pods(workload)["app.kubernetes.io/name"]
        read = {f"HOTLINE_{field.upper()}" for known in SETTINGS[service] for field in known.model_fields}
        assert own <= read | OF_LIBRARIES, title(workload)


def test_what_each_process_is_told_makes_valid_settings(overlay: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    for workload in overlay.own_processes():
        with monkeypatch.context() as environment:
            for name, value in overlay.environment(workload).items():
                environment.setenv(name, value or "postgresql://from@a.secret/")
            for known in SETTINGS[labels_of_pods(workload)["app.kubernetes.io/name"]]:
                assert known().development == (overlay.name == "development")


def test_every_process_of_the_platform_is_deployed(overlay: Deployment) -> None:
    """What runs on one machine runs in the cluster; intake reads no facts, so its consumer would do nothing."""
    expected = {f"{service}-{kind}" for service in SERVICES for kind in ("api", "relay")}
    expected |= {f"{service}-consumer" for service in READERS}
    expected |= {f"workflows-{part}" for part in importlib.import_module("workflows.__main__").PARTS}
    expected.add("notifications-sender")
    assert {_without_version(deployment) for deployment in overlay.own_processes()} == expected
    assert overlay.names("Job") == {f"{service}-migrate" for service in SERVICES}


def _without_version(deployment: Manifest) -> str:
    name = str(deployment["metadata"]["name"])
    return name.removesuffix("-" + VERSION.replace(".", "-"))


def test_services_are_reached_under_the_addresses_that_processes_are_told(overlay: Deployment) -> None:
    told = overlay.environment(overlay.named("Deployment", "intake-api"))
    for service in SERVICES:
        (port,) = overlay.named("Service", f"{service}-api")["spec"]["ports"]
        assert port["port"] == PORTS[service]
        address = told[f"HOTLINE_{service.upper()}_ADDRESS"] or ""
        assert address.partition("?")[0] == f"dns:///{service}-api:{PORTS[service]}"
        deployment = overlay.named("Deployment", f"{service}-api")
        assert overlay.environment(deployment)["HOTLINE_PORT"] == str(PORTS[service])
        assert {"name": "grpc", "containerPort": PORTS[service]} in containers(deployment)[0]["ports"]
        assert selects(
            {"matchLabels": overlay.named("Service", f"{service}-api")["spec"]["selector"]}, labels_of_pods(deployment)
        )


def test_files_that_processes_are_told_of_are_mounted(overlay: Deployment) -> None:
    """A path in the environment without a volume would be found at the first start, in production."""
    shared = {"HOTLINE_TLS"}
    for workload in [*overlay.own_processes(), *overlay.of_kind("Job")]:
        (container,) = containers(workload)
        mounted = tuple(mount["mountPath"] for mount in container["volumeMounts"])
        for entry in container.get("env", []):
            value = entry.get("value") or ""
            if value.startswith("/") and entry["name"] not in shared:
                assert value.startswith(mounted), f"{title(workload)}: {entry['name']}"


def test_whoever_goes_by_a_pack_takes_only_signed_ones_outside_development(overlay: Deployment) -> None:
    """R109: an image with another pack in it decides nothing."""
    told = {process["metadata"]["name"]: overlay.environment(process) for process in overlay.own_processes()}
    trusting = {name for name, variables in told.items() if "HOTLINE_PACK_KEYS" in variables}
    by_a_pack = {f"{service}-{part}" for service in ("triage", "casework") for part in ("api", "consumer")}
    assert trusting == (set() if overlay.name == "development" else by_a_pack | {"notifications-sender"})


def test_whoever_calls_others_and_nobody_else_has_a_token(overlay: Deployment) -> None:
    """Without one a process ends at its start: the sender as soon as a gateway was named, and all mail with it."""
    having = {_without_version(d) for d in overlay.own_processes() if "HOTLINE_TOKEN_FILE" in overlay.environment(d)}
    assert having == CALLERS


def test_secrets_come_from_somewhere(overlay: Deployment, tmp_path: Path) -> None:
    made = {m["spec"]["target"]["name"] for m in overlay.of_kind("ExternalSecret")}
    made |= {m["spec"]["secretName"] for m in overlay.of_kind("Certificate")}
    made |= overlay.names("KafkaUser") | {"hotline-cluster-ca-cert"}
    made |= {f"{name}-{what}" for name in overlay.names("Cluster") for what in ("app", "ca")}
    if overlay.name == "development":
        made |= {secret["metadata"]["name"] for secret in development_secrets.manifests(tmp_path)}
    for workload in overlay.workloads():
        assert _secrets(workload) <= made, title(workload)


def _secrets(workload: Manifest) -> set[str]:
    """Those without which it does not start."""
    volumes = pod(workload)["volumes"]
    sources = [source for volume in volumes for source in volume.get("projected", {}).get("sources", [])]
    keys = [
        entry["valueFrom"]["secretKeyRef"]["name"]
        for c in containers(workload)
        for entry in c.get("env", [])
        if "valueFrom" in entry and not entry["valueFrom"]["secretKeyRef"].get("optional")
    ]
    return {
        *(volume["secret"]["secretName"] for volume in volumes if "secret" in volume),
        *(source["secret"]["name"] for source in sources),
        *keys,
    }


def test_calls_are_encrypted_outside_development(overlay: Deployment) -> None:
    if overlay.name == "development":
        assert "HOTLINE_TLS" not in overlay.environment(overlay.named("Deployment", "intake-api"))
        return
    for deployment in overlay.own_processes():
        told = overlay.environment(deployment)
        mounts = {mount["mountPath"] for mount in containers(deployment)[0]["volumeMounts"]}
        if "HOTLINE_PORT" in told or "HOTLINE_TOKEN_FILE" in told:
            assert told["HOTLINE_TLS"] in mounts, title(deployment)
        for service in SERVICES:
            assert (told[f"HOTLINE_{service.upper()}_ADDRESS"] or "").endswith(f"?tls={told['HOTLINE_TLS']}")
