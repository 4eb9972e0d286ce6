"""The release before this one, from this checkout's history: its tree with its own contracts, and its own command."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from deploy.local.settings import PROJECT
from tests.stack import clean_environment, reachable_folder

COMMIT = "cfa1e800df0e6242b93a82ec247c8b666839b295"
"""What this release must run beside. With each release: the commit of the one before it."""


@contextmanager
def former_tree() -> Iterator[Path]:
    """The files of the former release; skipped, and said so, in a checkout without its history."""
    known = (
        shutil.which("git")
        and not subprocess.run(
            ["git", "cat-file", "-e", f"{COMMIT}^{{commit}}"], cwd=PROJECT, capture_output=True
        ).returncode
    )
    if not known:
        pytest.skip(f"the former release, {COMMIT[:10]}, is not in this checkout: it needs git and all of the history")
    with reachable_folder() as tree:
        archive = subprocess.run(["git", "archive", COMMIT], cwd=PROJECT, capture_output=True, check=True)
        subprocess.run(["tar", "-x", "-C", str(tree)], input=archive.stdout, check=True)
        _make_contracts(tree)
        yield tree


def _make_contracts(tree: Path) -> None:
    """As its Makefile does."""
    programs = Path(sys.executable).parent
    environment = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"}
    (tree / "gen").mkdir()
    subprocess.run([programs / "buf", "build", "-o", "gen/image.binpb"], cwd=tree, env=environment, check=True)
    protos = [str(file.relative_to(tree / "proto")) for file in (tree / "proto" / "hotline").rglob("*.proto")]
    outputs = ("--python_out=gen", "--grpc_python_out=gen", "--descriptor_set_in=gen/image.binpb")
    compiler = [sys.executable, "-m", "grpc_tools.protoc", *outputs, *protos, "buf/validate/validate.proto"]
    subprocess.run(compiler, cwd=tree, env=environment, check=True)


class Former:
    """The former release's own command, told where the platform is that it runs or looks at."""

    def __init__(self, tree: Path, told: Mapping[str, str]) -> None:
        self._tree = tree
        self._told = {**told, "PYTHONPATH": f"{tree}:{tree / 'gen'}"}

    async def hotline(self, *arguments: str) -> str:
        """Run it: what it says; it must end well."""
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "cli", *arguments),
            cwd=self._tree,
            env=clean_environment() | self._told,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await child.communicate()
        assert child.returncode == 0, f"hotline {' '.join(arguments)} of the former release:\n{said.decode()}"
        return said.decode()

    @asynccontextmanager
    async def standing(self) -> AsyncIterator[None]:
        """Its whole platform, healthy."""
        try:
            await self.hotline("stack", "up", "--detach")
            yield
        finally:
            await self.hotline("stack", "down")
