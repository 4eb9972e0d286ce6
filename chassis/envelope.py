"""A fact on Kafka: CloudEvents 1.0, binary mode. The value is the protobuf message, everything else is headers.

Own code because it is one page; the `cloudevents` package is the oracle in its test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

_CONTENT_TYPE = b"application/protobuf"

T = TypeVar("T")
Headers = list[tuple[str, bytes]]


class MalformedEnvelope(Exception):
    """The headers do not make a fact: which one is missing or wrong."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is known of a fact besides its content.

    `type` is the full name of the protobuf message, `source` the service as `/hotline/<context>`, `subject` the
    aggregate's id, `sequence` the aggregate's version that this fact made (from 1, without gaps), `traceparent` the W3C
    trace context of the commit, `actor_ref` who did it (a reference, never a name).
    """

    id: UUID
    type: str
    source: str
    time: datetime
    aggregate_type: str
    subject: str
    sequence: int
    traceparent: str | None = None
    actor_ref: str | None = None

    def to_headers(self) -> Headers:
        """Kafka headers of the CloudEvents binding; the record's key must be `subject`."""
        attributes = {
            "ce_specversion": "1.0",
            "ce_id": str(self.id),
            "ce_type": self.type,
            "ce_source": self.source,
            "ce_time": self.time.isoformat(),
            "ce_subject": self.subject,
            "ce_partitionkey": self.subject,
            "ce_aggregatetype": self.aggregate_type,
            "ce_sequence": str(self.sequence),
        }
        if self.traceparent:
            attributes["ce_traceparent"] = self.traceparent
        if self.actor_ref:
            attributes["ce_actorref"] = self.actor_ref
        return [("content-type", _CONTENT_TYPE), *((name, value.encode()) for name, value in attributes.items())]

    @classmethod
    def from_headers(cls, headers: Iterable[tuple[str, bytes]]) -> Envelope:
        """The envelope of a record; `MalformedEnvelope` names the attribute that is missing or wrong."""
        raw = dict(headers)
        if raw.get("content-type") != _CONTENT_TYPE:
            raise MalformedEnvelope("content-type is not application/protobuf")
        if _text(raw, "ce_specversion") != "1.0":
            raise MalformedEnvelope("ce_specversion is not 1.0")
        return cls(
            id=_parsed(raw, "ce_id", UUID),
            type=_text(raw, "ce_type"),
            source=_text(raw, "ce_source"),
            time=_parsed(raw, "ce_time", _instant),
            aggregate_type=_text(raw, "ce_aggregatetype"),
            subject=_text(raw, "ce_subject"),
            sequence=_parsed(raw, "ce_sequence", _sequence),
            traceparent=_text(raw, "ce_traceparent") if "ce_traceparent" in raw else None,
            actor_ref=_text(raw, "ce_actorref") if "ce_actorref" in raw else None,
        )


def _text(raw: Mapping[str, bytes], name: str) -> str:
    try:
        return raw[name].decode()
    except KeyError:
        raise MalformedEnvelope(f"{name} is missing") from None
    except UnicodeDecodeError:
        raise MalformedEnvelope(f"{name} is not UTF-8") from None


def _parsed(raw: Mapping[str, bytes], name: str, parse: Callable[[str], T]) -> T:
    try:
        return parse(_text(raw, name))
    except ValueError:
        raise MalformedEnvelope(f"{name} is malformed") from None


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("no time zone")
    return instant


def _sequence(text: str) -> int:
    sequence = int(text)
    if sequence < 1:
        raise ValueError("sequences start at 1")
    return sequence
