"""What leaves a process is what the telemetry schema declares: no attribute, metric or word besides (R103)."""

import ast
import io
import json
import logging
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricExportResult, MetricsData
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanContext, StatusCode, TraceFlags

from chassis import logs
from chassis.metrics import Gauge, Histogram, Undeclared, observe
from chassis.redaction import DeclaredMetrics, DeclaredSpans, declared_resource
from chassis.schema import SCHEMA, read

ROOT = Path(__file__).parents[3]
NAME = "Wilhelmina Testcase"


@pytest.fixture
def sent() -> Iterator[tuple[TracerProvider, InMemorySpanExporter]]:
    """A tracer whose spans end up in memory, through the wall that every process has."""
    behind, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(DeclaredSpans(behind)))
    yield provider, behind
    provider.shutdown()


def only(behind: InMemorySpanExporter) -> ReadableSpan:
    (span,) = behind.get_finished_spans()
    return span


def test_a_span_leaves_without_an_attribute_that_is_not_declared(
    sent: tuple[TracerProvider, InMemorySpanExporter],
) -> None:
    provider, behind = sent
    with provider.get_tracer("test").start_as_current_span("call") as span:
        span.set_attribute("rpc.method", "SubmitReport")
        span.set_attribute("reporter.name", NAME)
        span.set_attribute("net.peer.ip", "192.0.2.7")

    assert only(behind).attributes == {"rpc.method": "SubmitReport"}


def test_a_declared_attribute_with_other_than_its_values_does_not_leave(
    sent: tuple[TracerProvider, InMemorySpanExporter],
) -> None:
    provider, behind = sent
    with provider.get_tracer("test").start_as_current_span("call") as span:
        span.set_attribute("hotline.lane", NAME)
        span.set_attribute("hotline.verdict", "LATE")

    assert only(behind).attributes == {"hotline.verdict": "LATE"}


def test_of_an_exception_only_its_class_leaves(sent: tuple[TracerProvider, InMemorySpanExporter]) -> None:
    provider, behind = sent
    with (
        pytest.raises(ValueError, match=NAME),
        provider.get_tracer("test").start_as_current_span("call"),
    ):
        raise ValueError(f"{NAME} stands in a row twice")

    span = only(behind)
    assert span.status.description == "ValueError"
    assert [dict(event.attributes or {}) for event in span.events] == [{"exception.type": "ValueError"}]


@pytest.mark.parametrize(
    ("described", "left"),
    [
        ("UNAVAILABLE: DATABASE_UNAVAILABLE", "UNAVAILABLE: DATABASE_UNAVAILABLE"),
        ("ValueError", "ValueError"),
        ("ValueError: TESTCASE", "ValueError"),
        (f"RPCError: {NAME}", "RPCError"),
        (f"{NAME} was not found", None),
        ("", None),
    ],
)
def test_a_status_is_described_by_codes_alone(
    sent: tuple[TracerProvider, InMemorySpanExporter], described: str, left: str | None
) -> None:
    provider, behind = sent
    with provider.get_tracer("test").start_as_current_span("call") as span:
        span.set_status(StatusCode.ERROR, described)

    assert (only(behind).status.status_code, only(behind).status.description) == (StatusCode.ERROR, left)


