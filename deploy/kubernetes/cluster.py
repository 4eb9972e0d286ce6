"""A cluster, and kubectl to speak to it with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.programs import output_of


@dataclass(frozen=True)
class Cluster:
    """The cluster of one configuration (a file as in KUBECONFIG)."""

    kubectl: Path | str
    configuration: Path

    async def run(self, *arguments: str, given: str | None = None) -> str:
        """Run kubectl, with `given` as its standard input; its standard output. A StackError holds what it said."""
        failing = f"`kubectl {' '.join(arguments)}`: "
        output = await output_of(*self._command(*arguments), failing=failing, given=given.encode() if given else None)
        return output.decode()

    @asynccontextmanager
    async def watching(self, *arguments: str) -> AsyncIterator[asyncio.StreamReader]:
        """Run a kubectl that goes on until the context closes; yields its standard output."""
        child = await asyncio.create_subprocess_exec(*self._command(*arguments), stdout=asyncio.subprocess.PIPE)
        assert child.stdout is not None
        try:
            yield child.stdout
        finally:
            child.kill()
            await child.wait()

    def _command(self, *arguments: str) -> tuple[str, ...]:
        return (str(self.kubectl), "--kubeconfig", str(self.configuration), *arguments)
