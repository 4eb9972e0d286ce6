"""Default-deny both ways: each call has a policy on either side, and nothing else has any."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from deploy.local.settings import PORTS
from tests.contract.manifests import VERSION, Deployment, labels_of_pods, title
from tests.contract.network import allowed, may, policies, process

CALLS = {
    ("notifications-consumer", "casework-api"),
    ("workflows-worker", "casework-api"),
    ("workflows-worker", "notifications-api"),
    ("workflows-reconciler", "intake-api"),
    ("workflows-reconciler", "triage-api"),
    ("workflows-reconciler", "casework-api"),
    ("workflows-reconciler", "notifications-api"),
}
"""Every call between processes of the platform."""

DATABASES = {"intake", "triage", "casework", "notifications"}
KAFKA = {"relay", "consumer", "bridge"}
TEMPORAL = {"app.kubernetes.io/name": "temporal"}


def test_nothing_is_reached_and_nothing_reaches_out_by_itself(overlay: Deployment) -> None:
    deny = overlay.named("NetworkPolicy", "deny")["spec"]
    assert deny == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_no_rule_lets_everybody_or_everything_through(overlay: Deployment) -> None:
    for policy in policies(overlay):
        for rule in policy["spec"].get("ingress", []):
            assert rule.get("from"), title(policy)
            assert rule.get("ports"), title(policy)
            assert all(peer != {"podSelector": {}} and peer for peer in rule["from"]), title(policy)
        for rule in policy["spec"].get("egress", []):
            assert rule.get("to"), title(policy)
            assert rule.get("ports"), title(policy)


def test_exactly_the_calls_of_the_platform_are_let_through(overlay: Deployment) -> None:
    names = {title(d).removeprefix("Deployment "): labels_of_pods(d) for d in overlay.own_processes()}
    found = {
        (caller, called)
        for caller, from_labels in names.items()
        for called, to_labels in names.items()
        if called.endswith("-api")
        and may(overlay, "egress", from_labels, to_labels, PORTS[called.removesuffix("-api")])
    }
    version = "-" + VERSION.replace(".", "-")
    assert {(caller.removesuffix(version), called) for caller, called in found} == CALLS


@pytest.mark.parametrize(("caller", "called"), sorted(CALLS))
def test_each_call_is_let_through_on_both_sides(overlay: Deployment, caller: str, called: str) -> None:
    one, other, port = process(overlay, caller), process(overlay, called), PORTS[called.removesuffix("-api")]
    assert may(overlay, "egress", one, other, port)
    assert may(overlay, "ingress", other, one, port)


def test_each_service_reaches_its_own_database_and_no_other(overlay: Deployment) -> None:
    for workload in [*overlay.own_processes(), *overlay.of_kind("Job")]:
        labels = labels_of_pods(workload)
        reached = {
            name
            for name in DATABASES
            if may(overlay, "egress", labels, {"cnpg.io/cluster": f"{name}-database"}, 5432)
            and may(overlay, "ingress", {"cnpg.io/cluster": f"{name}-database"}, labels, 5432)
        }
        assert reached == {labels["app.kubernetes.io/name"]} & DATABASES, title(workload)


def test_only_who_speaks_to_kafka_reaches_it(overlay: Deployment) -> None:
    broker = {"strimzi.io/cluster": "hotline"}
    for deployment in overlay.own_processes():
        labels = labels_of_pods(deployment)
        expected = labels["app.kubernetes.io/component"] in KAFKA
        assert may(overlay, "egress", labels, broker, 9093) is expected, title(deployment)
        assert may(overlay, "ingress", broker, labels, 9093) is expected, title(deployment)


def test_calls_from_outside_come_from_the_edge_alone(overlay: Deployment) -> None:
    for service, port in {name: PORTS[name] for name in DATABASES}.items():
        outside = [
            (peer, ports)
            for peer, ports in allowed(overlay, "ingress", process(overlay, f"{service}-api"))
            if "namespaceSelector" in peer
        ]
        assert outside == [({"namespaceSelector": {"matchLabels": {"hotline-edge": "true"}}}, [port])]


def test_the_internet_is_reached_by_mail_by_telephone_and_by_stores_alone(overlay: Deployment) -> None:
    for workload in [*overlay.own_processes(), *overlay.of_kind("Job")]:
        outside = [ports for peer, ports in allowed(overlay, "egress", labels_of_pods(workload)) if "ipBlock" in peer]
        sender = workload["metadata"]["name"] == "notifications-sender"
        assert outside == ([[465, 587], [7105]] if sender else []), title(workload)


def test_temporal_is_reached_by_the_workflows_alone(overlays: Mapping[str, Deployment]) -> None:
    """It knows no tokens: who reaches it may do with alarms what they like."""
    callers = [peer for peer, ports in allowed(overlays["temporal"], "ingress", TEMPORAL) if ports == [7233]]
    assert callers == [
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "hotline"}},
            "podSelector": {"matchLabels": {"app.kubernetes.io/name": "workflows"}},
        },
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "keda"}}},
    ]


def test_of_temporal_only_its_database_reaches_out(overlays: Mapping[str, Deployment]) -> None:
    made = overlays["temporal"]
    outside = {
        who: [ports for peer, ports in allowed(made, "egress", labels) if "ipBlock" in peer]
        for who, labels in {"server": TEMPORAL, "database": {"cnpg.io/cluster": "temporal-database"}}.items()
    }
    assert outside == {"server": [], "database": [[443, 6443]]}


@pytest.mark.parametrize("name", [*sorted(DATABASES), "temporal"])
def test_the_figures_of_every_database_can_be_read(overlays: Mapping[str, Deployment], name: str) -> None:
    """CloudNativePG tells them on port 9187: that an archive stands still is told nowhere else."""
    made = overlays["temporal" if name == "temporal" else "production"]
    readers = [
        peer
        for peer, ports in allowed(made, "ingress", {"cnpg.io/cluster": f"{name}-database"})
        if 9187 in ports and "namespaceSelector" in peer
    ]
    assert readers == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "observability"}}}]


def test_telemetry_reaches_the_collector_and_the_collector_knows_its_senders(
    overlays: Mapping[str, Deployment],
) -> None:
    production = overlays["production"]
    collector = labels_of_pods(production.named("Deployment", "collector"))
    for deployment in production.own_processes():
        assert may(production, "egress", labels_of_pods(deployment), collector, 4318), title(deployment)
        assert may(production, "ingress", collector, labels_of_pods(deployment), 4318), title(deployment)
