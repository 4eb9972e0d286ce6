"""`python -m deploy.observability.generate`: write the rules of the objectives, and the dashboards."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import yaml

from deploy.observability import dashboards, objectives

FOLDER = Path(__file__).resolve().parent

_NOTE = "# Made by `make manifests` from the objectives (deploy/observability/objectives.py): change them there.\n"


def files() -> Mapping[Path, str]:
    """Every generated file with the text it must have."""
    rules = yaml.safe_dump(objectives.rules(), sort_keys=False, width=120)
    made = {FOLDER / "rules" / "objectives.yaml": _NOTE + rules}
    for dashboard in dashboards.DASHBOARDS:
        text = json.dumps(dashboards.document(dashboard), indent=1, ensure_ascii=False)
        made[FOLDER / "dashboards" / f"{dashboard.uid}.json"] = text + "\n"
    return made


def main() -> int:
    """Write what differs, and say what was written."""
    for path, text in files().items():
        if not path.exists() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            sys.stdout.write(f"wrote {path.relative_to(FOLDER)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
