"""Is it there, and does it answer? One real exchange with each kind of server; each raises when it does not."""

import time
from pathlib import Path

import aiosmtplib
import asyncpg
import grpc
from aiokafka.admin import AIOKafkaAdminClient
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub

TIMEOUT = 5.0
"""Seconds any one exchange may take."""

BEAT = 60.0
"""Seconds between two heartbeats at most."""

TEMPORAL_SERVICE = "temporal.api.workflowservice.v1.WorkflowService"


async def postgres(url: str) -> None:
    """A query is answered, with the role and password of `url`."""
    connection = await asyncpg.connect(url, timeout=TIMEOUT)
    try:
        await connection.fetchval("select 1", timeout=TIMEOUT)
    finally:
        await connection.close(timeout=TIMEOUT)


async def kafka(bootstrap: str) -> None:
    """The cluster's metadata names at least one broker."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=int(TIMEOUT * 1000))
    try:
        await admin.start()
        cluster = await admin.describe_cluster()
        if not cluster["brokers"]:
            raise ConnectionError(f"the Kafka cluster at {bootstrap} has no broker")
    finally:
        await admin.close()


async def consuming(bootstrap: str, group: str) -> None:
    """The consumer group has members, and every partition of its topics is one member's: facts are read from now on."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=int(TIMEOUT * 1000))
    try:
        await admin.start()
        (answer,) = await admin.describe_consumer_groups([group])
        state = answer.groups[0][2]
        if state != "Stable":
            raise ConnectionError(f"the consumer group {group} is {state or 'not there yet'}")
    finally:
        await admin.close()


async def serving(address: str, service: str = "") -> None:
    """The gRPC health service says that `service` is SERVING ("" is the server as a whole)."""
    async with grpc.aio.insecure_channel(address) as channel:
        answer = await HealthStub(channel).Check(HealthCheckRequest(service=service), timeout=TIMEOUT)
    if answer.status != HealthCheckResponse.SERVING:
        raise ConnectionError(f"{address} answers {HealthCheckResponse.ServingStatus.Name(answer.status)}")


async def smtp(address: str) -> None:
    """The mail server greets and answers EHLO."""
    host, _, port = address.rpartition(":")
    client = aiosmtplib.SMTP(hostname=host, port=int(port), timeout=TIMEOUT, start_tls=False)
    async with client:
        await client.ehlo()


async def beating(heartbeat: Path) -> None:
    """The file with which a process says that it goes round was written of late."""
    age = time.time() - heartbeat.stat().st_mtime
    if age > BEAT:
        raise ConnectionError(f"the last round ended {age:.0f} s ago, by {heartbeat.name}")
