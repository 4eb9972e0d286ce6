"""The overlay of an agency as docs/operations has it written: on `production`, with an archive of the databases."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

PROJECT = Path(__file__).resolve().parents[2]


def write(folder: Path) -> Path:
    """Make the overlay in `folder`, beside this checkout under the name that the pages give it; where it lies."""
    (folder / "hotline").symlink_to(PROJECT)
    overlay = yaml.safe_load(_block("kubernetes.md", "overlays/production"))
    archive = yaml.safe_load(_block("backup.md", "components/backups"))
    del overlay["images"]  # which only the agency knows
    overlay["resources"] += archive["resources"]
    overlay["components"] = archive["components"]
    (agency := folder / "agency").mkdir()
    (agency / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    (agency / "backups.yaml").write_text(_block("backup.md", "kind: ObjectStore"))
    return agency


def _block(page: str, holding: str) -> str:
    text = (PROJECT / "docs" / "operations" / page).read_text()
    (found,) = (block for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if holding in block)
    return str(found)
