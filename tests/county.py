"""Packs of a county that follows the default rules, as tests of versions and seals need them."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

from policy.packfiles import write_seal
from policy.packs import SHIPPED, Packs


def begin(folder: Path) -> Path:
    """The default rules, and the county's first version, which has been in force for years; answers `folder`."""
    shutil.copytree(SHIPPED / "seed-default", folder / "seed-default")
    shutil.copy(SHIPPED / "schema.json", folder)
    write(folder, "1.0.0", datetime(2020, 1, 1, tzinfo=UTC))
    return folder


def write(folder: Path, version: str, effective_from: datetime) -> None:
    """A version of the county's pack, not sealed yet; JSON is YAML too."""
    place = folder / "county" / version
    place.mkdir(parents=True)
    document = {
        "extends": {"id": "seed-default", "version": "1.0.0"},
        "id": "county",
        "version": version,
        "effective_from": effective_from.isoformat(timespec="seconds"),
    }
    (place / "pack.yaml").write_text(json.dumps(document))


def seal(folder: Path, version: str) -> None:
    """Seal a version: its text can no longer be changed."""
    write_seal(folder / "county" / version, Packs(folder).get("county", version).sha256)
