"""Files that are made from what the code knows, and kept in git so that they can be read and reviewed."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path


def write(files: Mapping[Path, str], root: Path) -> None:
    """Write what differs, and say what was written, by its path below `root`."""
    for path, text in files.items():
        if not path.exists() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            sys.stdout.write(f"wrote {path.relative_to(root)}\n")
