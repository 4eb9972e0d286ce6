"""A fact as a row of the outbox, and the row as a Kafka record."""

from __future__ import annotations

import zlib
from typing import Any

import protovalidate
from google.protobuf.message import Message

from chassis.envelope import Envelope

# How many virtual partitions the outbox has; relays share them. Rows carry theirs, so it must not shrink.
PARTITIONS = 8
# Kafka's default limit for a record is 1 MiB with its headers; a fact carries references and codes, and is far smaller.
LARGEST_FACT = 256 * 1024


def partition_of(aggregate_id: str) -> int:
    """The virtual partition of an aggregate: all its facts go through one, in order."""
    return zlib.crc32(aggregate_id.encode()) % PARTITIONS


def row(envelope: Envelope, fact: Message) -> tuple[Any, ...]:
    """The arguments of the query `emit`. Raises if the fact violates its contract or is too large to be sent."""
    protovalidate.validate(fact)
    payload = fact.SerializeToString(deterministic=True)
    if len(payload) > LARGEST_FACT:
        raise ValueError(f"{envelope.type} has {len(payload)} bytes; a fact may have {LARGEST_FACT}: send references")
    return (
        envelope.id,
        envelope.aggregate_type,
        envelope.subject,
        envelope.type,
        payload,
        {name: value.decode() for name, value in envelope.to_headers()},
        envelope.sequence,
        partition_of(envelope.subject),
        envelope.time,
    )
