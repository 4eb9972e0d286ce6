"""The platform's own processes on this machine: what each is, what it comes after, what its environment tells it."""

import asyncio
import os
from functools import partial
from pathlib import Path

from chassis.health import READINESS
from deploy.local import checks, infrastructure, kafka, postgres
from deploy.local.passwords import password
from deploy.local.processes import Part, Process, Ready, Report, StackError, Step
from deploy.local.settings import PROJECT, PYTHON, SERVICES, StackSettings, environment

WORKFLOWS = "workflows"
IDENTITIES = (*SERVICES, WORKFLOWS)
"""Who calls under a service's name: each has its token."""
GROUPS = (*IDENTITIES, "triage-shadow")
"""Who reads facts: each has its dead letters of every topic."""
READERS = ("triage", "casework", "notifications")
"""The services that subscribe to facts of others; each is its own consumer group, as the workflows are."""
DEAD_LETTER_PARTITIONS = 1

SERVICE_PROCESSES = ("api", "relay", "consumer")
OWN_PROCESSES = {"notifications": ("sender",)}
"""What a service runs beside those that every service runs."""
WORKFLOW_PROCESSES = ("worker", "bridge", "reconciler")
WORKER_HEALTH = "worker's health"
"""The port on which the worker says that it has begun to take tasks: it answers no calls that would show it."""
FOUNDATIONS = ("topics", "identity", "temporal namespace", "mail", "phone")


def platform_processes(settings: StackSettings) -> list[Part]:
    """Databases, topics and identity, then every service's migrations and processes, then those of the workflows."""
    return [
        Step(name="databases", run=partial(_databases, settings), after=("postgres",)),
        Step(name="topics", run=partial(_topics, settings), after=("kafka",)),
        Step(name="identity", run=partial(_identity, settings)),
        *(part for service in SERVICES for part in _service(settings, service)),
        *(_workflow(settings, kind) for kind in WORKFLOW_PROCESSES),
    ]


def _service(settings: StackSettings, service: str) -> list[Part]:
    migrated = f"{service} migrate"
    return [
        Step(name=migrated, run=partial(_migrate, settings, service), after=("databases",)),
        _api(settings, service, after=(migrated, *FOUNDATIONS)),
        *(
            Process(
                name=f"{service} {kind}",
                argv=(PYTHON, "-m", f"services.{service}", kind),
                env=_environment(settings, service),
                log=settings.log(f"{service} {kind}"),
                ready=_reading(settings, service) if kind == "consumer" and service in READERS else None,
                after=(migrated, *FOUNDATIONS),
            )
            for kind in (*SERVICE_PROCESSES, *_own_processes(settings, service))
            if kind != "api"
        ),
    ]


def _own_processes(settings: StackSettings, service: str) -> tuple[str, ...]:
    shadow = ("shadow",) if service == "triage" and settings.shadow_model != "off" else ()
    return OWN_PROCESSES.get(service, ()) + shadow


def _api(settings: StackSettings, service: str, after: tuple[str, ...]) -> Process:
    return Process(
        name=f"{service} api",
        argv=(PYTHON, "-m", f"services.{service}", "api"),
        env=_environment(settings, service) | {"HOTLINE_PORT": str(settings.port(service))},
        log=settings.log(f"{service} api"),
        address=settings.address(service),
        ports=(settings.port(service),),
        ready=partial(checks.serving, settings.address(service)),
        stop_grace=30.0,
        after=after,
    )


def _workflow(settings: StackSettings, kind: str) -> Process:
    health = settings.port(WORKER_HEALTH) if kind == "worker" else None
    return Process(
        name=f"{WORKFLOWS} {kind}",
        argv=(PYTHON, "-m", WORKFLOWS, kind),
        env=_environment(settings, WORKFLOWS) | ({"HOTLINE_HEALTH_PORT": str(health)} if health else {}),
        log=settings.log(f"{WORKFLOWS} {kind}"),
        ports=(health,) if health else (),
        ready=_workflow_ready(settings, kind),
        stop_grace=40.0,
        after=(*FOUNDATIONS, *(f"{service} api" for service in SERVICES)),
    )


def _workflow_ready(settings: StackSettings, kind: str) -> Ready:
    if kind == "reconciler":
        return partial(checks.beating, _heartbeat(settings))
    if kind == "worker":
        return partial(checks.serving, settings.address(WORKER_HEALTH), READINESS)
    return _reading(settings, WORKFLOWS)


