"""The collector: what the telemetry schema declares passes, nothing else does, and traces that matter are kept."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.metrics.v1 import metrics_pb2 as metrics
from opentelemetry.proto.trace.v1 import trace_pb2 as traces

from tests.contract.collector import Collector, key_values, running_collector, values
from tests.contract.observability import FOLDER, PROJECT, SCHEMA, program

CONFIGURATION: dict[str, Any] = yaml.safe_load((FOLDER / "collector.yaml").read_text())
PROCESSORS = CONFIGURATION["processors"]
PIPELINES = CONFIGURATION["service"]["pipelines"]


def test_spans_keep_the_attributes_that_the_schema_declares_for_spans() -> None:
    assert _allowed("spans") == {*SCHEMA["resource"], *SCHEMA["spans"]}


def test_metrics_keep_the_attributes_that_the_schema_declares_for_metrics() -> None:
    declared = {name for row in SCHEMA["metrics"].values() for name in row["attributes"]}
    assert _allowed("metrics") == {*SCHEMA["resource"], *declared, *SCHEMA["temporal_attributes"]}


def test_metrics_pass_that_the_schema_declares() -> None:
    (condition,) = PROCESSORS["filter/metrics"]["metric_conditions"]
    assert re.fullmatch(r"not ContainsValue\(\[.*\], metric\.name\)", condition)
    assert set(re.findall(r'"([^"]+)"', condition)) == {*SCHEMA["metrics"], *SCHEMA["temporal"]}


def test_everything_goes_through_the_walls_and_through_nothing_before_them_that_could_send_it_on() -> None:
    assert PIPELINES["traces"]["processors"][:2] == ["memory_limiter", "redaction/spans"]
    assert PIPELINES["metrics"]["processors"][:3] == ["memory_limiter", "filter/metrics", "redaction/metrics"]
    assert set(PIPELINES) == {"traces", "metrics"}, "logs are not sent: they are lines of the process"


def test_traces_with_errors_slow_ones_and_those_of_children_in_danger_are_all_kept() -> None:
    policies = {policy["type"]: policy for policy in PROCESSORS["tail_sampling"]["policies"]}
    assert policies["status_code"]["status_code"]["status_codes"] == ["ERROR"]
    assert policies["latency"]["latency"]["threshold_ms"] == 1000
    danger = policies["string_attribute"]["string_attribute"]
    assert danger["key"] in SCHEMA["spans"]
    assert set(danger["values"]) <= set(SCHEMA["attributes"][danger["key"]]["values"])


def test_the_same_collector_runs_in_containers_and_in_clusters() -> None:
    composed = yaml.safe_load((PROJECT / "deploy" / "compose.yaml").read_text())["services"]["collector"]
    component = PROJECT / "deploy" / "kubernetes" / "components" / "observability" / "collector.yaml"
    (deployment,) = (d for d in yaml.safe_load_all(component.read_text()) if d["kind"] == "Deployment")
    assert composed["image"] == deployment["spec"]["template"]["spec"]["containers"][0]["image"]


def _allowed(of: str) -> set[str]:
    return set(PROCESSORS[f"redaction/{of}"]["allowed_keys"])


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    """The collector with the file that is deployed; only addresses are others, and it decides within a second."""
    with running_collector(Path(program("otelcol-contrib")), tmp_path_factory.mktemp("collector")) as running:
        yield running


def test_an_undeclared_attribute_of_a_span_does_not_leave_the_collector(collector: Collector) -> None:
    span = _span(failed=True, given={"rpc.method": "SubmitReport", "child.name": "Mia Sample", "enduser.id": "mia"})
    said = {"exception.type": "ValueError", "exception.message": "Mia Sample was not found"}
    span.events.append(traces.Span.Event(name="exception", attributes=key_values(said)))
    _send(collector, span, {"service.name": "hotline-intake", "host.name": "mias-laptop"})
    kept = collector.store.found(span.trace_id)
    assert "mia" not in str(kept).lower()
    (stored,) = kept.scope_spans[0].spans
    assert values(stored.attributes) == {"rpc.method": "SubmitReport"}
    assert values(stored.events[0].attributes) == {"exception.type": "ValueError"}
    assert values(kept.resource.attributes) == {"service.name": "hotline-intake"}


def test_what_failed_was_slow_or_is_of_a_child_in_danger_is_kept_and_of_the_rest_a_part(collector: Collector) -> None:
    plain = [_send(collector, _span()) for _ in range(100)]
    matters = [_send(collector, _span(failed=True)) for _ in range(20)]
    matters += [_send(collector, _span(seconds=2)) for _ in range(20)]
    matters += [_send(collector, _span(given={"hotline.lane": "danger"})) for _ in range(20)]
    for trace in matters:
        collector.store.found(trace)
    assert len(collector.store.kept(plain)) < len(plain) / 2


def test_what_comes_later_of_a_trace_that_was_kept_is_kept(collector: Collector) -> None:
    first = _span(failed=True)
    collector.store.found(_send(collector, first))
    later = _span(given={"rpc.method": "ClimbRung"})
    later.trace_id = first.trace_id
    _send(collector, later)
    collector.store.found(later.span_id)


def test_declared_metrics_are_told_to_prometheus_and_no_others(collector: Collector) -> None:
    told = [
        _gauge("child.mia", {}),
        _gauge("hotline.outbox.depth", {"child.name": "Mia Sample"}),
        _gauge("hotline.dead_letters", {"consumer": "triage"}),
    ]
    sent = metrics.ResourceMetrics(scope_metrics=[metrics.ScopeMetrics(metrics=told)])
    about = {"service.name": "hotline-triage", "service.instance.id": "one", "hotline.part": "api", "host.name": "mia"}
    sent.resource.attributes.extend(key_values(about))
    collector.post("metrics", ExportMetricsServiceRequest(resource_metrics=[sent]))
    page = collector.figures("hotline_dead_letters")
    process = 'instance="one",job="hotline-triage"'
    assert f"hotline_outbox_depth{{{process}}} 3" in page
    assert f'hotline_dead_letters{{consumer="triage",{process}}} 3' in page
    # By this alerts know which processes speak.
    assert f'target_info{{hotline_part="api",{process}}} 1' in page
    assert "mia" not in page.lower()


def _span(*, failed: bool = False, seconds: int = 0, given: dict[str, str] | None = None) -> traces.Span:
    """A span that ends now, of a trace of its own."""
    now = time.time_ns()
    return traces.Span(
        trace_id=secrets.token_bytes(16),
        span_id=secrets.token_bytes(8),
        name="call",
        start_time_unix_nano=now - seconds * 10**9,
        end_time_unix_nano=now,
        attributes=key_values(given or {}),
        status=traces.Status(code=traces.Status.STATUS_CODE_ERROR) if failed else None,
    )


def _send(collector: Collector, span: traces.Span, process: dict[str, str] | None = None) -> bytes:
    sent = traces.ResourceSpans(scope_spans=[traces.ScopeSpans(spans=[span])])
    sent.resource.attributes.extend(key_values(process or {"service.name": "hotline-intake"}))
    collector.post("traces", ExportTraceServiceRequest(resource_spans=[sent]))
    return span.trace_id


def _gauge(name: str, attributes: dict[str, str]) -> metrics.Metric:
    point = metrics.NumberDataPoint(time_unix_nano=time.time_ns(), as_int=3, attributes=key_values(attributes))
    return metrics.Metric(name=name, gauge=metrics.Gauge(data_points=[point]))
