"""A real control plane of Kubernetes on this machine, with simulated nodes: to try manifests, never to run pods.

Its programs are built once, from the modules that `control-plane/` pins. kwok plays the nodes: pods are admitted,
scheduled, counted and evicted as in any cluster, and no container of theirs is ever started.
"""

from __future__ import annotations

import hashlib
import secrets
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from deploy.kubernetes import kustomize, modules
from deploy.kubernetes.cluster import Cluster
from deploy.local.cache import filled
from deploy.local.processes import Part, Process, Report
from deploy.local.settings import HOST, StackSettings
from deploy.local.supervisor import Supervisor

SOURCES = Path(__file__).parent / "control-plane"
"""A folder for each set of programs: go.mod names them and every module they are made of, go.sum has the hashes."""
KWOK = "sigs.k8s.io/kwok@v0.8.0"
ZONES = ("a", "b", "c")
"""Each has one node, with more room than the platform needs."""


@asynccontextmanager
async def control_plane(settings: StackSettings, report: Report) -> AsyncIterator[Cluster]:
    """An empty cluster of three nodes, for as long as the context is open; nothing is left of it but its logs."""
    programs = await _programs(settings, report)
    with tempfile.TemporaryDirectory(prefix="hotline-control-plane-") as name:
        place = _Place(programs, Path(name), *_free_ports())
        _write_credentials(place)
        supervisor = Supervisor(_parts(place, settings), lambda _status: None)
        cluster = Cluster(programs / "kubectl", place.configuration)
        try:
            await supervisor.start()
            await _add_nodes(cluster)
            yield cluster
        finally:
            await supervisor.stop()


@dataclass(frozen=True)
class _Place:
    """Where one control plane has its programs, its files and its ports."""

    programs: Path
    folder: Path
    etcd: int
    etcd_peers: int
    api: int
    controllers: int
    scheduler: int

    @property
    def store(self) -> str:
        return f"http://{HOST}:{self.etcd}"

    @property
    def configuration(self) -> Path:
        return self.folder / "kubeconfig"


def _parts(place: _Place, settings: StackSettings) -> list[Part]:
    return [
        _process(place, settings, "etcd", _etcd(place)),
        _process(place, settings, "kube-apiserver", _api_server(place), after="etcd"),
        _process(place, settings, "kube-controller-manager", _controllers(place), after="kube-apiserver"),
        _process(place, settings, "kube-scheduler", _scheduler(place), after="kube-apiserver"),
        _process(place, settings, "kwok", _nodes(place), after="kube-apiserver"),
    ]


def _process(place: _Place, settings: StackSettings, program: str, options: list[str], after: str = "") -> Process:
    cluster = Cluster(place.programs / "kubectl", place.configuration)

    async def ready() -> None:
        await cluster.run("get", "--raw", "/readyz")

    return Process(
        name=program,
        argv=(str(place.programs / program), *options),
        log=settings.log(program),
        folder=place.folder,
        # The others ask until it answers, and are seen at work: nodes become ready, pods appear and are placed.
        ready=ready if program == "kube-apiserver" else None,
        after=(after,) if after else (),
    )


def _etcd(place: _Place) -> list[str]:
    peers = f"http://{HOST}:{place.etcd_peers}"
    return [
        f"--data-dir={place.folder / 'etcd'}",
        f"--listen-client-urls={place.store}",
        f"--advertise-client-urls={place.store}",
        f"--listen-peer-urls={peers}",
        f"--initial-advertise-peer-urls={peers}",
        f"--initial-cluster=default={peers}",
        # It lives for minutes: nothing in it has to outlive this machine.
        "--unsafe-no-fsync",
    ]


def _api_server(place: _Place) -> list[str]:
    return [
        f"--etcd-servers={place.store}",
        f"--bind-address={HOST}",
        f"--secure-port={place.api}",
        f"--cert-dir={place.folder / 'certificates'}",
        f"--token-auth-file={place.folder / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={place.folder / 'accounts.pub'}",
        f"--service-account-signing-key-file={place.folder / 'accounts.key'}",
    ]


