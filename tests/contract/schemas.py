"""The schemas that manifests must satisfy: Kubernetes' own, and those of custom resources that packages hold."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import yaml

from deploy.kubernetes import kustomize
from deploy.local.cache import filled
from deploy.local.settings import StackSettings

KUBERNETES = ("1.33", "1.36")
"""The oldest and the newest release that these manifests are for."""

DEFINITIONS: Mapping[str, tuple[str, ...]] = {
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
}
"""Go modules, and the definitions of custom resources in them."""

WITHOUT_SCHEMA = {"kafka.strimzi.io", "postgresql.cnpg.io"}
"""Groups whose definitions no package holds: their resources are held by this folder's own tests alone."""

Kind = tuple[str, str]
Schema = dict[str, Any]


async def custom_resources(settings: StackSettings) -> dict[Kind, Schema]:
    """The schema of each kind of custom resource, by API version and kind; fetched once."""
    wanted = hashlib.sha256(json.dumps(DEFINITIONS).encode()).hexdigest()[:8]
    home = await filled(settings.cache_folder / f"resource-definitions-{wanted}", _fetch, lambda _text: None)
    found: dict[Kind, Schema] = {}
    for file in sorted(home.iterdir()):
        definition = yaml.load(file.read_text(), Loader=kustomize.LOADER)["spec"]
        for version in definition["versions"]:
            key = f"{definition['group']}/{version['name']}", definition["names"]["kind"]
            found[key] = _strict(version["schema"]["openAPIV3Schema"])
    return found


async def _fetch(folder: Path) -> None:
    for module, files in DEFINITIONS.items():
        (folder / "go.mod").write_text("module definitions\n")
        answer = json.loads(await kustomize.go("mod", "download", "-json", module, folder=folder))
        for file in files:
            shutil.copyfile(Path(answer["Dir"]) / file, folder / Path(file).name)
    (folder / "go.mod").unlink()


def _strict(schema: Schema) -> Schema:
    """The schema as the API server applies it with strict field validation: what it does not know is wrong."""
    closed = _closed(schema)
    closed["properties"] |= {"apiVersion": {}, "kind": {}, "metadata": {"type": "object"}}
    return closed


def _closed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: _closed(part) for name, part in schema.items()}
    if made.get("x-kubernetes-int-or-string"):
        made.pop("type", None)
    if isinstance(made.get("properties"), dict) and not made.get("x-kubernetes-preserve-unknown-fields"):
        made.setdefault("additionalProperties", False)
    return made


def problems(manifest: Mapping[str, Any], custom: Mapping[Kind, Schema]) -> list[str]:
    """What is wrong with a manifest by its schema; nothing also where there is no schema to be had."""
    version, kind = manifest["apiVersion"], manifest["kind"]
    if schema := custom.get((version, kind)):
        validator = jsonschema.Draft202012Validator(schema)
        return [f"{'.'.join(map(str, e.path))}: {e.message}" for e in validator.iter_errors(manifest)]
    if version.partition("/")[0] in WITHOUT_SCHEMA:
        return []
    return [text for release in KUBERNETES for text in _against(release, dict(manifest))]


def _against(release: str, manifest: dict[str, Any]) -> list[str]:
    try:
        kubernetes_validate.validate(manifest, release, strict=True)
    except kubernetes_validate.ValidationError as problem:
        return [f"{release}: {'.'.join(map(str, problem.path))}: {problem.message}"]
    except kubernetes_validate.SchemaNotFoundError as problem:
        return [f"{release}: {problem.message}"]
    return []
