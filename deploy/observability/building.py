"""`make programs`: what checks of telemetry run and no package holds, built once into the cache from pinned Go modules.

Each folder of `programs/` is one module: its go.mod names its programs and every module they are made of, its go.sum
has the hashes.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
from functools import partial
from pathlib import Path

from deploy.kubernetes import modules
from deploy.local.cache import filled
from deploy.local.processes import Report, StackError
from deploy.local.settings import StackSettings

SOURCES = sorted(file.parent for file in (Path(__file__).parent / "programs").glob("*/go.mod"))


def built(settings: StackSettings, name: str) -> Path | None:
    """Where the program of this name is in the cache; None if it has not been built as it is pinned now."""
    return next((found for source in SOURCES if (found := _home(settings, source) / name).exists()), None)


async def build(settings: StackSettings, report: Report) -> None:
    """Build every program that the cache does not have; a StackError says what the compiler did."""
    for source in SOURCES:
        home = await filled(_home(settings, source), partial(_build, report, source), report)
        report(f"{', '.join(sorted(program.name for program in home.iterdir()))}: in {home}")


def _home(settings: StackSettings, source: Path) -> Path:
    pinned = b"".join(file.read_bytes() for file in sorted(source.iterdir()))
    return settings.cache_folder / f"{source.name}-{hashlib.sha256(pinned).hexdigest()[:8]}"


async def _build(report: Report, source: Path, folder: Path) -> None:
    report(f"building {source.name}, once: some minutes on two cores")
    await modules.install("tool", folder, folder=source)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        asyncio.run(build(StackSettings(), _say))
    except StackError as problem:
        sys.exit(str(problem))
