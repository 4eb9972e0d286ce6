"""`python -m deploy.observability.generate`: write the rules of the objectives, and the dashboards."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import yaml

from deploy import generated
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


if __name__ == "__main__":
    generated.write(files(), FOLDER)
