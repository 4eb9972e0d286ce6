"""The definitions of what operators understand (Strimzi, CloudNativePG, KEDA, cert-manager, External Secrets).

They come from the operators' own packages: Go modules hold most of them as files; Strimzi's are made by its generator
from its Java classes, as its releases are.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from deploy.kubernetes import kustomize, modules
from deploy.local.cache import filled
from deploy.local.jars import Jars
from deploy.local.processes import Report
from deploy.local.programs import output_of
from deploy.local.settings import StackSettings

MODULES: Mapping[str, tuple[str, ...]] = {
    "github.com/kedacore/keda/v2@v2.21.0": (
        "config/crd/bases/keda.sh_scaledobjects.yaml",
        "config/crd/bases/keda.sh_triggerauthentications.yaml",
    ),
    "github.com/cert-manager/cert-manager@v1.21.2": (
        "deploy/crds/cert-manager.io_certificates.yaml",
        "deploy/crds/cert-manager.io_issuers.yaml",
    ),
    "github.com/external-secrets/external-secrets@v1.3.2": (
        "config/crds/bases/external-secrets.io_externalsecrets.yaml",
    ),
    "github.com/cloudnative-pg/cloudnative-pg@v1.29.0": (
        "config/crd/bases/postgresql.cnpg.io_clusters.yaml",
        "config/crd/bases/postgresql.cnpg.io_databases.yaml",
        "config/crd/bases/postgresql.cnpg.io_scheduledbackups.yaml",
    ),
    "github.com/cloudnative-pg/plugin-barman-cloud@v0.15.0": (
        "config/crd/bases/barmancloud.cnpg.io_objectstores.yaml",
    ),
}
"""Go modules, and the definitions in them."""

STRIMZI = Path(__file__).parent / "strimzi-jars.sha256"
"""Strimzi's classes and its generator, with the SHA-256 that each must have."""
STRIMZI_CLASSES = ("kafka.Kafka", "nodepool.KafkaNodePool", "topic.KafkaTopic", "user.KafkaUser")

Definition = dict[str, Any]


async def definitions(settings: StackSettings, report: Report) -> list[Definition]:
    """Every CustomResourceDefinition that our manifests need; fetched once, for some minutes on a slow line."""
    wanted = json.dumps([dict(MODULES), STRIMZI_CLASSES, STRIMZI.read_text()])
    name = f"resource-definitions-{hashlib.sha256(wanted.encode()).hexdigest()[:8]}"
    home = await filled(settings.cache_folder / name, partial(_fetch, settings, report), report)
    return [definition for file in sorted(home.iterdir()) for definition in kustomize.parsed(file.read_text())]


async def _fetch(settings: StackSettings, report: Report, folder: Path) -> None:
    report("fetching the definitions of operators' resources, once")
    for module, files in MODULES.items():
        source = await modules.source(module)
        for file in files:
            shutil.copyfile(source / file, folder / Path(file).name)
    await _generate_strimzi(settings, report, folder)


async def _generate_strimzi(settings: StackSettings, report: Report, folder: Path) -> None:
    jars = Jars(settings, "strimzi", STRIMZI)
    await jars.fetch(report)
    wanted = [f"io.strimzi.api.kafka.model.{name}={folder / f'strimzi-{name}.yaml'}" for name in STRIMZI_CLASSES]
    await output_of(
        *(*jars.java(), "io.strimzi.crdgenerator.CrdGenerator"),
        *("--crd-api-version", "v1", "--target-kube", "1.16+", "--api-versions", "v1", "--storage-version", "v1"),
        *("--yaml", *wanted),
        failing="Strimzi's generator made no definitions:\n",
    )
