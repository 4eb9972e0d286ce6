"""One table of topics: code, AsyncAPI document, the cluster's resources and the rights of each service agree."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, cast

import grpc
import pytest
import yaml

from chassis.topics import TOPICS, dead_letter
from deploy.kubernetes import generate, kafka
from services.casework import consumers as casework
from services.notifications import consumers as notifications
from services.triage import consumers as triage
from services.triage.shadow import consumers as shadow
from tests.contract.manifests import Deployment
from workflows.bridge import Bridge

_FILES = generate.files()
_DOCUMENT = generate.PROJECT / "docs" / "architecture" / "asyncapi.yaml"


@pytest.mark.parametrize("path", sorted(_FILES), ids=lambda path: str(path.relative_to(generate.PROJECT)))
def test_generated_files_are_up_to_date(path: Any) -> None:
    assert path.read_text() == _FILES[path], "run `make manifests`"


async def test_groups_read_what_the_programs_subscribe_to() -> None:
    async with grpc.aio.insecure_channel("never-called.invalid:1") as channel:
        subscriptions = {
            "triage": _asked(triage.subscriptions, channel),
            "triage-shadow": _asked(shadow.subscriptions, channel),
            "casework": _asked(casework.subscriptions, channel),
            "notifications": _asked(notifications.subscriptions, channel),
            "workflows": Bridge(cast(Any, None), patience=1).subscriptions(),
        }
    assert {group: tuple(sorted(read)) for group, read in subscriptions.items()} == dict(kafka.READS)


def _asked(subscriptions: Callable[..., Mapping[str, Any]], channel: grpc.aio.Channel) -> Mapping[str, Any]:
    # Handlers keep what they are given for later; none of it is used to say what is read.
    return subscriptions(*(channel for _ in inspect.signature(subscriptions).parameters))


def test_the_cluster_has_every_topic_and_no_other(overlay: Deployment) -> None:
    groups = [group for of_service in kafka.USERS.values() for group in of_service]
    dead = {dead_letter(topic, group) for group in groups for topic in kafka.READS[group]}
    assert overlay.names("KafkaTopic") == {topic.name for topic in TOPICS} | dead


def test_facts_are_on_two_brokers_before_they_count_as_sent(overlay: Deployment) -> None:
    one_node = overlay.name == "development"
    for topic in overlay.of_kind("KafkaTopic"):
        spec = topic["spec"]
        assert (spec["replicas"], spec["config"]["min.insync.replicas"]) == ((1, 1) if one_node else (3, 2))
        assert spec["config"]["cleanup.policy"] == "delete"


def test_the_cluster_makes_no_topic_on_the_fly(overlay: Deployment) -> None:
    assert overlay.named("Kafka", "hotline")["spec"]["kafka"]["config"]["auto.create.topics.enable"] is False


def test_nobody_reaches_kafka_without_a_certificate(overlay: Deployment) -> None:
    cluster = overlay.named("Kafka", "hotline")["spec"]["kafka"]
    assert cluster["authorization"] == {"type": "simple"}
    assert [(each["tls"], each["authentication"]) for each in cluster["listeners"]] == [(True, {"type": "tls"})]


def test_rights_name_what_they_are_for(overlay: Deployment) -> None:
    for user in overlay.of_kind("KafkaUser"):
        assert user["spec"]["authentication"] == {"type": "tls"}
        for rule in user["spec"]["authorization"]["acls"]:
            assert rule["resource"]["patternType"] == "literal"
            assert set(rule["operations"]) <= {"Read", "Write", "Describe"}


@pytest.mark.parametrize("service", sorted(kafka.USERS))
def test_a_service_writes_its_own_facts_and_reads_what_it_subscribes_to(overlay: Deployment, service: str) -> None:
    rights = _rights(overlay, f"{service}-kafka")
    groups = kafka.USERS[service]
    own = {topic.name for topic in TOPICS if topic.name.split(".")[1] == service}
    read = {topic for group in groups for topic in kafka.READS[group]}
    dead = {dead_letter(topic, group) for group in groups for topic in kafka.READS[group]}
    assert {name for name, operations in rights["topic"].items() if "Write" in operations} == own | dead
    assert {name for name, operations in rights["topic"].items() if "Read" in operations} == read
    assert set(rights["group"]) == set(groups)


def test_the_autoscaler_sees_how_far_readers_are_and_no_fact(overlays: Mapping[str, Deployment]) -> None:
    rights = _rights(overlays["production"], "autoscaler-kafka")
    assert {operation for named in rights.values() for allowed in named.values() for operation in allowed} == {
        "Describe"
    }


def _rights(made: Deployment, user: str) -> dict[str, dict[str, set[str]]]:
    found: dict[str, dict[str, set[str]]] = {"topic": {}, "group": {}}
    for rule in made.named("KafkaUser", user)["spec"]["authorization"]["acls"]:
        found[rule["resource"]["type"]].setdefault(rule["resource"]["name"], set()).update(rule["operations"])
    return found


def test_the_document_describes_every_topic_with_its_facts() -> None:
    """R137: in AsyncAPI, for whoever connects a system of theirs."""
    document = yaml.safe_load(_DOCUMENT.read_text())
    assert document["asyncapi"] == "3.0.0"
    described = {
        channel["address"]: {document["components"]["messages"][name]["name"] for name in channel["messages"]}
        for channel in document["channels"].values()
    }
    assert described == {topic.name: set(topic.facts) for topic in TOPICS}


def test_the_document_has_the_partitions_and_copies_of_the_cluster(overlays: Mapping[str, Deployment]) -> None:
    document = yaml.safe_load(_DOCUMENT.read_text())
    for channel in document["channels"].values():
        binding = channel["bindings"]["kafka"]
        spec = overlays["production"].named("KafkaTopic", channel["address"])["spec"]
        assert (binding["partitions"], binding["replicas"]) == (spec["partitions"], spec["replicas"])
        assert binding["topicConfiguration"]["retention.ms"] == spec["config"]["retention.ms"]


def test_every_reference_in_the_document_leads_somewhere() -> None:
    document = yaml.safe_load(_DOCUMENT.read_text())
    references = list(_references(document))
    assert references
    for reference in references:
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def _references(part: Any) -> list[str]:
    if isinstance(part, list):
        return [found for each in part for found in _references(each)]
    if not isinstance(part, dict):
        return []
    own = [part["$ref"]] if "$ref" in part else []
    return own + [found for each in part.values() for found in _references(each)]


def test_facts_carry_nothing_that_names_people() -> None:
    """Facts carry references, codes and times; a field with such a name would carry more."""
    document = yaml.safe_load(_DOCUMENT.read_text())
    forbidden = {
        "full_name",
        "first_name",
        "last_name",
        "address",
        "street",
        "phone",
        "email",
        "narrative",
        "birth_date",
    }
    for message in document["components"]["messages"].values():
        assert not forbidden & set(_fields(message["payload"])), message["name"]


def _fields(schema: Any) -> list[str]:
    if not isinstance(schema, dict):
        return []
    nested = [found for each in schema.get("properties", {}).values() for found in _fields(each)]
    return [
        *schema.get("properties", {}),
        *nested,
        *_fields(schema.get("items")),
        *_fields(schema.get("additionalProperties")),
    ]
