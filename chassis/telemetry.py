"""Traces with one context from the first call to the last mail: gRPC, outbox and Kafka all continue the same trace."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import grpc
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.instrumentation.grpc import aio_client_interceptors, aio_server_interceptor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from chassis import logs
from chassis.settings import Settings

_propagator = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("hotline.chassis")

Shutdown = Callable[[], None]


def setup(service_name: str, settings: Settings, *, shutdown_timeout: float = 5.0) -> Shutdown:
    """Configure logs and traces for this process; spans leave over OTLP/HTTP only if an endpoint is set.

    Answers what to call last: it sends what is still queued and gives up after `shutdown_timeout` seconds.
    """
    logs.setup(service_name)
    if settings.otlp_endpoint is None:
        return lambda: None
    # Only here, so that a process without an endpoint neither loads the exporter nor starts its thread.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    provider = TracerProvider(resource=Resource.create({"service.name": service_name}), shutdown_on_exit=False)
    provider.add_span_processor(
        BatchSpanProcessor(OTLPSpanExporter(timeout=shutdown_timeout), schedule_delay_millis=500)
    )
    trace.set_tracer_provider(provider)
    return lambda: _shut_down(provider, shutdown_timeout)


def current_traceparent() -> str | None:
    """The W3C trace context of here and now, to be stored with what will be done later; None outside any trace."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier.get("traceparent")


def current_trace_id() -> str | None:
    """The id by which the whole way of a report can be followed; None outside any trace."""
    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else None


@contextmanager
def continue_trace(
    traceparent: str | None, name: str, kind: SpanKind, attributes: Mapping[str, str | int] | None = None
) -> Iterator[Span]:
    """A span that is a child of a stored context, in the same trace. An exception is recorded by its type alone."""
    parent = _propagator.extract({"traceparent": traceparent}) if traceparent else Context()
    with _tracer.start_as_current_span(
        name,
        context=parent,
        kind=kind,
        attributes=dict(attributes or {}),
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield span
        except BaseException as problem:
            span.set_status(StatusCode.ERROR, type(problem).__name__)
            raise


@contextmanager
def statement(query: str) -> Iterator[None]:
    """A span for one SQL statement inside a trace: its text, never its parameters or the database's words about them.

    Own code because the published instrumentation records exceptions with their text, which quotes rows, and begins a
    new trace for every poll.
    """
    if not trace.get_current_span().is_recording():
        yield
        return
    verb = query.split(maxsplit=1)[0]
    attributes = {"db.system.name": "postgresql", "db.query.text": query}
    with continue_trace(current_traceparent(), verb, SpanKind.CLIENT, attributes):
        yield


def server_interceptor() -> grpc.aio.ServerInterceptor[Any, Any]:
    """A span for every call this process answers, child of the caller's."""
    interceptor: grpc.aio.ServerInterceptor[Any, Any] = aio_server_interceptor()  # type: ignore[no-untyped-call]
    return interceptor


def client_interceptors() -> Sequence[Any]:
    """A span for every call this process makes, whose context travels with it."""
    interceptors: Sequence[Any] = aio_client_interceptors()  # type: ignore[no-untyped-call]
    return interceptors


def record_refusal(code: grpc.StatusCode, reason: str) -> None:
    """Note on the call's span how it ended: the OpenTelemetry interceptor overlooks `abort_with_status`."""
    span: Any = trace.get_current_span()
    span.set_attribute("rpc.grpc.status_code", code.value[0])
    span.set_attribute("hotline.reason", reason)
    span.set_status(StatusCode.ERROR, f"{code.name}: {reason}")


def _shut_down(provider: TracerProvider, timeout: float) -> None:
    # The SDK's own shutdown has been seen to hang on an exporter that cannot reach its endpoint.
    ending = threading.Thread(target=provider.shutdown, daemon=True)
    ending.start()
    ending.join(timeout)
