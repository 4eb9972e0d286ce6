"""`python -m deploy.kubernetes.cluster_check [OVERLAY...]`: the manifests on a real API server.

Installs the release before, goes over to this one by the steps of docs/operations/kubernetes.md, goes back, and drains
a node; with strict validation and PodSecurity enforced, and any warning is a failure. The cluster is that of
KUBECONFIG, an empty one with simulated nodes; without KUBECONFIG each overlay gets one of its own.
"""

from __future__ import annotations

import asyncio
import copy
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml

from deploy.kubernetes import agency, kustomize
from deploy.kubernetes.cluster import Cluster
from deploy.kubernetes.control_plane import control_plane
from deploy.kubernetes.definitions import definitions
from deploy.local.processes import StackError
from deploy.local.settings import StackSettings

OVERLAYS = ("production", "small-agency", "development")
TIMEOUT = "--timeout=300s"
BEFORE = "0.0.9"
"""The version of the release before. No such image exists, which is why the nodes must be simulated."""
COPIES = 4
"""Of what an autoscaler scales: more than there are zones, so that the loss of one is felt."""
MIGRATIONS = "app.kubernetes.io/component=migrate"

MISTAKES: tuple[tuple[str, tuple[str | int, ...], object], ...] = (
    ("Deployment", ("spec", "template", "spec", "containers", 0, "securityContext", "allowPrivilegeEscalation"), True),
    ("Deployment", ("spec", "template", "spec", "hostNetwork"), True),
    ("Deployment", ("spec", "replica"), 2),
    ("KafkaTopic", ("spec", "partitions"), 0),
    ("Cluster", ("spec", "instance"), 3),
)
"""What a check must find to be worth anything: a kind of resource, the place of a value, and a wrong one."""

Manifest = dict[str, Any]


async def check(cluster: Cluster, overlay: str) -> None:
    """Every step in turn; a StackError says which one failed and why."""
    _say(f"{overlay}: rendering")
    manifests = await _manifests(overlay)
    await _refuse_what_is_in_use(cluster, manifests)
    await _define(cluster)
    before = _release_before(manifests)
    _say(f"{overlay}: installing {BEFORE}")
    await _apply(cluster, [m for m in manifests if m["kind"] == "Namespace"])
    await _refuses_mistakes(cluster, before)
    await _apply(cluster, before)
    await _migrated(cluster)
    await _scale(cluster, before)
    await _rolled_out(cluster)
    for version, release in ((_version(manifests), manifests), (BEFORE, before)):
        _say(f"{overlay}: going over to {version}")
        await _go_over(cluster, release)
    await _drain(cluster)
    _say(f"{overlay}: applied without a warning, rolled out, updated, put back, and moved from a drained node")


async def _manifests(overlay: str) -> list[Manifest]:
    """What Temporal needs, and the overlay; `production` as an agency builds on it."""
    program = await kustomize.program(StackSettings(), _say)
    with tempfile.TemporaryDirectory() as name:
        own = agency.write(Path(name)) if overlay == "production" else kustomize.FOLDER / "overlays" / overlay
        around = await kustomize.rendered(program, kustomize.FOLDER / "temporal")
        return around + await kustomize.rendered(program, own)


async def _refuse_what_is_in_use(cluster: Cluster, manifests: Iterable[Manifest]) -> None:
    present = json.loads(await cluster.run("get", "namespaces", "-o", "json"))["items"]
    names = {item["metadata"]["name"] for item in present}
    taken = names & {m["metadata"]["name"] for m in manifests if m["kind"] == "Namespace"}
    if taken:
        raise StackError(f"the cluster has the namespace {', '.join(taken)} already: name an empty one by KUBECONFIG")


async def _define(cluster: Cluster) -> None:
    """Make known what operators would; those that a cluster knows already stay as they are."""
    known = set((await cluster.run("get", "customresourcedefinitions", "-o", "name")).split())
    missing = [
        definition
        for definition in await definitions(StackSettings(), _say)
        if f"customresourcedefinition.apiextensions.k8s.io/{definition['metadata']['name']}" not in known
    ]
    if missing:
        await cluster.run("create", "-f", "-", given=yaml.safe_dump_all(missing))
        await cluster.run("wait", "--for=condition=Established", "customresourcedefinition", "--all", TIMEOUT)


def _version(manifests: Iterable[Manifest]) -> str:
    (name,) = {
        container["image"].rpartition(":")[2]
        for manifest in manifests
        if manifest["kind"] == "Job"
        for container in manifest["spec"]["template"]["spec"]["containers"]
    }
    return str(name)


def _release_before(manifests: Sequence[Manifest]) -> list[Manifest]:
    """The same under another version, wherever a version stands: in images, names and labels."""
    text, version = yaml.safe_dump_all(manifests), _version(manifests)
    for name, other in ((version, BEFORE), (version.replace(".", "-"), BEFORE.replace(".", "-"))):
        text = text.replace(name, other)
    return kustomize.parsed(text)


async def _apply(cluster: Cluster, manifests: Sequence[Manifest], *selection: str) -> None:
    text = yaml.safe_dump_all(manifests)
    strict = ("--server-side", "--validate=strict", "--warnings-as-errors")
    await cluster.run("apply", *strict, *selection, "-f", "-", given=text)


