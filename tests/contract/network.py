"""What network policies let through."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.contract.manifests import Deployment, Manifest, labels_of_pods, selects


def policies(made: Deployment) -> list[Manifest]:
    return made.of_kind("NetworkPolicy")


def allowed(made: Deployment, way: str, labels: Mapping[str, str]) -> list[tuple[dict[str, Any], list[int]]]:
    """Whom pods with these labels may reach (`egress`), or who may reach them (`ingress`), each with the ports."""
    peer = "to" if way == "egress" else "from"
    return [
        (other, [port["port"] for port in rule.get("ports", [])])
        for policy in policies(made)
        if selects(policy["spec"]["podSelector"], labels)
        for rule in policy["spec"].get(way, [])
        for other in rule[peer]
    ]


def may(made: Deployment, way: str, labels: Mapping[str, str], other: Mapping[str, str], port: int) -> bool:
    """Whether pods with `labels` may speak with pods of the same namespace with the labels `other`, on `port`."""
    return any(
        "podSelector" in peer
        and "namespaceSelector" not in peer
        and selects(peer["podSelector"], other)
        and port in ports
        for peer, ports in allowed(made, way, labels)
    )


def process(made: Deployment, name: str) -> dict[str, str]:
    """The labels of a process' pods; a worker's name ends with its version."""
    (found,) = (d for d in made.own_processes() if str(d["metadata"]["name"]).startswith(name))
    return labels_of_pods(found)
