"""Programs and files of Go modules."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from deploy.local.go import INSTALL, environment, go
from deploy.local.programs import output_of


async def install(package: str, binaries: Path, folder: Path | None = None) -> None:
    """Build a package (`path@version`), or what the go.mod in `folder` pins; programs go to the folder `binaries`."""
    await _go(*INSTALL, package, folder=folder or binaries, binaries=binaries)


async def source(module: str) -> Path:
    """The files of a module (`path@version`), verified by the public record of checksums."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "go.mod").write_text("module nothing\n")
        answer = json.loads(await _go("mod", "download", "-json", module, folder=folder, binaries=folder))
    return Path(answer["Dir"])


async def _go(*arguments: str, folder: Path, binaries: Path) -> bytes:
    failing = f"`go {' '.join(arguments)}` failed: is there a network for packages?\n"
    return await output_of(*go(*arguments), failing=failing, env=environment(binaries), cwd=folder)
