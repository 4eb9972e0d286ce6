"""A tiny OTLP/HTTP receiver: what a process exports is decoded and kept, so that tests can read spans and edges."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

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


class Receiver:
    """Keeps every span it is sent; `endpoint` is the value for OTEL_EXPORTER_OTLP_ENDPOINT."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._spans: list[ReceivedSpan] = []
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

    def keep(self, body: bytes) -> None:
        """Decode one export request."""
        request = ExportTraceServiceRequest.FromString(body)
        received = [_read(span, service) for service, span in _spans(request)]
        with self._arrived:
            self._spans.extend(received)
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
        if self.path == "/v1/traces":
            self.server.receiver.keep(body)  # type: ignore[attr-defined]
        answer = ExportTraceServiceResponse().SerializeToString()
        self.send_response(200 if self.path == "/v1/traces" else 404)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

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
    )
