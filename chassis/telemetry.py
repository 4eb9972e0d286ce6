"""Traces with one context from the first call to the last mail: gRPC, outbox and Kafka all continue the same trace.

What a person does days later begins a trace of its own, and is linked with what it takes up again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import grpc
from google.protobuf.message import Message
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.instrumentation.grpc import aio_client_interceptors, aio_server_interceptor
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from uuid_utils.compat import uuid7

from chassis import logs
from chassis.settings import Settings

_propagator = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("hotline.chassis")

Shutdown = Callable[[], None]

INSTANCE = str(uuid7())
"""This process, from its start to its end, among all copies of it."""

# Facts that say so are of the danger lane: its traces are all kept.
_DANGER = {"danger_now": "DANGER_NOW_YES", "tier": "TIER_T0"}


def setup(service_name: str, part: str, settings: Settings, *, shutdown_timeout: float = 5.0) -> Shutdown:
    """Configure logs, traces and metrics of this process; they leave over OTLP/HTTP only if an endpoint is set.

    Only what the telemetry schema declares leaves. Answers what to call last: it sends what is still queued and gives
    up after `shutdown_timeout` seconds.
    """
    logs.setup(service_name)
    if settings.otlp_endpoint is None:
        return lambda: None
    # Only here, so that a process without an endpoint neither loads the exporters nor starts their threads.
    from chassis.exporting import export

    attributes = {"service.name": service_name, "service.instance.id": INSTANCE, "hotline.part": part}
    providers = export(settings.otlp_endpoint, attributes, settings.metrics_every, timeout=shutdown_timeout)
    return lambda: _shut_down(providers, shutdown_timeout)


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
    traceparent: str | None,
    name: str,
    kind: SpanKind,
    attributes: Mapping[str, str | int] | None = None,
    links: Sequence[Link] = (),
) -> Iterator[Span]:
    """A span that is a child of a stored context, in the same trace. An exception is recorded by its type alone."""
    parent = _propagator.extract({"traceparent": traceparent}) if traceparent else Context()
    with _tracer.start_as_current_span(
        name,
        context=parent,
        kind=kind,
        attributes=dict(attributes or {}),
        links=links,
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield span
        except BaseException as problem:
            span.set_status(StatusCode.ERROR, type(problem).__name__)
            raise


def link_of(traceparent: str | None, why: str) -> list[Link]:
    """The link to a stored context, for a span that begins: `armed`, `caused` or `committed` it; none without one."""
    context = _span_context(traceparent)
    return [Link(context, {"hotline.link": why})] if context.is_valid else []


def link(traceparent: str | None, why: str) -> None:
    """Link the current span with a stored context, however long ago that was."""
    span: Any = trace.get_current_span()
    context = _span_context(traceparent)
    if context.is_valid and span.is_recording():
        span.add_link(context, {"hotline.link": why})


def is_recorded() -> bool:
    """Whether anybody will see the current span."""
    return trace.get_current_span().is_recording()


def creating(topic: str, fact: Message, aggregate: str, sequence: int) -> AbstractContextManager[Span]:
    """A span for a fact that is put into the outbox: what it is about, as far as its own fields say so."""
    fields = fact.DESCRIPTOR.fields_by_name
    about: dict[str, str | int] = {
        "messaging.system": "kafka",
        "messaging.destination.name": topic,
        "hotline.fact": fact.DESCRIPTOR.full_name,
        "hotline.aggregate": aggregate,
        "hotline.sequence": sequence,
    }
    if "reference" in fields:
        about["hotline.reference"] = getattr(fact, "reference")  # noqa: B009 - of whichever fact has it
    if any(name in fields and _word(fact, name) == danger for name, danger in _DANGER.items()):
        about["hotline.lane"] = "danger"
    return continue_trace(current_traceparent(), f"create {topic}", SpanKind.PRODUCER, about)


def tell(**attributes: str) -> None:
    """Say on the current span what it is about: `reference="7ZK4-M2QX"` is its attribute `hotline.reference`."""
    span = trace.get_current_span()
    for name, value in attributes.items():
        span.set_attribute(f"hotline.{name}", value)


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
    """A span for every call this process answers, child of the caller's; probes have none.

    OpenTelemetry's interceptor would also break the health service's Watch, which is a coroutine that writes to its
    context.
    """
    interceptor: grpc.aio.ServerInterceptor[Any, Any] = aio_server_interceptor(filter_=_is_told_of)  # type: ignore[no-untyped-call]
    return interceptor


def _is_told_of(call: grpc.HandlerCallDetails) -> bool:
    return not call.method.startswith("/grpc.health.")


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


def _word(fact: Message, name: str) -> str:
    field = fact.DESCRIPTOR.fields_by_name[name]
    value = field.enum_type.values_by_number.get(getattr(fact, name)) if field.enum_type else None
    return value.name if value else ""


def _span_context(traceparent: str | None) -> SpanContext:
    context = _propagator.extract({"traceparent": traceparent or ""}, Context())
    return trace.get_current_span(context).get_span_context()


def _shut_down(providers: Sequence[Callable[[], None]], timeout: float) -> None:
    # The SDK's own shutdown has been seen to hang on an exporter that cannot reach its endpoint.
    ending = [threading.Thread(target=provider, daemon=True) for provider in providers]
    for thread in ending:
        thread.start()
    until = time.monotonic() + timeout
    for thread in ending:
        thread.join(max(0.0, until - time.monotonic()))
