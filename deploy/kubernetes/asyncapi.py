"""The facts of the platform as an AsyncAPI 3 document, for whoever reads them without reading the code."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from chassis.topics import TOPICS, Topic, message_class
from deploy.kubernetes import kafka

Document = dict[str, Any]

_HEADERS = {
    "content-type": "application/protobuf",
    "ce_specversion": "1.0",
    "ce_id": "the fact's id, a UUIDv7",
    "ce_type": "full name of the protobuf message",
    "ce_source": "the service, as /hotline/<context>",
    "ce_time": "when it was committed, RFC 3339",
    "ce_subject": "the aggregate's id",
    "ce_partitionkey": "the aggregate's id, which is the record's key",
    "ce_aggregatetype": "<context>.<aggregate>",
    "ce_sequence": "the aggregate's version that this fact made: from 1, without gaps",
}
"""The headers that every fact has, and what each says."""
_OPTIONAL_HEADERS = {
    "ce_traceparent": "W3C trace context of the commit",
    "ce_actorref": "who did it: a reference, never a name",
}
_SCALARS = {
    FieldDescriptor.CPPTYPE_BOOL: "boolean",
    FieldDescriptor.CPPTYPE_DOUBLE: "number",
    FieldDescriptor.CPPTYPE_FLOAT: "number",
    FieldDescriptor.CPPTYPE_INT32: "integer",
    FieldDescriptor.CPPTYPE_INT64: "integer",
    FieldDescriptor.CPPTYPE_UINT32: "integer",
    FieldDescriptor.CPPTYPE_UINT64: "integer",
    FieldDescriptor.CPPTYPE_STRING: "string",
}


def document(version: str) -> Document:
    """The whole document: a channel for each topic, an operation for each who writes and each who reads it."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Facts of Hotline",
            "version": version,
            "description": "References, codes and times; never names, addresses, telephone numbers or narrative.",
        },
        "defaultContentType": "application/protobuf",
        "channels": {_key(topic): _channel(topic) for topic in TOPICS},
        "operations": dict(_operations()),
        "components": {
            "messages": {_short(fact): _message(fact) for topic in TOPICS for fact in topic.facts},
            "messageTraits": {"fact": _envelope()},
        },
    }


def _channel(topic: Topic) -> Document:
    binding = {
        "topic": topic.name,
        "partitions": kafka.PARTITIONS,
        "replicas": kafka.REPLICAS,
        "topicConfiguration": {
            "cleanup.policy": ["delete"],
            "retention.ms": int(kafka.RETENTION.total_seconds() * 1000),
        },
        "bindingVersion": "0.5.0",
    }
    return {
        "address": topic.name,
        "messages": {_short(fact): {"$ref": f"#/components/messages/{_short(fact)}"} for fact in topic.facts},
        "bindings": {"kafka": binding},
    }


def _operations() -> Iterable[tuple[str, Document]]:
    for topic in TOPICS:
        channel = {"$ref": f"#/channels/{_key(topic)}"}
        owner = kafka.owner_of(topic)
        yield f"{owner}.sends.{_key(topic)}", {"action": "send", "channel": channel, "title": f"{owner} tells"}
        for group, names in kafka.READS.items():
            if topic.name in names:
                binding = {"groupId": {"type": "string", "enum": [group]}, "bindingVersion": "0.5.0"}
                yield (
                    f"{group}.receives.{_key(topic)}",
                    {
                        "action": "receive",
                        "channel": channel,
                        "title": f"{group} hears",
                        "bindings": {"kafka": binding},
                    },
                )


def _message(fact: str) -> Document:
    return {
        "name": fact,
        "title": _short(fact),
        "contentType": "application/protobuf",
        "traits": [{"$ref": "#/components/messageTraits/fact"}],
        "payload": _schema(cast(Descriptor, message_class(fact).DESCRIPTOR)),
    }


def _envelope() -> Document:
    texts = _HEADERS | _OPTIONAL_HEADERS
    headers = {name: {"type": "string", "description": text} for name, text in texts.items()}
    key = {"type": "string", "description": "the aggregate's id"}
    return {
        "headers": {"type": "object", "required": list(_HEADERS), "properties": headers},
        "bindings": {"kafka": {"key": key, "bindingVersion": "0.5.0"}},
    }


def _schema(message: Descriptor) -> Document:
    return {
        "type": "object",
        "title": message.full_name,
        "properties": {field.name: _field(field) for field in message.fields},
    }


def _field(field: FieldDescriptor) -> Document:
    nested = field.message_type
    if nested is not None and nested.GetOptions().map_entry:
        return {"type": "object", "additionalProperties": _one(nested.fields_by_name["value"])}
    return {"type": "array", "items": _one(field)} if field.is_repeated else _one(field)


def _one(field: FieldDescriptor) -> Document:
    if field.message_type is not None:
        return _well_known(field.message_type) or _schema(field.message_type)
    if field.enum_type is not None:
        return {"type": "string", "enum": [value.name for value in field.enum_type.values]}
    return {"type": _SCALARS[field.cpp_type]}


def _well_known(message: Descriptor) -> Document:
    formats = {"google.protobuf.Timestamp": "date-time", "google.protobuf.Duration": "duration"}
    known = formats.get(message.full_name)
    return {"type": "string", "format": known} if known else {}


def _short(fact: str) -> str:
    return fact.rpartition(".")[2]


def _key(topic: Topic) -> str:
    return topic.name.removeprefix("hotline.").removesuffix(".v1")