def test_a_link_keeps_where_it_leads_and_why(sent: tuple[TracerProvider, InMemorySpanExporter]) -> None:
    provider, behind = sent
    armed = SpanContext(7, 9, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    links = [Link(armed, {"hotline.link": "before", "who": NAME})]
    with provider.get_tracer("test").start_as_current_span("call", links=links):
        pass

    (link,) = only(behind).links
    assert (link.context, dict(link.attributes or {})) == (armed, {"hotline.link": "before"})


def test_a_process_says_of_itself_only_what_is_declared() -> None:
    told = declared_resource(Resource({"service.name": "hotline-intake", "host.name": "desk-of-somebody"}))

    assert dict(told.attributes) == {"service.name": "hotline-intake"}


class _Kept(InMemoryMetricReader):
    """An exporter's end, in memory."""

    _preferred_aggregation: dict[type, object] = {}  # noqa: RUF012 - as the SDK's exporters have it

    def export(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **_: object) -> MetricExportResult:
        self.data = metrics_data
        return MetricExportResult.SUCCESS


def test_a_metric_that_is_not_declared_does_not_leave() -> None:
    reader, kept = InMemoryMetricReader(), _Kept()
    meter = MeterProvider([reader], shutdown_on_exit=False).get_meter("a library's")
    meter.create_counter("library.of.its.own").add(1, {"user": NAME})
    meter.create_histogram("hotline.event_loop.lag", "s").record(0.25)
    collected = reader.get_metrics_data()
    assert collected is not None

    DeclaredMetrics(kept).export(collected)  # type: ignore[arg-type]

    names = [
        metric.name
        for resource in kept.data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    ]
    assert names == ["hotline.event_loop.lag"]


def test_no_instrument_is_made_that_the_schema_does_not_have() -> None:
    with pytest.raises(Undeclared, match=r"declares no histogram hotline\.surprises"):
        Histogram("hotline.surprises")
    with pytest.raises(Undeclared, match=r"declares no gauge rpc\.server\.call\.duration"):
        Gauge("rpc.server.call.duration")


def test_every_declared_metric_is_made_by_the_code_and_no_other_way_to_make_one_is_used() -> None:
    """Dashboards and alerts are built on the schema, so that what it declares must exist."""
    makers = {Histogram.__name__, Gauge.__name__, observe.__name__, "Counter", "Age"}
    made: Counter[str] = Counter()
    for file in sorted(file for room in ("chassis", "services", "workflows") for file in (ROOT / room).rglob("*.py")):
        text = file.read_text()
        if file.name != "metrics.py":
            assert "create_histogram" not in text, file
            assert "create_counter" not in text, file
            assert "_gauge(" not in text, file
        made.update(_named(ast.parse(text), makers))

    assert set(made) == set(SCHEMA.metrics)
    assert {name for name, times in made.items() if times > 1} == set()


def _named(tree: ast.AST, makers: set[str]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in makers and isinstance(node.args[0].value, str):
                yield node.args[0].value


def test_every_attribute_that_the_code_gives_a_span_is_declared() -> None:
    """Else it would be taken out without a word, and somebody would look for it in vain."""
    given = {
        name
        for room in ("chassis", "services", "workflows")
        for file in (ROOT / room).rglob("*.py")
        for name in _attributes(ast.parse(file.read_text()))
    }

    assert "messaging.destination.name" in given
    assert given - SCHEMA.spans - SCHEMA.resource - set(SCHEMA.metrics) == set()


def _attributes(tree: ast.AST) -> Iterator[str]:
    """Keys of attributes as they are written in dictionaries and in calls that set them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called == "set_attribute" and isinstance(node.args[0], ast.Constant):
                yield str(node.args[0].value)
            elif called == "tell" and isinstance(node.func, ast.Attribute) and _is_telemetry(node.func.value):
                yield from (f"hotline.{keyword.arg}" for keyword in node.keywords)
        elif isinstance(node, ast.Dict):
            keys = [key.value for key in node.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
            yield from (
                key for key in keys if key.startswith(("hotline.", "messaging.", "db.", "rpc.")) and ".v1" not in key
            )


def _is_telemetry(value: ast.expr) -> bool:
    return isinstance(value, ast.Name) and value.id == "telemetry"


def test_a_schema_that_uses_an_undeclared_attribute_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "telemetry.yaml"
    file.write_text("{resource: {}, metrics: {}, attributes: {}, spans: [hotline.caller], logs: []}")

    with pytest.raises(ValueError, match=r"does not declare: hotline\.caller"):
        read(file)


def test_dashboards_find_the_schema_of_the_code_beside_them() -> None:
    beside = ROOT / "deploy/observability/telemetry.yaml"

    assert beside.resolve() == ROOT / "chassis/telemetry.yaml"


def test_of_a_librarys_message_only_its_own_words_are_logged(capsys: pytest.CaptureFixture[str]) -> None:
    before = logging.root.handlers[:], logging.root.level
    logs.setup("test")
    stream = io.StringIO()
    handler = logging.root.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(stream)
    try:
        logging.getLogger("library").warning("cannot read %s of %s", "row 7", NAME)
        logging.getLogger("asyncio").error("\n".join(["a task failed", f"exception=ValueError('{NAME}')"]))
    finally:
        logging.root.handlers[:], logging.root.level = before[0], before[1]

    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (first["event"], second["event"]) == ("cannot read %s of %s", "a task failed")
    assert NAME not in stream.getvalue()
