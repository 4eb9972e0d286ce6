"""The schemas that manifests must satisfy: Kubernetes' own, and those of their operators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jsonschema
import kubernetes_validate

from deploy.kubernetes.definitions import definitions
from deploy.local.settings import StackSettings

KUBERNETES = ("1.33", "1.36")
"""The oldest and the newest release that these manifests are for."""

Kind = tuple[str, str]
Schema = dict[str, Any]


async def custom_resources(settings: StackSettings) -> dict[Kind, Schema]:
    """The schema of each kind of custom resource, by API version and kind."""
    found: dict[Kind, Schema] = {}
    for definition in await definitions(settings, print):
        spec = definition["spec"]
        for version in spec["versions"]:
            key = f"{spec['group']}/{version['name']}", spec["names"]["kind"]
            found[key] = _strict(version["schema"]["openAPIV3Schema"])
    return found


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
    """What is wrong with a manifest by its schema; that there is none is wrong too."""
    version, kind = manifest["apiVersion"], manifest["kind"]
    if schema := custom.get((version, kind)):
        validator = jsonschema.Draft202012Validator(schema)
        return [f"{'.'.join(map(str, e.path))}: {e.message}" for e in validator.iter_errors(manifest)]
    return [text for release in KUBERNETES for text in _against(release, dict(manifest))]


def _against(release: str, manifest: dict[str, Any]) -> list[str]:
    try:
        kubernetes_validate.validate(manifest, release, strict=True)
    except kubernetes_validate.ValidationError as problem:
        return [f"{release}: {'.'.join(map(str, problem.path))}: {problem.message}"]
    except kubernetes_validate.SchemaNotFoundError as problem:
        return [f"{release}: {problem.message}"]
    return []
