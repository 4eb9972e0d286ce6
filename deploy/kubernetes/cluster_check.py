"""`python -m deploy.kubernetes.cluster_check [OVERLAY]`: the manifests on a real API server.

Applies everything with strict validation and PodSecurity enforced, and takes any warning for a failure; rolls out; goes
over to another version while enough pods stay available; drains a node against the disruption budgets. The cluster is
that of KUBECONFIG, which must be an empty one: namespaces that are there already are refused.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import yaml

from deploy.kubernetes import kustomize
from deploy.local.processes import StackError
from deploy.local.settings import StackSettings

TIMEOUT = "300s"
NEXT = "0.0.0-check"
"""The version that the check goes over to. No such image exists: it is for clusters whose nodes are simulated."""

Manifest = dict[str, Any]


async def check(overlay: str) -> None:
    """Every step in turn; a StackError says which one failed and why."""
    _say(f"rendering {overlay}")
    program = await kustomize.program(StackSettings(), _say)
    manifests: list[Manifest] = await kustomize.rendered(program, kustomize.FOLDER / "overlays" / overlay)
    await _refuse_what_is_in_use(manifests)
    served = {line.split("/")[0] for line in (await kubectl("api-versions")).split()}
    known = [m for m in manifests if _group(m) in served]
    unknown = sorted({f"{m['kind']}.{_group(m)}" for m in manifests if _group(m) not in served})
    _say(f"not applied, because this cluster has no definition of them: {', '.join(unknown) or 'nothing'}")
    await _apply(known)
    deployments = [m["metadata"]["name"] for m in known if m["kind"] == "Deployment"]
    await _stand_in_for_operators(known)
    await _rolled_out(deployments)
    await _update(deployments)
    await _drain(deployments)
    _say("everything was applied without a warning, rolled out, updated and moved from a drained node")


async def _refuse_what_is_in_use(manifests: Iterable[Manifest]) -> None:
    present = json.loads(await kubectl("get", "namespaces", "-o", "json"))["items"]
    names = {item["metadata"]["name"] for item in present}
    taken = names & {m["metadata"]["name"] for m in manifests if m["kind"] == "Namespace"}
    if taken:
        raise StackError(f"the cluster has the namespace {', '.join(taken)} already: name an empty one by KUBECONFIG")


async def _apply(manifests: Sequence[Manifest]) -> None:
    namespaces = [m for m in manifests if m["kind"] == "Namespace"]
    for part in (namespaces, [m for m in manifests if m not in namespaces]):
        _say(f"applying {len(part)} resources")
        text = yaml.safe_dump_all(part)
        await kubectl("apply", "--server-side", "--validate=strict", "-f", "-", given=text, warnings_fail=True)


async def _stand_in_for_operators(manifests: Sequence[Manifest]) -> None:
    """Deployments whose number an autoscaler would set get two copies where none is there to do so."""
    for manifest in manifests:
        if manifest["kind"] == "Deployment" and "replicas" not in manifest["spec"]:
            await kubectl("-n", "hotline", "scale", f"deployment/{manifest['metadata']['name']}", "--replicas=2")


async def _rolled_out(deployments: Iterable[str]) -> None:
    for name in deployments:
        await kubectl("-n", "hotline", "rollout", "status", f"deployment/{name}", f"--timeout={TIMEOUT}")
    _say("every Deployment is rolled out")


async def _update(deployments: Sequence[str]) -> None:
    own = [name for name in deployments if name != "collector"]
    watching = asyncio.create_task(_fewest_available(own))
    for name in own:
        image = f"hotline=hotline-{name.partition('-')[0]}:{NEXT}"
        await kubectl("-n", "hotline", "set", "image", f"deployment/{name}", image, warnings_fail=True)
    await _rolled_out(own)
    watching.cancel()
    (fewest,) = await asyncio.gather(watching, return_exceptions=True)
    if isinstance(fewest, BaseException) and not isinstance(fewest, asyncio.CancelledError):
        raise fewest
    _say(f"{len(own)} Deployments went over to another version, and none ever had fewer copies than it should")


async def _fewest_available(deployments: Sequence[str]) -> None:
    """Looks until it is cancelled; a StackError names the Deployment that lacked a copy."""
    while True:
        found = json.loads(await kubectl("-n", "hotline", "get", "deployments", "-o", "json"))["items"]
        for each in found:
            name, available = each["metadata"]["name"], each["status"].get("availableReplicas", 0)
            if name in deployments and available < each["spec"]["replicas"]:
                raise StackError(f"{name} had {available} of {each['spec']['replicas']} copies during the update")
        await asyncio.sleep(0.2)


async def _drain(deployments: Sequence[str]) -> None:
    pods = json.loads(await kubectl("-n", "hotline", "get", "pods", "-o", "json"))["items"]
    node = max((pod["spec"]["nodeName"] for pod in pods), key=[p["spec"]["nodeName"] for p in pods].count)
    _say(f"draining {node}")
    await kubectl("drain", node, "--ignore-daemonsets", "--delete-emptydir-data", f"--timeout={TIMEOUT}")
    try:
        await _rolled_out(deployments)
    finally:
        await kubectl("uncordon", node)


async def kubectl(*arguments: str, given: str | None = None, warnings_fail: bool = False) -> str:
    """Run kubectl; its standard output. With `warnings_fail` any warning of the API server is a failure."""
    child = await asyncio.create_subprocess_exec(
        "kubectl",
        *arguments,
        stdin=asyncio.subprocess.PIPE if given else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, problems = await child.communicate(given.encode() if given else None)
    said = problems.decode(errors="replace").strip()
    if child.returncode or (warnings_fail and "Warning:" in said):
        raise StackError(f"`kubectl {' '.join(arguments)}`: {said}")
    return output.decode()


def _group(manifest: Manifest) -> str:
    # `v1` has no group: it stands for itself, as it does among the versions that a server names.
    return str(manifest["apiVersion"]).split("/")[0]


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> int:
    """Answers the exit code."""
    if not os.environ.get("KUBECONFIG"):
        sys.stderr.write("KUBECONFIG is not set: name the configuration of an empty cluster to try the manifests on\n")
        return 2
    try:
        asyncio.run(check(*(arguments or ["production"])))
    except (StackError, FileNotFoundError) as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
