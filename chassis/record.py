"""A record as it came from Kafka, kept byte for byte, and the fact in it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import protovalidate
from google.protobuf.message import DecodeError, Message

from chassis.envelope import Envelope, Headers, MalformedEnvelope
from chassis.topics import message_class


class Poison(Exception):
    """A record that no retry can mend: unreadable, or against its contract. The text names the rule, never a value."""


@dataclass(frozen=True, slots=True)
class Record:
    """One Kafka record: where it stood, and its original bytes."""

    topic: str
    partition: int
    offset: int
    key: str
    headers: Headers
    payload: bytes | None

    @classmethod
    def from_kafka(cls, message: Any) -> Record:
        """From an aiokafka `ConsumerRecord`."""
        key = (message.key or b"").decode(errors="replace")
        return cls(message.topic, message.partition, message.offset, key, list(message.headers), message.value)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Record:
        """From a row in which `stored_headers` kept it."""
        headers = [(name, base64.b64decode(value)) for name, value in row["headers"]]
        return cls(row["topic"], row["partition"], row["offset"], row["aggregate_id"], headers, row["payload"])

    def stored_headers(self) -> list[list[str]]:
        """The headers for a jsonb column; base64, because a broken record's headers may hold any bytes."""
        return [[name, base64.b64encode(value).decode()] for name, value in self.headers]

    def envelope(self) -> Envelope:
        """What the headers say; `Poison` if they do not make a fact of this key."""
        try:
            envelope = Envelope.from_headers(self.headers)
        except MalformedEnvelope as problem:
            raise Poison(f"ENVELOPE: {problem}") from problem
        if envelope.subject != self.key:
            raise Poison("ENVELOPE: the record's key is not the fact's subject")
        return envelope

    def traceparent(self) -> str | None:
        """The context to continue: the sending's if it left one, else the commit's."""
        headers = dict(self.headers)
        found = headers.get("traceparent") or headers.get("ce_traceparent")
        return found.decode(errors="replace") if found else None

    def fact(self, fact_type: str) -> Message:
        """The message in the value; `Poison` if it is not one, or violates its contract's rules."""
        if self.payload is None:
            raise Poison("VALUE: the record has none")
        fact = message_class(fact_type)()
        try:
            fact.ParseFromString(self.payload)
        except DecodeError as problem:
            raise Poison(f"VALUE: not a {fact_type}") from problem
        violations = protovalidate.collect_violations(fact)
        if violations:
            rules = ", ".join(sorted({violation.proto.rule_id for violation in violations}))
            raise Poison(f"CONTRACT: {fact_type} breaks {rules}")
        return fact
