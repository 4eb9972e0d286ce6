"""Sending telemetry away, over OTLP/HTTP, in threads of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider, TraceBasedExemplarFilter
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from chassis.redaction import DeclaredMetrics, DeclaredSpans, declared_resource

_SPANS_EVERY_MS = 500


def export(
    endpoint: str, resource: Mapping[str, str], metrics_every: float, *, timeout: float
) -> Sequence[Callable[[], None]]:
    """Begin to send to `endpoint`: spans as they end, metrics every `metrics_every` seconds; answers how to end it."""
    about = declared_resource(Resource.create(dict(resource)))
    base = endpoint.rstrip("/")
    tracing = TracerProvider(resource=about, shutdown_on_exit=False)
    spans = OTLPSpanExporter(f"{base}/v1/traces", timeout=timeout)
    tracing.add_span_processor(BatchSpanProcessor(DeclaredSpans(spans), schedule_delay_millis=_SPANS_EVERY_MS))
    trace.set_tracer_provider(tracing)
    figures = OTLPMetricExporter(f"{base}/v1/metrics", timeout=timeout)
    reader = PeriodicExportingMetricReader(DeclaredMetrics(figures), metrics_every * 1_000, timeout * 1_000)
    # An exemplar is a value with the trace in which it came about: from a late promise on a dashboard to its story.
    measuring = MeterProvider([reader], about, TraceBasedExemplarFilter(), shutdown_on_exit=False)
    metrics.set_meter_provider(measuring)
    return tracing.shutdown, measuring.shutdown
