"""PostgreSQL, Kafka and Temporal of a test's stack as containers, with what the compose file asks of them."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import docker
import yaml
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from deploy.local import checks, temporal
from deploy.local.processes import Ready
from deploy.local.settings import HOST, PORTS, StackSettings
from tests.containers import images
from tests.containers.engine import engine
from tests.containers.images import COMPOSE

START = 120.0
"""Seconds each may take until it answers."""
_INSIDE = StackSettings.model_validate({"home": Path("/")})
"""Temporal inside its container has the usual ports, and writes where anybody may."""
_WRITABLE = Path("/tmp")


@contextmanager
def containers(settings: StackSettings) -> Iterator[Mapping[str, str]]:
    """Run them on the ports that the embedded ones would have; yields their addresses as settings of a stack.

    `NoEngine` where there is nothing to run them with.
    """
    with engine() as client, ExitStack() as running:
        without_a_reaper_that_cannot_be_had(client)
        secret = secrets.token_hex(16)
        running.enter_context(_postgres(images.postgres(client), settings.port("postgres"), secret))
        running.enter_context(_kafka(images.kafka_broker(client, settings), settings.port("kafka")))
        running.enter_context(_temporal(images.temporal_server(client, settings), settings.port("temporal")))
        url = f"postgresql://postgres:{secret}@{settings.address('postgres')}/postgres"
        asyncio.run(_all_answer(url, settings.address("kafka"), settings.address("temporal")))
        yield {
            "HOTLINE_POSTGRES_URL": url,
            "HOTLINE_KAFKA_BOOTSTRAP": settings.address("kafka"),
            "HOTLINE_TEMPORAL_ADDRESS": settings.address("temporal"),
        }


def published(container: DockerContainer, inside: int, outside: int) -> DockerContainer:
    """Let this machine, and nobody else, reach a port of the container."""
    container.ports[f"{inside}/tcp"] = (HOST, outside)  # type: ignore[assignment]
    return container


def _postgres(image: str, port: int, secret: str) -> DockerContainer:
    container = DockerContainer(
        image, command=" ".join(COMPOSE["postgres"]["command"]), env={"POSTGRES_PASSWORD": secret}
    )
    return published(container, 5432, port)


def _kafka(image: str, port: int) -> DockerContainer:
    # The same port inside: the broker reaches itself where it tells its clients that it is.
    told = COMPOSE["kafka"]["environment"] | {
        "KAFKA_LISTENERS": f"PLAINTEXT://:{port},CONTROLLER://:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://{HOST}:{port}",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
    }
    return published(DockerContainer(image, env=told), port, port)


def _temporal(image: str, port: int) -> DockerContainer:
    configuration = temporal.configuration(_INSIDE, _WRITABLE)
    for service in configuration["services"].values():
        service["rpc"] = service["rpc"] | {"bindOnLocalHost": False, "bindOnIP": "0.0.0.0"}
    command = ["temporal-server", "--config-file", str(_WRITABLE / "server.yaml"), "--allow-no-auth", "start"]
    container = DockerContainer(image, entrypoint=command)
    container.with_copy_into_container(yaml.safe_dump(configuration).encode(), str(_WRITABLE / "server.yaml"))
    dynamic = yaml.safe_dump(temporal.dynamic_configuration())
    container.with_copy_into_container(dynamic.encode(), str(_WRITABLE / "dynamic.yaml"))
    return published(container, PORTS["temporal"], port)


async def _all_answer(postgres_url: str, kafka: str, temporal_address: str) -> None:
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a broker that is not up yet is what we ask about
    await asyncio.gather(
        _answers(partial(checks.postgres, postgres_url)),
        _answers(partial(checks.kafka, kafka)),
        _answers(partial(checks.serving, temporal_address, checks.TEMPORAL_SERVICE)),
    )


async def _answers(ready: Ready) -> None:
    deadline = time.monotonic() + START
    while True:
        try:
            return await ready()
        except Exception:  # any failure to answer is the answer, until it takes too long
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(0.2)


def without_a_reaper_that_cannot_be_had(client: docker.DockerClient) -> None:
    """Containers of a killed test are cleared by testcontainers' reaper; where it cannot be pulled they stay."""
    if not images.can_be_had(client, testcontainers_config.ryuk_image):
        testcontainers_config.ryuk_disabled = True
