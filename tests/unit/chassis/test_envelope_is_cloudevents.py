"""The envelope is CloudEvents 1.0 in Kafka's binary mode, as the `cloudevents` package reads and writes it."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from cloudevents.v1.kafka import KafkaMessage, from_binary, to_binary

from chassis.envelope import Envelope, MalformedEnvelope

ENVELOPE = Envelope(
    id=UUID("0199a0a0-0000-7000-8000-000000000001"),
    type="hotline.intake.v1.ReportSubmitted",
    source="/hotline/intake",
    time=datetime(2026, 3, 1, 12, 30, 15, 250, tzinfo=UTC),
    aggregate_type="intake.report",
    subject="0199a0a0-0000-7000-8000-000000000002",
    sequence=3,
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    actor_ref="staff-7",
)


def test_what_we_write_the_oracle_reads() -> None:
    """R137: whoever reads CloudEvents reads our facts."""
    message = KafkaMessage(dict(ENVELOPE.to_headers()), ENVELOPE.subject.encode(), b"\x0a\x01x")
    event = from_binary(message, data_unmarshaller=lambda data: data)
    attributes = event.get_attributes()
    assert attributes["specversion"] == "1.0"
    assert attributes["id"] == str(ENVELOPE.id)
    assert attributes["type"] == ENVELOPE.type
    assert attributes["source"] == ENVELOPE.source
    assert attributes["subject"] == ENVELOPE.subject
    assert attributes["partitionkey"] == ENVELOPE.subject.encode(), "the oracle reads it from the record's key"
    assert attributes["datacontenttype"] == "application/protobuf"
    assert attributes["sequence"] == "3"
    assert attributes["traceparent"] == ENVELOPE.traceparent
    assert datetime.fromisoformat(attributes["time"]) == ENVELOPE.time
    assert event.data == b"\x0a\x01x"


def test_what_the_oracle_writes_we_read() -> None:
    message = KafkaMessage(dict(ENVELOPE.to_headers()), ENVELOPE.subject.encode(), b"x")
    written = to_binary(from_binary(message, data_unmarshaller=lambda data: data), data_marshaller=lambda data: data)
    assert Envelope.from_headers(list(written.headers.items())) == ENVELOPE


def test_an_envelope_survives_its_headers_with_and_without_its_optional_parts() -> None:
    for envelope in (ENVELOPE, replace(ENVELOPE, traceparent=None, actor_ref=None)):
        assert Envelope.from_headers(envelope.to_headers()) == envelope


@pytest.mark.parametrize(
    "header", ["ce_id", "ce_type", "ce_source", "ce_time", "ce_subject", "ce_sequence", "ce_specversion"]
)
def test_a_missing_attribute_is_named(header: str) -> None:
    headers = [(name, value) for name, value in ENVELOPE.to_headers() if name != header]
    with pytest.raises(MalformedEnvelope, match=header):
        Envelope.from_headers(headers)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("ce_id", b"not an id"),
        ("ce_time", b"2026-03-01T12:30:15"),
        ("ce_time", b"yesterday"),
        ("ce_sequence", b"0"),
        ("ce_sequence", b"third"),
        ("ce_subject", b"\xff"),
        ("ce_specversion", b"0.3"),
        ("content-type", b"application/json"),
    ],
)
def test_a_malformed_attribute_is_named_and_its_value_is_not_told(header: str, value: bytes) -> None:
    headers = dict(ENVELOPE.to_headers()) | {header: value}
    with pytest.raises(MalformedEnvelope, match=header) as caught:
        Envelope.from_headers(headers.items())
    assert value.decode(errors="replace") not in str(caught.value)
