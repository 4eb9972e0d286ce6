"""What failed while a promise waited is read from the trace store, by service and reason."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import StatusCode, Tracer
from pydantic import HttpUrl

from chassis.redaction import DeclaredSpans
from cli.traces import StoreUnreachable, TraceSettings, failures
from tests.otlp import Receiver, receiver


@pytest.fixture
def store() -> Iterator[Receiver]:
    with receiver() as kept:
        yield kept


@pytest.fixture
def casework(store: Receiver) -> Iterator[Tracer]:
    """The tracer of a service whose spans go into the store, as every process sends them."""
    provider = TracerProvider(resource=Resource({"service.name": "hotline-casework"}), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(DeclaredSpans(OTLPSpanExporter(f"{store.endpoint}/v1/traces"))))
    yield provider.get_tracer("test")
    provider.shutdown()


def test_an_outage_is_one_line_with_its_reason_and_how_often_it_was_met(store: Receiver, casework: Tracer) -> None:
    with casework.start_as_current_span("work"):
        for _ in range(3):
            with casework.start_as_current_span("ClimbRung") as span:
                span.set_attribute("hotline.reason", "DATABASE_UNAVAILABLE")
                span.set_status(StatusCode.ERROR, "UNAVAILABLE: DATABASE_UNAVAILABLE")
    (trace_id,) = {span.trace_id for span in store.spans()}

    (failure,) = failures(TraceSettings(traces_url=HttpUrl(store.endpoint)), [trace_id])

    assert (failure.service, failure.operation, failure.reason, failure.times) == (
        "hotline-casework",
        "ClimbRung",
        "DATABASE_UNAVAILABLE",
        3,
    )
    assert failure.first <= failure.last


def test_a_trace_that_the_store_no_longer_has_tells_nothing(store: Receiver) -> None:
    assert failures(TraceSettings(traces_url=HttpUrl(store.endpoint)), ["0" * 31 + "1"]) == []


def test_a_store_that_does_not_answer_is_named() -> None:
    with pytest.raises(StoreUnreachable, match=r"http://127\.0\.0\.1:9/api/traces/7f does not answer"):
        failures(TraceSettings(traces_url=HttpUrl("http://127.0.0.1:9")), ["7f"])
