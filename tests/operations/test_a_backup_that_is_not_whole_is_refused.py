"""A restore looks before it touches anything: what is missing, changed or in use is said, and nothing is lost by it."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path

import psutil
import pytest

from deploy.local import backup, status
from deploy.local.processes import StackError
from deploy.local.settings import SERVICES, StackSettings
from deploy.local.status import PartStatus, StackStatus

DUMP = b"what pg_dump wrote"


@pytest.fixture
def settings(tmp_path: Path) -> StackSettings:
    """A home without a stack."""
    return StackSettings(home=tmp_path / "home")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A whole backup, as far as its files go."""
    made = tmp_path / "backup"
    made.mkdir()
    entry = {"taken_at": "2026-11-22T12:00:00+00:00", "sha256": hashlib.sha256(DUMP).hexdigest()}
    for service in SERVICES:
        (made / f"{service}.dump").write_bytes(DUMP)
    (made / backup.CONTENTS).write_text(json.dumps(dict.fromkeys(SERVICES, entry)))
    return made


async def test_one_that_did_not_come_to_its_end(settings: StackSettings, folder: Path) -> None:
    (folder / backup.CONTENTS).unlink()
    with pytest.raises(StackError, match="holds no whole backup"):
        await backup.restore(settings, folder)


@pytest.mark.parametrize("spoiled", [b"what pg_dump wrot3", b""])
async def test_one_of_which_a_byte_was_changed(settings: StackSettings, folder: Path, spoiled: bytes) -> None:
    (folder / "casework.dump").write_bytes(spoiled)
    with pytest.raises(StackError, match=r"casework\.dump is not what was dumped"):
        await backup.restore(settings, folder)
    assert not settings.identity.exists()


async def test_one_of_which_a_dump_is_missing(settings: StackSettings, folder: Path) -> None:
    (folder / "triage.dump").unlink()
    with pytest.raises(StackError, match=r"triage\.dump is not there"):
        await backup.restore(settings, folder)


async def test_under_a_platform_that_runs(settings: StackSettings, folder: Path) -> None:
    own = psutil.Process()
    part = PartStatus(name="casework api", kind="process", pid=os.getpid(), created=own.create_time())
    settings.folder.mkdir()
    (settings.folder / "stack.json").write_text(json.dumps(asdict(StackStatus(pid=1, started_at="", parts=[part]))))
    assert status.read(settings.folder)
    with pytest.raises(StackError, match=r"the platform runs \(casework api\): stop it with `hotline stack down`"):
        await backup.restore(settings, folder)


async def test_into_a_folder_that_holds_something(settings: StackSettings, folder: Path) -> None:
    with pytest.raises(StackError, match="is not empty"):
        await backup.back_up(settings, folder)