async def _refuses_mistakes(cluster: Cluster, manifests: Sequence[Manifest]) -> None:
    for kind, (*way, last), value in MISTAKES:
        wrong = copy.deepcopy(next(m for m in manifests if m["kind"] == kind))
        place: Any = wrong
        for step in way:
            place = place[step]
        place[last] = value
        try:
            await _apply(cluster, [wrong], "--dry-run=server")
        except StackError as refusal:
            if str(last) in str(refusal):
                continue
            raise
        raise StackError(f"the cluster took a {kind} whose {last} is {value}: it proves nothing about the others")


async def _migrated(cluster: Cluster) -> None:
    await cluster.run("-n", "hotline", "wait", "--for=condition=Complete", "job", "--selector", MIGRATIONS, TIMEOUT)


async def _rolled_out(cluster: Cluster) -> None:
    for name in await _deployments(cluster):
        await cluster.run("-n", "hotline", "rollout", "status", f"deployment/{name}", TIMEOUT)


async def _deployments(cluster: Cluster) -> list[str]:
    listed = await cluster.run("-n", "hotline", "get", "deployments", "-o", "json")
    return [deployment["metadata"]["name"] for deployment in json.loads(listed)["items"]]


async def _scale(cluster: Cluster, release: Sequence[Manifest]) -> None:
    """Say how many copies, where an autoscaler would and none is there to do so."""
    for manifest in release:
        if manifest["kind"] == "Deployment" and "replicas" not in manifest["spec"]:
            name = f"deployment/{manifest['metadata']['name']}"
            await cluster.run("-n", "hotline", "scale", name, f"--replicas={COPIES}")


async def _go_over(cluster: Cluster, release: Sequence[Manifest]) -> None:
    """The steps of the page: tables first, then the rest, and what the other release began goes on beside it."""
    async with _nobody_missing(cluster, "availableReplicas", allowed=0):
        await cluster.run("-n", "hotline", "delete", "job", "--selector", MIGRATIONS, "--ignore-not-found")
        await _apply(cluster, release, "--selector", MIGRATIONS)
        await _migrated(cluster)
        await _apply(cluster, release)
        await _scale(cluster, release)
        await _rolled_out(cluster)


async def _drain(cluster: Cluster) -> None:
    """Empty the node that has most; budgets let one copy at a time go."""
    running = ("get", "pods", "--field-selector=status.phase=Running", "-o", "json")
    nodes = [pod["spec"]["nodeName"] for pod in json.loads(await cluster.run("-n", "hotline", *running))["items"]]
    node = max(nodes, key=nodes.count)
    _say(f"draining {node}, which has {nodes.count(node)} of {len(nodes)} pods")
    # A budget counts a copy as soon as it is ready, and does not wait until it counts as available.
    async with _nobody_missing(cluster, "readyReplicas", allowed=1):
        await cluster.run("drain", node, "--ignore-daemonsets", "--delete-emptydir-data", TIMEOUT)
        await _rolled_out(cluster)


@asynccontextmanager
async def _nobody_missing(cluster: Cluster, counted: str, allowed: int) -> AsyncIterator[None]:
    """Follow every change to the Deployments that are there; a StackError names one that ever lacked more copies.

    `counted` is the field of a Deployment's status that says how many it has.
    """
    judged, changes, all_seen = set(await _deployments(cluster)), list[str](), asyncio.Event()

    async def follow(told: asyncio.StreamReader) -> None:
        async for line in told:
            changes.append(line.decode())
            if judged <= {change.split()[0] for change in changes}:
                all_seen.set()

    columns = f'jsonpath={{.metadata.name}} {{.spec.replicas}} {{.status.{counted}}}{{"\\n"}}'
    async with cluster.watching("-n", "hotline", "get", "deployments", "--watch", "-o", columns) as told:
        following = asyncio.create_task(follow(told))
        try:
            await asyncio.wait_for(all_seen.wait(), 60)
        except TimeoutError:
            raise StackError(
                f"a watch of Deployments did not tell of {', '.join(sorted(judged))} in a minute"
            ) from None
        yield
    await following
    for name, wanted, *found in (change.split() for change in changes):
        there = int(found[0]) if found else 0
        if name in judged and int(wanted) - there > allowed:
            raise StackError(f"{name} had {there} of {wanted} copies meanwhile")
    _say(f"{len(changes)} changes to Deployments, and none of the {len(judged)} ever lacked more than {allowed} copies")


async def _given_cluster(configuration: Path) -> Cluster:
    cluster = Cluster("kubectl", configuration)
    nodes = json.loads(await cluster.run("get", "nodes", "-o", "json"))["items"]
    real = [n["metadata"]["name"] for n in nodes if "kwok.x-k8s.io/node" not in n["metadata"].get("annotations", {})]
    if real or not nodes:
        raise StackError(
            f"the cluster of KUBECONFIG ({configuration}) has real nodes or none ({', '.join(real) or 'none'}): "
            "name one whose nodes kwok simulates, or unset KUBECONFIG to have one made"
        )
    return cluster


async def check_all(overlays: Sequence[str]) -> None:
    """Each overlay on an empty cluster of its own; on the cluster of KUBECONFIG, if there is one, only one of them."""
    if given := os.environ.get("KUBECONFIG"):
        (overlay,) = overlays or OVERLAYS[:1]
        await check(await _given_cluster(Path(given)), overlay)
        return
    for overlay in overlays or OVERLAYS:
        async with control_plane(StackSettings(), _say) as cluster:
            await check(cluster, overlay)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(overlays: Sequence[str]) -> int:
    """Answers the exit code."""
    # Whoever is told to end takes the control plane with it, as on Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        asyncio.run(check_all(overlays))
    except KeyboardInterrupt:
        return 130
    except (StackError, FileNotFoundError) as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
