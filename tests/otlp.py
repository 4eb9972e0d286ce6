"""A tiny OTLP/HTTP receiver: what processes export is decoded and kept, and tests read spans, edges and metrics.

It answers what is asked of a trace store, too: `GET /api/traces/<id>`, as Jaeger does.
"""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


@dataclass(frozen=True)
class ReceivedSpan:
    """One span as it was exported; ids in hex, `parent_id` empty for a root, `kind` and `status` as in the protocol."""

    service: str
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    status: str
    attributes: dict[str, Any] = field(default_factory=dict)
    events: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    """The other spans' (trace id, why)."""
    begun: int = 0
    """Nanoseconds since 1970, as `ended`."""
    ended: int = 0


@dataclass(frozen=True)
class ReceivedPoint:
    """One reading of a metric: `value` is a gauge's or counter's, or how many values a histogram has had."""

    service: str
    part: str
    metric: str
    unit: str
    kind: str
    attributes: Mapping[str, str]
    value: float
    exemplars: tuple[str, ...] = ()
    """The traces of single values of a histogram."""


class Receiver:
    """Keeps every span it is sent; `endpoint` is the value for OTEL_EXPORTER_OTLP_ENDPOINT."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._spans: list[ReceivedSpan] = []
        self._points: list[ReceivedPoint] = []
        self._arrived = threading.Condition()

    def spans(self, trace_id: str | None = None) -> list[ReceivedSpan]:
        """All spans so far, or those of one trace."""
        with self._arrived:
            return [span for span in self._spans if trace_id in (None, span.trace_id)]

    def edges(self, trace_id: str) -> set[tuple[str, str]]:
        """The trace's edges as (parent's `service: name`, child's `service: name`)."""
        spans = {span.span_id: span for span in self.spans(trace_id)}
        named = {identifier: f"{span.service}: {span.name}" for identifier, span in spans.items()}
        return {(named[span.parent_id], named[span.span_id]) for span in spans.values() if span.parent_id in named}

    def points(self, metric: str | None = None) -> list[ReceivedPoint]:
        """All readings so far, or those of one metric."""
        with self._arrived:
            return [point for point in self._points if metric in (None, point.metric)]

    def keep_spans(self, body: bytes) -> None:
        """Decode one export request of spans."""
        request = ExportTraceServiceRequest.FromString(body)
        received = [_read(span, service) for service, span in _spans(request)]
        with self._arrived:
            self._spans.extend(received)
            self._arrived.notify_all()

    def keep_points(self, body: bytes) -> None:
        """Decode one export request of metrics."""
        received = list(_points(ExportMetricsServiceRequest.FromString(body)))
        with self._arrived:
            self._points.extend(received)
            self._arrived.notify_all()


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A receiver that listens on a free port of this machine as long as the block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    kept = Receiver(f"http://127.0.0.1:{server.server_port}")
    server.receiver = kept  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        receiver: Receiver = self.server.receiver  # type: ignore[attr-defined]
        if self.path == "/v1/traces":
            receiver.keep_spans(body)
            self._answer(200, "application/x-protobuf", ExportTraceServiceResponse().SerializeToString())
        elif self.path == "/v1/metrics":
            receiver.keep_points(body)
            self._answer(200, "application/x-protobuf", ExportMetricsServiceResponse().SerializeToString())
        else:
            self._answer(404, "text/plain", b"")

    def do_GET(self) -> None:
        receiver: Receiver = self.server.receiver  # type: ignore[attr-defined]
        spans = receiver.spans(self.path.rpartition("/")[2])
        found = {"data": [_as_jaeger(spans)]} if spans else {"data": [], "errors": [{"code": 404}]}
        self._answer(200 if spans else 404, "application/json", json.dumps(found).encode())

    def _answer(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Silent: the test reads the spans, not the requests."""


def _spans(request: ExportTraceServiceRequest) -> Iterator[tuple[str, Any]]:
    for resource in request.resource_spans:
        service = next((a.value.string_value for a in resource.resource.attributes if a.key == "service.name"), "")
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield service, span


def _read(span: Any, service: str) -> ReceivedSpan:
    return ReceivedSpan(
        service=service,
        name=span.name,
        kind=span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        status=span.status.StatusCode.Name(span.status.code).removeprefix("STATUS_CODE_"),
        attributes={a.key: getattr(a.value, a.value.WhichOneof("value") or "string_value") for a in span.attributes},
        events=tuple(str(event) for event in span.events),
        links=tuple(
            (link.trace_id.hex(), next((a.value.string_value for a in link.attributes), "")) for link in span.links
        ),
        begun=span.start_time_unix_nano,
        ended=span.end_time_unix_nano,
    )


def _points(request: ExportMetricsServiceRequest) -> Iterator[ReceivedPoint]:
    for resource in request.resource_metrics:
        about = {a.key: a.value.string_value for a in resource.resource.attributes}
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                kind = metric.WhichOneof("data") or ""
                for point in getattr(metric, kind).data_points:
                    yield ReceivedPoint(
                        service=about.get("service.name", ""),
                        part=about.get("hotline.part", ""),
                        metric=metric.name,
                        unit=metric.unit,
                        kind="counter" if kind == "sum" and metric.sum.is_monotonic else kind,
                        attributes={a.key: a.value.string_value for a in point.attributes},
                        value=point.count if kind == "histogram" else getattr(point, point.WhichOneof("value")),
                        exemplars=tuple(exemplar.trace_id.hex() for exemplar in point.exemplars),
                    )


def _as_jaeger(spans: Sequence[ReceivedSpan]) -> dict[str, Any]:
    """A trace as Jaeger's query service answers it; its times are microseconds."""
    return {
        "traceID": spans[0].trace_id,
        "spans": [
            {
                "traceID": span.trace_id,
                "spanID": span.span_id,
                "operationName": span.name,
                "references": [{"refType": "CHILD_OF", "traceID": span.trace_id, "spanID": span.parent_id}],
                "startTime": span.begun // 1000,
                "duration": (span.ended - span.begun) // 1000,
                "tags": [
                    *({"key": name, "type": "string", "value": value} for name, value in span.attributes.items()),
                    *([{"key": "error", "type": "bool", "value": True}] if span.status == "ERROR" else []),
                ],
                "processID": span.service,
            }
            for span in spans
        ],
        "processes": {span.service: {"serviceName": span.service, "tags": []} for span in spans},
    }
