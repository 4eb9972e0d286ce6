"""What a new stack needs before its services start: keys and tokens, topics, and the namespace of Temporal.

For trying the platform in containers: identities come from a development issuer. It finds out by itself what is there.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from chassis.identity import issue_service_token, make_development_key
from chassis.topics import TOPICS, dead_letter
from workflows.codec import make_keyring
from workflows.settings import WorkflowSettings

IDENTITY = Path("/run/hotline/identity")
CALLERS = ("intake", "triage", "casework", "notifications", "workflows")
GROUPS = (*CALLERS, "triage-shadow")
SEARCH_ATTRIBUTES = {"NextInstant": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME}
_ALREADY_THERE = 36
_RETENTION_DAYS = 30
_PATIENCE = 60.0


def make_identities() -> None:
    """The issuer's key, a token for each service, and the keys of Temporal's payloads."""
    make_development_key(IDENTITY)
    make_keyring(IDENTITY / "payload-keys.json")
    tokens = IDENTITY / "tokens"
    tokens.mkdir(exist_ok=True)
    for name in CALLERS:
        (tokens / name).write_text(issue_service_token(IDENTITY, name))


async def make_topics(bootstrap: str) -> None:
    """Every topic of the table, and where groups set aside what they cannot apply."""
    wanted = {topic.name: topic.partitions for topic in TOPICS}
    wanted |= {dead_letter(topic.name, group): 1 for topic in TOPICS for group in GROUPS}
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        answer = await admin.create_topics([NewTopic(name, partitions, 1) for name, partitions in wanted.items()])
        failed = [name for name, code, _ in answer.topic_errors if code not in (0, _ALREADY_THERE)]
    finally:
        await admin.close()
    if failed:
        raise SystemExit(f"Kafka at {bootstrap} did not create {', '.join(sorted(failed))}: its log says why")


async def make_namespace(address: str, namespace: str) -> None:
    """The namespace with its search attributes, once Temporal can be asked for them."""
    client = await Client.connect(address, namespace=namespace)
    try:
        retention = Duration(seconds=_RETENTION_DAYS * 86_400)
        await client.workflow_service.register_namespace(
            RegisterNamespaceRequest(namespace=namespace, workflow_execution_retention_period=retention)
        )
    except RPCError as refusal:
        if refusal.status is not RPCStatusCode.ALREADY_EXISTS:
            raise
    deadline = time.monotonic() + _PATIENCE
    while problem := await _unusable(client):
        if time.monotonic() > deadline:
            raise SystemExit(f"the namespace {namespace} at {address} did not become usable: {problem}")
        await asyncio.sleep(0.5)


async def _unusable(client: Client) -> str:
    # A new namespace is known to the server's parts one after the other: the question is asked until all know it.
    try:
        request = ListSearchAttributesRequest(namespace=client.namespace)
        known = (await client.operator_service.list_search_attributes(request)).custom_attributes
        missing = {name: kind for name, kind in SEARCH_ATTRIBUTES.items() if name not in known}
        if missing:
            await client.operator_service.add_search_attributes(
                AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing)
            )
        await client.count_workflows(" AND ".join(f"{name} IS NULL" for name in SEARCH_ATTRIBUTES))
    except RPCError as refusal:
        return refusal.message
    return ""


async def main() -> None:
    """All of it; what is there already stays as it is."""
    settings = WorkflowSettings()
    if not settings.development:
        raise SystemExit("HOTLINE_ENVIRONMENT is not development: a real agency has an issuer and topics of its own")
    make_identities()
    await make_topics(settings.need("kafka_bootstrap"))
    await make_namespace(settings.need("temporal_address"), settings.temporal_namespace)
    sys.stdout.write("keys, tokens, topics and namespace are there\n")


if __name__ == "__main__":
    asyncio.run(main())
