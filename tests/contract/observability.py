"""What the telemetry schema declares as Prometheus knows it, and what dashboards and alerts ask for."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.local.platform import OWN_PROCESSES, READERS, WORKFLOW_PROCESSES
from deploy.local.settings import SERVICES, StackSettings
from deploy.observability.building import built
from deploy.observability.generate import FOLDER

PROJECT = FOLDER.parents[1]
SCHEMA: dict[str, Any] = yaml.safe_load((FOLDER / "telemetry.yaml").read_text())
RULES = {
    file.relative_to(FOLDER).as_posix(): yaml.safe_load(file.read_text())
    for file in sorted([*FOLDER.glob("rules/*.yaml"), FOLDER / "outside" / "rules.yaml"])
}
OUTSIDE = "outside/rules.yaml"
OUTSIDE_PROMETHEUS = yaml.safe_load((FOLDER / "outside" / "prometheus.yaml").read_text())

HOW_TO_HAVE = "`make programs` builds it, once, in some minutes"

_PROCESS = frozenset({"job", "instance"})


@dataclass(frozen=True)
class Query:
    """PromQL, and where it stands."""

    where: str
    text: str


@dataclass(frozen=True)
class Selector:
    """A series by its name, with the labels that are asked of it and their values as they are written."""

    name: str
    matchers: tuple[tuple[str, str], ...] = ()


def program(name: str) -> str:
    """Where a program is: built, else on the PATH; the test is skipped, and says so, where it is neither."""
    found = built(StackSettings(), name) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not built, nor on the PATH: {HOW_TO_HAVE}")
    return str(found)


def processes() -> set[tuple[str, str]]:
    """Every process that is deployed, by its service's name and its part."""
    made = {(f"hotline-{service}", part) for service in SERVICES for part in ("api", "relay")}
    made |= {(f"hotline-{service}", "consumer") for service in READERS}
    made |= {(f"hotline-{service}", part) for service, parts in OWN_PROCESSES.items() for part in parts}
    return made | {(f"hotline-workflows-{part}", part) for part in WORKFLOW_PROCESSES}


def dashboards() -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every dashboard with its file."""
    for file in sorted((FOLDER / "dashboards").glob("*.json")):
        yield file, json.loads(file.read_text())


def panels() -> list[Query]:
    """What the panels of all dashboards ask."""
    return [
        Query(f"{file.stem}: {panel['title']}", target["expr"].replace("$__rate_interval", "5m"))
        for file, dashboard in dashboards()
        for panel in dashboard["panels"]
        for target in panel["targets"]
    ]


def rules(kind: str) -> list[tuple[str, dict[str, Any]]]:
    """Every rule that has `kind` (alert or record), with its file."""
    return [(f, r) for f, text in RULES.items() for group in text["groups"] for r in group["rules"] if kind in r]


def ruled() -> list[Query]:
    """What the rules ask, of alerts and of what is recorded."""
    return [Query(f"{file}: {rule[kind]}", rule["expr"]) for kind in ("record", "alert") for file, rule in rules(kind)]


def series() -> Mapping[str, frozenset[str]]:
    """Every series that there can be, by its name in Prometheus, with its labels."""
    own = {
        name: labels
        for metric, row in SCHEMA["metrics"].items()
        for name, labels in _of(metric, row["kind"], row["unit"], row["attributes"]).items()
    }
    temporal = {
        name: labels
        for metric, kind in temporal_kinds().items()
        for name, labels in _of(metric, kind, "s" if kind == "histogram" else "", SCHEMA["temporal_attributes"]).items()
    }
    process = frozenset(label(name) for name in SCHEMA["resource"]) | _PROCESS
    recorded = {rule["record"]: frozenset({"objective", "job", "group"}) for _, rule in rules("record")}
    alerts = frozenset({"alertname", "alertstate", "severity", "seen_from"})
    return {**own, **temporal, **recorded, "target_info": process, "ALERTS": alerts}


def temporal_kinds() -> dict[str, str]:
    """The kinds of what Temporal's SDK sends, which the schema says at the end of each row."""
    return {name: re.findall(r"\w+", tells)[-1] for name, tells in SCHEMA["temporal"].items()}


def label(attribute: str) -> str:
    """An attribute as a label of Prometheus."""
    return attribute.replace(".", "_")


def _of(metric: str, kind: str, unit: str, attributes: Any) -> dict[str, frozenset[str]]:
    name = label(metric) + ("_seconds" if unit == "s" else "")
    labels = frozenset(label(attribute) for attribute in attributes) | _PROCESS
    if kind == "histogram":
        return {f"{name}_bucket": labels | {"le"}, f"{name}_count": labels, f"{name}_sum": labels}
    return {f"{name}_total" if kind == "counter" else name: labels}


_SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)\{([^}]*)\}")
_MATCHER = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"')
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_KEYWORDS = {"and", "or", "unless", "bool", "offset"}


def selectors(query: str) -> list[Selector]:
    """The series that a query names. It reads as much of PromQL as is written here; promtool reads the rest."""
    with_matchers = [Selector(name, tuple(_MATCHER.findall(inside))) for name, inside in _SELECTOR.findall(query)]
    rest = re.sub(r"\[[^\]]*\]|\boffset\s+\w+", " ", _GROUPING.sub(" ", _SELECTOR.sub(" ", query)))
    plain = set(re.findall(r"(?<![\w.:])[a-zA-Z_:][\w:]*(?!\s*\(|[\w:])", rest)) - _KEYWORDS
    return [*with_matchers, *(Selector(name) for name in sorted(plain))]


def grouping(query: str) -> set[str]:
    """The labels by which a query groups and joins."""
    return {name for inside in _GROUPING.findall(query) for name in re.findall(r"\w+", inside)}
