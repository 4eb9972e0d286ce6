"""Topics, and who may do what with them, as Strimzi's resources: from the table of topics and who reads what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from chassis.topics import TOPICS, Topic, dead_letter

PARTITIONS = 12
"""Of every topic. It cannot grow later: a key would move to another partition, and its facts would lose their order."""
REPLICAS = 3
IN_SYNC = 2
"""An acknowledged fact is on at least so many brokers."""
RETENTION = timedelta(days=30)
"""As long as services keep the rows they have sent."""

READS: Mapping[str, tuple[str, ...]] = {
    "triage": ("hotline.casework.investigation.v1", "hotline.casework.staff.v1", "hotline.intake.report.v1"),
    "triage-shadow": ("hotline.triage.decision.v1",),
    "casework": (
        "hotline.intake.callback.v1",
        "hotline.intake.complaint.v1",
        "hotline.intake.contact.v1",
        "hotline.intake.voicemail.v1",
        "hotline.notifications.notification.v1",
        "hotline.triage.decision.v1",
    ),
    "notifications": ("hotline.casework.promise.v1", "hotline.casework.staff.v1"),
    "workflows": ("hotline.casework.investigation.v1", "hotline.casework.promise.v1"),
}
"""Which topics each consumer group subscribes to; a test holds it to the programs."""

USERS: Mapping[str, tuple[str, ...]] = {
    "intake": (),
    "triage": ("triage",),
    "casework": ("casework",),
    "notifications": ("notifications",),
    "workflows": ("workflows",),
}
"""Each service with the consumer groups of its own that run in the cluster: the shadow slot does not."""

Resource = dict[str, Any]


def owner_of(topic: Topic) -> str:
    """The service whose facts a topic carries."""
    return topic.name.split(".")[1]


def dead_letters() -> list[str]:
    """Where the groups set aside what they cannot apply: one topic for each that a group reads."""
    return sorted(dead_letter(topic, group) for group in _deployed() for topic in READS[group])


def topics() -> list[Resource]:
    """Every topic of the platform."""
    live = [_topic(topic.name, PARTITIONS) for topic in TOPICS]
    return [*live, *(_topic(name, 1) for name in dead_letters())]


def user(service: str) -> Resource:
    """A service towards Kafka: it writes its own facts and dead letters, reads what it subscribes to, and no more."""
    groups = USERS[service]
    written = [topic.name for topic in TOPICS if owner_of(topic) == service]
    set_aside = [dead_letter(topic, group) for group in groups for topic in READS[group]]
    read = sorted({topic for group in groups for topic in READS[group]})
    return _user(
        "kafka",
        [
            *(_allowed("topic", name, "Write", "Describe") for name in (*written, *sorted(set_aside))),
            *(_allowed("topic", name, "Read", "Describe") for name in read),
            *(_allowed("group", name, "Read") for name in groups),
        ],
    )


def lag_watcher() -> Resource:
    """Who asks how far consumers are behind: the autoscaler. It may read no fact."""
    read = sorted({topic for group in _deployed() for topic in READS[group]})
    return _user(
        "autoscaler-kafka",
        [
            *(_allowed("topic", name, "Describe") for name in read),
            *(_allowed("group", name, "Describe") for name in _deployed()),
        ],
    )


def _deployed() -> list[str]:
    return [group for groups in USERS.values() for group in groups]


def _topic(name: str, partitions: int) -> Resource:
    config = {
        "cleanup.policy": "delete",
        "max.message.bytes": 1_048_576,
        "min.insync.replicas": IN_SYNC,
        "retention.ms": int(RETENTION.total_seconds() * 1000),
    }
    spec = {"partitions": partitions, "replicas": REPLICAS, "config": config}
    return _resource("KafkaTopic", name, spec)


def _user(name: str, acls: Iterable[Resource]) -> Resource:
    authorization = {"type": "simple", "acls": list(acls)}
    return _resource("KafkaUser", name, {"authentication": {"type": "tls"}, "authorization": authorization})


def _allowed(kind: str, name: str, *operations: str) -> Resource:
    return {"resource": {"type": kind, "name": name, "patternType": "literal"}, "operations": list(operations)}


def _resource(kind: str, name: str, spec: Resource) -> Resource:
    metadata = {"name": name, "labels": {"strimzi.io/cluster": "hotline"}}
    return {"apiVersion": "kafka.strimzi.io/v1", "kind": kind, "metadata": metadata, "spec": spec}
