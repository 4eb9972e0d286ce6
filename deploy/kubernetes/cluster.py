"""A cluster, and kubectl to speak to it with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.processes import StackError


@dataclass(frozen=True)
class Cluster:
    """The cluster of one configuration (a file as in KUBECONFIG)."""

    kubectl: Path | str
    configuration: Path

    async def run(self, *arguments: str, given: str | None = None) -> str:
        """Run kubectl, with `given` as its standard input; its standard output. A StackError holds what it said."""
        child = await asyncio.create_subprocess_exec(
            *self._command(*arguments),
            stdin=asyncio.subprocess.PIPE if given else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            output, problems = await child.communicate(given.encode() if given else None)
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        if child.returncode:
            raise StackError(f"`kubectl {' '.join(arguments)}`: {problems.decode(errors='replace').strip()}")
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