def _controllers(place: _Place) -> list[str]:
    return [
        f"--kubeconfig={place.configuration}",
        f"--service-account-private-key-file={place.folder / 'accounts.key'}",
        f"--root-ca-file={_authority(place)}",
        # Simulated nodes show no sign of life: none is to be taken for dead, nor its pods for unready.
        "--node-monitor-grace-period=24h",
        "--leader-elect=false",
        f"--bind-address={HOST}",
        f"--secure-port={place.controllers}",
    ]


def _scheduler(place: _Place) -> list[str]:
    return [
        f"--kubeconfig={place.configuration}",
        "--leader-elect=false",
        f"--bind-address={HOST}",
        f"--secure-port={place.scheduler}",
    ]


def _nodes(place: _Place) -> list[str]:
    return [
        f"--kubeconfig={place.configuration}",
        f"--config={place.programs / 'stages.yaml'}",
        "--manage-all-nodes=true",
    ]


def _authority(place: _Place) -> Path:
    # The API server signs its own certificate; the file holds its authority too.
    return place.folder / "certificates" / "apiserver.crt"


def _write_credentials(place: _Place) -> None:
    """Who we are to the API server, and with what it signs the tokens of accounts: made anew for each cluster."""
    token = secrets.token_hex(32)
    (place.folder / "tokens.csv").write_text(f'{token},admin,1,"system:masters"\n')
    server = {"server": f"https://{HOST}:{place.api}", "certificate-authority": str(_authority(place))}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "control-plane", "cluster": server}],
        "users": [{"name": "admin", "user": {"token": token}}],
        "contexts": [{"name": "admin", "context": {"cluster": "control-plane", "user": "admin"}}],
        "current-context": "admin",
    }
    place.configuration.write_text(yaml.safe_dump(content))
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = serialization.Encoding.PEM
    (place.folder / "accounts.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    (place.folder / "accounts.pub").write_bytes(
        key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


async def _add_nodes(cluster: Cluster) -> None:
    room = {"cpu": "64", "memory": "256Gi", "pods": "500"}
    nodes = [
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {
                "name": f"node-{zone}",
                "annotations": {"kwok.x-k8s.io/node": "fake"},
                "labels": {"kubernetes.io/hostname": f"node-{zone}", "topology.kubernetes.io/zone": zone},
            },
            "status": {"allocatable": room, "capacity": room},
        }
        for zone in ZONES
    ]
    await cluster.run("create", "-f", "-", given=yaml.safe_dump_all(nodes))
    await cluster.run("wait", "--for=condition=Ready", "node", "--all", "--timeout=120s")


async def _programs(settings: StackSettings, report: Report) -> Path:
    """The folder of the programs, from the cache; built there first, once."""
    files = sorted(SOURCES.glob("*/go.*"))
    wanted = hashlib.sha256(b"".join([KWOK.encode(), *(file.read_bytes() for file in files)])).hexdigest()[:8]
    return await filled(settings.cache_folder / f"control-plane-{wanted}", partial(_build, settings, report), report)


async def _build(settings: StackSettings, report: Report, folder: Path) -> None:
    report("building a control plane of Kubernetes, once: a quarter of an hour on two cores")
    for source in sorted(path for path in SOURCES.iterdir() if path.is_dir()):
        report(f"building {source.name}")
        await modules.install("tool", folder, folder=source)
    (folder / "server").rename(folder / "etcd")  # Go names a program by its package
    report("building kwok")
    await modules.install(KWOK.replace("@", "/cmd/kwok@"), folder)
    stages = await modules.source(KWOK) / "kustomize" / "stage" / "fast"
    rendered = await kustomize.rendered(await kustomize.program(settings, report), stages)
    (folder / "stages.yaml").write_text(yaml.safe_dump_all(rendered))


def _free_ports() -> list[int]:
    """Five ports of this machine that nobody listens on."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(5)]
        for probe in probes:
            probe.bind((HOST, 0))
        return [int(probe.getsockname()[1]) for probe in probes]
