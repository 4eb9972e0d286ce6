"""What failed while a promise waited is read from the trace store, by service and reason."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import Span, StatusCode, Tracer, format_trace_id
from pydantic import HttpUrl

from chassis.redaction import DeclaredSpans
from cli.traces import StoreUnreachable, TraceSettings, failures
from tests.contract.observability import program
from tests.otlp import receiver
from tests.telemetry.jaeger import TraceStore, running_jaeger
from tests.waiting import waited_for


@pytest.fixture(params=["receiver of the tests", "jaeger"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TraceStore]:
    """What answers as Jaeger does in every other test, and Jaeger itself, which it is held to."""
    if request.param == "jaeger":
        with running_jaeger(program("jaeger"), tmp_path) as real:
            yield real
    else:
        with receiver() as kept:
            yield TraceStore(kept.endpoint, kept.endpoint)


@pytest.fixture
def casework(store: TraceStore) -> Iterator[Tracer]:
    """The tracer of a service whose spans go into the store, as every process sends them."""
    provider = TracerProvider(resource=Resource({"service.name": "hotline-casework"}), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(DeclaredSpans(OTLPSpanExporter(f"{store.takes}/v1/traces"))))
    yield provider.get_tracer("test")
    provider.shutdown()


def test_an_outage_is_one_line_with_its_reason_and_how_often_it_was_met(store: TraceStore, casework: Tracer) -> None:
    with casework.start_as_current_span("work") as whole:
        for _ in range(3):
            with casework.start_as_current_span("ClimbRung") as span:
                span.set_attribute("hotline.reason", "DATABASE_UNAVAILABLE")
                span.set_status(StatusCode.ERROR, "UNAVAILABLE: DATABASE_UNAVAILABLE")
    settings, trace_id = TraceSettings(traces_url=HttpUrl(store.answers)), _id(whole)

    waited_for(lambda: sum(failure.times for failure in failures(settings, [trace_id])) == 3, within=10)
    (failure,) = failures(settings, [trace_id])

    assert (failure.service, failure.operation, failure.reason) == (
        "hotline-casework",
        "ClimbRung",
        "DATABASE_UNAVAILABLE",
    )
    assert failure.first <= failure.last


def test_a_trace_that_the_store_no_longer_has_tells_nothing(store: TraceStore) -> None:
    assert failures(TraceSettings(traces_url=HttpUrl(store.answers)), ["0" * 31 + "1"]) == []


def test_a_store_that_does_not_answer_is_named() -> None:
    with pytest.raises(StoreUnreachable, match=r"http://127\.0\.0\.1:9/api/traces/7f does not answer"):
        failures(TraceSettings(traces_url=HttpUrl("http://127.0.0.1:9")), ["7f"])


def _id(span: Span) -> str:
    return format_trace_id(span.get_span_context().trace_id)
