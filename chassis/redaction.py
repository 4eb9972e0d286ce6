"""The last thing before telemetry leaves the process: what the schema does not declare is taken out.

Instrumentation that we do not write puts addresses, texts of exceptions and whatever its next version thinks of on
spans. So this is a wall around the exporters, not a rule for whoever makes a span.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from opentelemetry.sdk.metrics.export import (
    MetricExporter,
    MetricExportResult,
    MetricsData,
    ResourceMetrics,
    ScopeMetrics,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Link, Status

from chassis.schema import SCHEMA

# A status with our reason for it, or the class of an exception: whatever else follows may quote anything.
_CODES = re.compile(r"[A-Z_]+: [A-Z_]+$|[A-Za-z_][\w.]*(?=:|$)")


class DeclaredSpans(SpanExporter):
    """Sends spans on, with declared attributes only and without a word of any exception."""

    def __init__(self, behind: SpanExporter) -> None:
        self._behind = behind

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch."""
        return self._behind.export([_span(span) for span in spans])

    def shutdown(self) -> None:
        """End, with what stands behind."""
        self._behind.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what is still queued."""
        return self._behind.force_flush(timeout_millis)


class DeclaredMetrics(MetricExporter):
    """Sends declared metrics on; what libraries count of themselves stays here."""

    def __init__(self, behind: MetricExporter) -> None:
        super().__init__(behind._preferred_temporality, behind._preferred_aggregation)
        self._behind = behind

    def export(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: Any) -> MetricExportResult:
        """Send what was collected."""
        kept = MetricsData([_declared(resource) for resource in metrics_data.resource_metrics])
        return self._behind.export(kept, timeout_millis, **kwargs)

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: Any) -> None:
        """End, with what stands behind."""
        self._behind.shutdown(timeout_millis, **kwargs)

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        """Send what is still queued."""
        return self._behind.force_flush(timeout_millis)


def declared_resource(given: Resource) -> Resource:
    """Of what a process says about itself the declared part."""
    return Resource({name: value for name, value in given.attributes.items() if name in SCHEMA.resource})


def _span(span: ReadableSpan) -> ReadableSpan:
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=SCHEMA.allowed(span.attributes or {}),
        events=[Event(event.name, SCHEMA.allowed(event.attributes or {}), event.timestamp) for event in span.events],
        links=[Link(link.context, SCHEMA.allowed(link.attributes or {})) for link in span.links],
        kind=span.kind,
        status=_status(span.status),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _status(status: Status) -> Status:
    codes = _CODES.match(status.description or "")
    return Status(status.status_code, codes[0] if codes else None)


def _declared(resource: ResourceMetrics) -> ResourceMetrics:
    scopes = [_of_scope(scope) for scope in resource.scope_metrics]
    return replace(resource, scope_metrics=[scope for scope in scopes if scope.metrics])


def _of_scope(scope: ScopeMetrics) -> ScopeMetrics:
    return replace(scope, metrics=[metric for metric in scope.metrics if metric.name in SCHEMA.metrics])
