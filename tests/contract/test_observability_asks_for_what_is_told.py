"""Dashboards and alerts ask for metrics, labels and values that the telemetry schema declares, and for no others."""

from __future__ import annotations

import re
import subprocess
from typing import Any

import pytest
import yaml

from deploy.observability import generate
from tests.contract.observability import (
    OUTSIDE,
    OUTSIDE_PROMETHEUS,
    PROJECT,
    SCHEMA,
    Query,
    dashboards,
    grouping,
    label,
    panels,
    program,
    ruled,
    selectors,
    series,
)

_QUERIES = [*panels(), *ruled()]
_KNOWN = series()
_VALUES = {label(name): set(row["values"]) for name, row in SCHEMA["attributes"].items() if "values" in row}


@pytest.mark.parametrize("path", sorted(generate.files()), ids=lambda path: path.name)
def test_generated_files_are_up_to_date(path: Any) -> None:
    assert path.read_text() == generate.files()[path], "run `make manifests`"


def test_there_is_a_dashboard_for_each_question() -> None:
    found = {file.stem: document for file, document in dashboards()}
    assert set(found) == {"hotline", "promises", "services", "kafka", "temporal"}
    assert all(document["panels"] for document in found.values())


@pytest.mark.parametrize("query", _QUERIES, ids=lambda query: query.where)
def test_a_query_names_declared_series_with_declared_labels(query: Query) -> None:
    named = selectors(query.text)
    assert named or query.text.startswith("vector("), query.text
    for selector in named:
        assert selector.name in _KNOWN, f"{selector.name} is declared nowhere"
        for name, value in selector.matchers:
            assert name in _KNOWN[selector.name], f"{selector.name} has no label {name}"
            if name in _VALUES:
                assert set(value.split("|")) <= _VALUES[name], f"{name} is never {value}"
    assert grouping(query.text) <= {"le"}.union(*(_KNOWN[selector.name] for selector in named)), query.text


def test_a_query_that_names_what_is_not_told_is_found_out() -> None:
    misspelt = 'sum by (kind) (rate(hotline_promisses{state="OVERDU"}[5m])) > bool other_total offset 1h'
    assert {selector.name for selector in selectors(misspelt)} == {"hotline_promisses", "other_total"}
    assert selectors(misspelt)[0].matchers == (("state", "OVERDU"),)
    assert grouping(misspelt) == {"kind"}


def test_a_bound_that_is_asked_for_is_a_bucket() -> None:
    bounds = {float(bucket) for bucket in SCHEMA["metrics"]["hotline.promise.lateness"]["buckets"]}
    asked = {float(value) for query in _QUERIES for value in re.findall(r'le=~"(\d+)\(\[\.\]0\)\?"', query.text)}
    assert {0, 15, 60} <= asked <= bounds


def test_outside_asks_for_what_it_fetches() -> None:
    (job,) = OUTSIDE_PROMETHEUS["scrape_configs"]
    fetched = {match.partition("{")[0] for match in job["params"]["match[]"]}
    named = {s.name for query in ruled() if query.where.startswith(OUTSIDE) for s in selectors(query.text)}
    assert named == fetched


@pytest.mark.parametrize("file", ["deploy/observability/outside/prometheus.yaml", "deploy/compose/prometheus.yaml"])
def test_promtool_understands_how_prometheus_is_told_what_to_fetch(file: str) -> None:
    promtool = program("promtool")
    arguments = [promtool, "check", "config", "--syntax-only", PROJECT / file]
    checked = subprocess.run(arguments, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


def test_series_keep_the_names_of_their_processes_wherever_they_are_fetched() -> None:
    for file in ("deploy/observability/outside/prometheus.yaml", "deploy/compose/prometheus.yaml"):
        first = yaml.safe_load((PROJECT / file).read_text())["scrape_configs"][0]
        assert first["honor_labels"] is True, file


def test_promtool_understands_every_query_of_every_dashboard(tmp_path: Any) -> None:
    """As rules, because that is what promtool checks without a server."""
    promtool = program("promtool")
    rules = [{"record": f"panel:{number}", "expr": query.text} for number, query in enumerate(panels())]
    file = tmp_path / "panels.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    checked = subprocess.run([promtool, "check", "rules", file], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