def _reading(settings: StackSettings, group: str) -> Ready:
    # Without it a stack that has just started would count as healthy while nobody reads facts yet.
    return partial(checks.consuming, infrastructure.addresses(settings).kafka_bootstrap, group)


def _environment(settings: StackSettings, name: str) -> dict[str, str]:
    """What a process of the service (or of the workflows) called `name` is told."""
    at = infrastructure.addresses(settings)
    values = {
        "HOTLINE_ENVIRONMENT": "development",
        "HOTLINE_KAFKA_BOOTSTRAP": at.kafka_bootstrap,
        "HOTLINE_TEMPORAL_ADDRESS": at.temporal_address,
        "HOTLINE_SMTP_ADDRESS": at.smtp_address,
        "HOTLINE_PHONE_GATEWAY": at.phone_gateway,
        "HOTLINE_IDENTITY_KEYS": str(settings.identity / "jwks.json"),
        "HOTLINE_TOKEN_FILE": str(_token_file(settings, name)),
        "HOTLINE_PACK": settings.pack,
    }
    values |= {f"HOTLINE_{service.upper()}_ADDRESS": settings.address(service) for service in SERVICES}
    if name in SERVICES:
        database = database_name(name)
        values["HOTLINE_DATABASE_URL"] = postgres.database_url(
            at.postgres_url, database, password(settings.folder, database)
        )
    if name == "triage":
        values["HOTLINE_SHADOW_MODEL"] = settings.shadow_model
    if name == "notifications":
        values["HOTLINE_SEND_LEASE"] = str(settings.send_lease)
    if name == WORKFLOWS:
        values["HOTLINE_PAYLOAD_KEYS"] = str(payload_keys(settings))
        values["HOTLINE_HEARTBEAT_FILE"] = str(_heartbeat(settings))
    if name == "casework":
        values["HOTLINE_CERTIFICATE_KEY"] = str(settings.identity / "certificate.pem")
    if settings.crash_file:
        values["HOTLINE_CRASH_FILE"] = str(settings.crash_file)
    if settings.otel_exporter_otlp_endpoint:
        values["OTEL_EXPORTER_OTLP_ENDPOINT"] = settings.otel_exporter_otlp_endpoint
    return values


def database_name(service: str) -> str:
    """The name of a service's database, and of the role that owns it."""
    return f"hotline_{service}"


def payload_keys(settings: StackSettings) -> Path:
    """The keyring with which workflows encrypt what Temporal stores."""
    return settings.identity / "payload-keys.json"


def _heartbeat(settings: StackSettings) -> Path:
    return settings.folder / "reconciler.json"


def _token_file(settings: StackSettings, name: str) -> Path:
    return settings.identity / "tokens" / name


async def _databases(settings: StackSettings, report: Report) -> None:
    server = infrastructure.addresses(settings).postgres_url
    for service in SERVICES:
        name = database_name(service)
        await postgres.ensure_database(server, name, password(settings.folder, name))


async def _topics(settings: StackSettings, report: Report) -> None:
    from chassis.topics import TOPICS, dead_letter  # here, so that the outside parts can be run without the platform

    topics = {topic.name: topic.partitions for topic in TOPICS}
    topics |= {dead_letter(topic.name, group): DEAD_LETTER_PARTITIONS for topic in TOPICS for group in GROUPS}
    await kafka.ensure_topics(infrastructure.addresses(settings).kafka_bootstrap, topics)


async def _identity(settings: StackSettings, report: Report) -> None:
    from chassis.identity import issue_service_token, make_development_key
    from workflows.codec import make_keyring

    make_development_key(settings.identity)
    make_keyring(payload_keys(settings))
    for name in IDENTITIES:
        path = _token_file(settings, name)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        draft = path.with_name(f".{name}.new")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(issue_service_token(settings.identity, name))
        draft.replace(path)


async def _migrate(settings: StackSettings, service: str, report: Report) -> None:
    log = settings.log(f"{service} migrate")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as file:
        child = await asyncio.create_subprocess_exec(
            *(PYTHON, "-m", f"services.{service}", "migrate"),
            env=environment(_environment(settings, service)),
            cwd=PROJECT,
            stdout=file,
            stderr=file,
        )
        try:
            code = await child.wait()
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
    if code:
        ending = "\n    ".join(log.read_text(errors="replace").splitlines()[-8:])
        raise StackError(f"the migrations of {service} failed; their log is {log}, ending:\n    {ending}")
