"""The table of topics, the contracts and the chassis' own reasons name the same things."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from chassis import topics
from chassis.errors import Reason
from hotline.type.v1 import error_pb2

PROTO = Path(__file__).parents[3] / "proto"
EVENTS = sorted(PROTO.glob("hotline/*/v1/*_events.proto"))


def test_every_fact_of_the_contracts_has_exactly_one_topic() -> None:
    for file in EVENTS:
        import_module(".".join(file.relative_to(PROTO).with_suffix("").parts) + "_pb2")
    declared = [fact for topic in topics.TOPICS for fact in topic.facts]
    contracts = {
        f"hotline.{file.parts[-3]}.v1.{name}"
        for file in EVENTS
        for name in re.findall(r"^message (\w+)", file.read_text(), re.MULTILINE)
    }
    assert sorted(declared) == sorted(contracts)
    assert {topics.message_class(fact).DESCRIPTOR.full_name for fact in declared} == contracts


def test_every_reason_of_the_chassis_is_a_value_of_the_contract() -> None:
    assert {f"ERROR_REASON_{reason}" for reason in Reason} <= set(error_pb2.ErrorReason.keys())


def test_a_topic_and_its_aggregate_type_name_each_other() -> None:
    for topic in topics.TOPICS:
        assert topics.topic_of(topics.aggregate_type_of(topic.name)) == topic.name


def test_an_aggregate_type_without_a_topic_is_a_clear_error() -> None:
    with pytest.raises(ValueError, match=r"no topic hotline\.intake\.weather\.v1"):
        topics.topic_of("intake.weather")
