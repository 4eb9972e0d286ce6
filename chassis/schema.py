"""The telemetry schema, `telemetry.yaml`: what may be told of a running process. What is not in it is not sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True, slots=True)
class Metric:
    """One declared instrument: `kind` is histogram, counter or gauge; `attributes` in the order of its readings."""

    name: str
    kind: str
    unit: str
    tells: str
    attributes: tuple[str, ...]
    buckets: tuple[float, ...] | None


@dataclass(frozen=True, slots=True)
class Schema:
    """Everything declared, by what carries it; `values` are the only ones an attribute may have, where that is said."""

    resource: frozenset[str]
    metrics: Mapping[str, Metric]
    spans: frozenset[str]
    logs: frozenset[str]
    values: Mapping[str, frozenset[str]]

    def allowed(self, attributes: Mapping[str, Any]) -> dict[str, Any]:
        """Of the attributes of a span, a link or an event those that may be sent."""
        return {
            name: value
            for name, value in attributes.items()
            if name in self.spans and (name not in self.values or value in self.values[name])
        }


def read(file: Path) -> Schema:
    """The schema in a file; ValueError names an attribute that is used there and not declared."""
    given = yaml.safe_load(file.read_text(encoding="utf-8"))
    metrics = {name: _metric(name, row) for name, row in given["metrics"].items()}
    used = {name for metric in metrics.values() for name in metric.attributes} | set(given["spans"])
    if undeclared := used - set(given["attributes"]):
        raise ValueError(f"{file.name} uses attributes that it does not declare: {', '.join(sorted(undeclared))}")
    return Schema(
        resource=frozenset(given["resource"]),
        metrics=metrics,
        spans=frozenset(given["spans"]),
        logs=frozenset(given["logs"]),
        values={name: frozenset(row["values"]) for name, row in given["attributes"].items() if "values" in row},
    )


def _metric(name: str, row: Mapping[str, Any]) -> Metric:
    buckets = tuple(row["buckets"]) if "buckets" in row else None
    return Metric(name, row["kind"], row["unit"], row["tells"], tuple(row["attributes"]), buckets)


SCHEMA = read(Path(__file__).with_name("telemetry.yaml"))
"""The platform's own."""
