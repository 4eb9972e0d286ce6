"""Which services work together on a report, and by what: a table, and the journey's traces hold to it."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress

from tests.otlp import ReceivedSpan
from tests.telemetry.conftest import Journey
from tests.waiting import waited_for

INTAKE, TRIAGE, CASEWORK, NOTIFICATIONS = (
    "hotline-intake", "hotline-triage", "hotline-casework", "hotline-notifications",
)  # fmt: skip
BRIDGE, WORKER = "hotline-workflows-bridge", "hotline-workflows-worker"

# From, to, by what. A new edge is declared here, when it is meant.
EDGES = {
    (INTAKE, TRIAGE, "kafka"),
    (INTAKE, CASEWORK, "kafka"),
    (TRIAGE, CASEWORK, "kafka"),
    (CASEWORK, TRIAGE, "kafka"),
    (CASEWORK, BRIDGE, "kafka"),
    (CASEWORK, NOTIFICATIONS, "kafka"),
    (BRIDGE, WORKER, "temporal"),
    (WORKER, CASEWORK, "grpc"),
    (WORKER, NOTIFICATIONS, "grpc"),
    (NOTIFICATIONS, CASEWORK, "kafka"),
}


def test_every_declared_edge_is_seen_and_no_other(journey: Journey) -> None:
    # The last spans are on their way for a moment; which are lacking after that is said by the comparison.
    with suppress(AssertionError):
        waited_for(lambda: edges(of_the_report(journey)) >= EDGES, within=30)
    assert edges(of_the_report(journey)) == EDGES


def test_from_the_first_ring_one_finds_the_certificate(journey: Journey) -> None:
    """In its trace, or in one that links connect with it: days lie between a promise and its end (R113)."""
    spans = of_the_report(journey)
    contact = {
        span.trace_id for span in spans if span.attributes.get("hotline.fact") == "hotline.intake.v1.ContactOpened"
    }
    certified = {span.trace_id for span in spans if span.attributes.get("hotline.verdict") == "LATE"}

    assert len(contact) == 1
    assert len(certified) == 1
    assert certified <= reached_from(contact, spans)


def test_a_wait_is_linked_with_the_commit_that_armed_it(journey: Journey) -> None:
    spans = of_the_report(journey)
    closing = [
        span
        for span in spans
        if span.attributes.get("hotline.fact") == "hotline.casework.v1.PromiseClosed"
        and span.name == "create hotline.casework.promise.v1"
    ]
    assert closing
    for span in closing:
        assert [why for _, why in span.links] == ["before"]


def test_what_is_read_from_kafka_is_linked_with_the_commit_that_it_tells_of(journey: Journey) -> None:
    read = [span for span in of_the_report(journey) if span.kind == "CONSUMER"]
    assert read
    for span in read:
        assert (span.trace_id, "committed") in span.links


def test_no_name_no_address_and_no_word_that_was_said_leaves_a_process(journey: Journey) -> None:
    """R103."""
    secrets = ("Ada", "Kowal", "Selma", "selma.vik", "does not fit", "Castellan", "@office")
    told = " ".join(f"{span.name} {span.attributes} {span.events}" for span in journey.told.spans())

    assert [secret for secret in secrets if secret in told] == []


def of_the_report(journey: Journey) -> list[ReceivedSpan]:
    """Every span of every trace that is about the report, or linked with one that is."""
    spans = journey.told.spans()
    about = {span.trace_id for span in spans if span.attributes.get("hotline.reference") == journey.reference}
    linked = reached_from(about, spans)
    return [span for span in spans if span.trace_id in linked]


def reached_from(traces: set[str], spans: list[ReceivedSpan]) -> set[str]:
    """All traces that links connect with these, in whichever direction."""
    beside: dict[str, set[str]] = defaultdict(set)
    for span in spans:
        for other, _ in span.links:
            beside[span.trace_id].add(other)
            beside[other].add(span.trace_id)
    reached, next_ones = set(traces), set(traces)
    while next_ones:
        next_ones = {other for trace in next_ones for other in beside[trace]} - reached
        reached |= next_ones
    return reached


def edges(spans: list[ReceivedSpan]) -> set[tuple[str, str, str]]:
    """Which process's span is a child of which other's, and how it came there."""
    by_id = {span.span_id: span for span in spans}
    return {
        (by_id[span.parent_id].service, span.service, _by(span))
        for span in spans
        if span.parent_id in by_id and by_id[span.parent_id].service != span.service
    }


def _by(span: ReceivedSpan) -> str:
    if span.kind == "CONSUMER":
        return "kafka"
    return "grpc" if span.attributes.get("rpc.system") == "grpc" else "temporal"


def test_the_receiver_is_heard_by_every_process(journey: Journey) -> None:
    parts = {(point.service, point.part) for point in journey.told.points("hotline.event_loop.lag")}

    services = {
        (f"hotline-{name}", part)
        for name in ("intake", "triage", "casework", "notifications")
        for part in ("api", "relay", "consumer")
    }
    assert parts == services | {
        ("hotline-notifications", "sender"),
        (WORKER, "worker"),
        (BRIDGE, "bridge"),
        ("hotline-workflows-reconciler", "reconciler"),
    }
