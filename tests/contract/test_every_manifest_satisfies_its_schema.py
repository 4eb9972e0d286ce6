"""Every overlay and every combination of components renders, and each manifest is what its API says it may be."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from tests.contract import schemas
from tests.contract.manifests import COMPONENTS, Deployment, Manifest, title


def _distinct(deployments: Mapping[str, Deployment]) -> list[Manifest]:
    """Each manifest once: most are the same in many combinations."""
    found = {json.dumps(m, sort_keys=True): m for made in deployments.values() for m in made.manifests}
    return list(found.values())


def test_every_overlay_is_valid(
    overlays: Mapping[str, Deployment], custom_schemas: Mapping[schemas.Kind, schemas.Schema]
) -> None:
    wrong = {title(m): found for m in _distinct(overlays) if (found := schemas.problems(m, custom_schemas))}
    assert not wrong


def test_every_combination_of_components_is_valid(
    combinations: Mapping[str, Deployment], custom_schemas: Mapping[schemas.Kind, schemas.Schema]
) -> None:
    assert len(combinations) == 2 ** len(COMPONENTS)
    wrong = {title(m): found for m in _distinct(combinations) if (found := schemas.problems(m, custom_schemas))}
    assert not wrong


def test_a_kind_without_a_schema_is_found(custom_schemas: Mapping[schemas.Kind, schemas.Schema]) -> None:
    unknown = {"apiVersion": "kafka.strimzi.io/v0", "kind": "Kafka", "metadata": {"name": "hotline"}}
    assert schemas.problems(unknown, custom_schemas)


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("Deployment", ("spec", "template", "spec", "containers", 0, "comand"), ["python"]),
        ("ScaledObject", ("spec", "minReplicaCount"), "two"),
        ("Certificate", ("spec", "renewBeforeEnd"), "1h"),
        ("Kafka", ("spec", "kafka", "listener"), []),
        ("KafkaUser", ("spec", "authentication", "type"), "password"),
        ("Cluster", ("spec", "storage", "sizes"), "1Gi"),
    ],
)
def test_a_mistake_is_found(
    overlays: Mapping[str, Deployment],
    custom_schemas: Mapping[schemas.Kind, schemas.Schema],
    kind: str,
    path: tuple[str | int, ...],
    value: object,
) -> None:
    """A check that finds nothing in wrong manifests would prove nothing about ours."""
    manifest = json.loads(json.dumps(overlays["production"].of_kind(kind)[0]))
    *way, last = path
    place = manifest
    for step in way:
        place = place[step]
    place[last] = value
    assert schemas.problems(manifest, custom_schemas)


def test_names_are_given_once(combinations: Mapping[str, Deployment]) -> None:
    for made in combinations.values():
        names = [
            (m["apiVersion"], m["kind"], m["metadata"].get("namespace"), m["metadata"]["name"]) for m in made.manifests
        ]
        assert len(names) == len(set(names)), made.name
