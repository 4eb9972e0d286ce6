"""What Kustomize renders, and questions about it."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import yaml

from deploy.kubernetes.kustomize import FOLDER
from deploy.local.settings import PROJECT

Manifest = dict[str, Any]

VERSION: str = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
"""Of the project, and so of its images."""

COMPONENTS = (
    "network-policies",
    "observability",
    "external-secrets",
    "downtime-book",
    "mutual-tls",
    "autoscaling",
    "worker-versions",
    "backups",
)
OVERLAYS = ("development", "production", "small-agency")


@dataclass(frozen=True)
class Deployment:
    """Everything that one folder or combination renders to."""

    name: str
    manifests: Sequence[Manifest]

    def of_kind(self, *kinds: str) -> list[Manifest]:
        return [manifest for manifest in self.manifests if manifest["kind"] in kinds]

    def named(self, kind: str, name: str) -> Manifest:
        (found,) = (m for m in self.of_kind(kind) if m["metadata"]["name"] == name)
        return found

    def names(self, *kinds: str) -> set[str]:
        return {manifest["metadata"]["name"] for manifest in self.of_kind(*kinds)}

    def workloads(self) -> list[Manifest]:
        """What runs pods of ours or beside ours, other than those that operators run."""
        return self.of_kind("Deployment", "Job", "CronJob")

    def own_processes(self) -> list[Manifest]:
        """The platform's own Deployments."""
        return [d for d in self.of_kind("Deployment") if "app.kubernetes.io/part-of" in labels_of_pods(d)]

    def environment(self, workload: Manifest) -> dict[str, str | None]:
        """What a workload's process is told; None for what comes from a secret."""
        told: dict[str, str | None] = {}
        (container,) = containers(workload)
        for source in container.get("envFrom", []):
            told |= self.named("ConfigMap", source["configMapRef"]["name"])["data"]
        return told | {entry["name"]: entry.get("value") for entry in container.get("env", [])}


def template(workload: Manifest) -> Manifest:
    """Of the pods that a workload runs; a CronJob's stands within that of its jobs."""
    spec: Manifest = workload["spec"]
    made: Manifest = spec["jobTemplate"]["spec"]["template"] if "jobTemplate" in spec else spec["template"]
    return made


def pod(workload: Manifest) -> Manifest:
    spec: Manifest = template(workload)["spec"]
    return spec


def containers(workload: Manifest) -> list[Manifest]:
    spec = pod(workload)
    return [*spec.get("initContainers", []), *spec["containers"]]


def labels_of_pods(workload: Manifest) -> dict[str, str]:
    labels: dict[str, str] = template(workload)["metadata"].get("labels", {})
    return labels


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a label selector of Kubernetes selects what has these labels."""
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items()) and all(
        _holds(expression, labels) for expression in selector.get("matchExpressions", [])
    )


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    assert expression["operator"] == "In", "these manifests use no other operator"
    return labels.get(expression["key"]) in expression["values"]


def title(manifest: Manifest) -> str:
    return f"{manifest['kind']} {manifest['metadata']['name']}"


def every_combination() -> Iterator[tuple[str, ...]]:
    """Every choice of components, in the order in which overlays list them."""
    for size in range(len(COMPONENTS) + 1):
        yield from combinations(COMPONENTS, size)


def write_combination(folder: Path, components: Iterable[str]) -> Path:
    """A kustomization of the base with these components."""
    folder.mkdir()
    content = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": "hotline",
        "resources": [os.path.relpath(FOLDER / "base", folder.resolve())],
        "components": [os.path.relpath(FOLDER / "components" / name, folder.resolve()) for name in components],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(content))
    return folder
