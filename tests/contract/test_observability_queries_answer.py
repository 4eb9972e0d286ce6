"""A running Prometheus that was sent one of each declared metric knows every series that dashboards and alerts name.

The metrics come through OpenTelemetry's SDK, so that names and labels are those that Prometheus makes of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import product
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.metrics import Meter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource

from deploy.observability.objectives import OBJECTIVES, WINDOWS
from tests.contract.observability import (
    SCHEMA,
    panels,
    processes,
    program,
    ruled,
    selectors,
    series,
    temporal_kinds,
)
from tests.contract.prometheus import Prometheus, running_prometheus
from tests.waiting import waited_for

SAMPLES = {
    "kind": ["SCREENING_DECISION"],
    "rpc.response.status_code": ["OK", "UNAVAILABLE"],
    "consumer": ["intake", "workflows"],
    **{name: row["values"] for name, row in SCHEMA["attributes"].items() if "values" in row},
}
"""Values of attributes of which queries ask for some; all others are told as `any`."""


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A server that was told everything by every process, twice, and has evaluated its rules since."""
    with running_prometheus(program("prometheus"), tmp_path_factory.mktemp("prometheus")) as running:
        _tell_everything(running)
        for objective in OBJECTIVES:
            for window in WINDOWS:
                query = f'hotline:bad:ratio_{window}{{objective="{objective.name}"}}'
                waited_for(partial(running.answers, query))
        waited_for(partial(running.answers, 'ALERTS{alertname="Watchdog",alertstate="firing"}'))
        yield running


def test_every_panel_shows_something(prometheus: Prometheus) -> None:
    empty = [query for query in panels() if not prometheus.answers(query.text)]
    assert not empty


def test_every_rule_names_series_that_there_are(prometheus: Prometheus) -> None:
    """An alert that asks for what is never told would keep quiet for ever."""
    for query in ruled():
        prometheus.answers(query.text)
        for selector in prometheus.selectors(query.text):
            # From outside the same series are seen, but that the Watchdog is told by a label from that of the outside.
            assert prometheus.has(selector.replace(',seen_from="inside"', "")), f"{query.where}: {selector}"


def test_the_schema_in_prometheus_is_what_the_other_tests_take_it_for(prometheus: Prometheus) -> None:
    for name, labels in series().items():
        if ":" not in name and name != "ALERTS":
            (told, *_) = prometheus.answers(f'{{__name__="{name}"}}')
            assert set(told["metric"]) - {"__name__"} <= labels, name


def test_queries_are_read_as_prometheus_reads_them(prometheus: Prometheus) -> None:
    """The tests that need no server read queries by themselves: here they are held to the real parser."""
    for query in (*panels(), *ruled()):
        names = {selector.name for selector in selectors(query.text)}
        read = {selector.partition('__name__="')[2].partition('"')[0] for selector in prometheus.selectors(query.text)}
        assert names == read, query.where


def _tell_everything(prometheus: Prometheus) -> None:
    """Two readings of each metric from each process: between them there is a rate."""
    providers = [_provider(prometheus, job, part) for job, part in sorted(processes())]
    for _ in range(2):
        for provider in providers:
            _record(provider.get_meter("hotline"))
            assert provider.force_flush()
    for provider in providers:
        provider.shutdown()


def _provider(prometheus: Prometheus, job: str, part: str) -> MeterProvider:
    about = dict.fromkeys(SCHEMA["resource"], "any")
    about |= {"service.name": job, "service.instance.id": f"{job} {part}", "hotline.part": part}
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(prometheus.otlp), export_interval_millis=60_000)
    return MeterProvider([reader], Resource(about))


def _record(meter: Meter) -> None:
    for name, row in SCHEMA["metrics"].items():
        _one(meter, name, row["kind"], row["unit"], row.get("buckets"), _attributes(row["attributes"]))
    for name, kind in temporal_kinds().items():
        unit = "s" if kind == "histogram" else ""
        _one(meter, name, kind, unit, None, _attributes(SCHEMA["temporal_attributes"]))


def _attributes(names: Any) -> list[Mapping[str, str]]:
    return [dict(zip(names, chosen, strict=True)) for chosen in product(*(SAMPLES.get(n, ["any"]) for n in names))]


def _one(meter: Meter, name: str, kind: str, unit: str, buckets: Any, told: list[Mapping[str, str]]) -> None:
    for attributes in told:
        if kind == "histogram":
            histogram = meter.create_histogram(name, unit, explicit_bucket_boundaries_advisory=buckets)
            histogram.record(0.003, dict(attributes))
        elif kind == "counter":
            meter.create_counter(name, unit).add(1, dict(attributes))
        else:
            meter.create_gauge(name, unit).set(1, dict(attributes))
