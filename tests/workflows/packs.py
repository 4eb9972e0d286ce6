"""A pack whose ladder takes seconds, so that a test sees all of it on the real clock: the site's rules, sped up."""

from __future__ import annotations

import shutil
from pathlib import Path

from policy.packs import SHIPPED

QUICK = "quick"

_PACK = """\
id: quick
version: 1.0.0
effective_from: 2020-01-01T00:00:00-06:00
title: The default rules, sped up
extends: {id: seed-default, version: 1.0.0}

ladders:
  quick:
    acknowledgement: {seconds: 60}
    repeat: {seconds: 2}
    rungs:
      - {id: owner, who: OWNER}
      - {id: supervisor, who: SUPERVISOR, after: {seconds: 2}}
      - {id: manager, who: MANAGER, after: {seconds: 4}}
      - {id: director, who: DIRECTOR, after: {seconds: 6}}

clocks:
  CALLBACK_URGENT:
    counted_from: receipt
    due: [{seconds: 5}]
    ladder: [{use: quick}]
    stops_on: [REACHED]
    cite: [CALLS]
"""


def with_quick_pack(folder: Path) -> Path:
    """A folder of packs: those that are shipped, and the quick one."""
    shutil.copytree(SHIPPED, folder)
    pack = folder / QUICK / "1.0.0" / "pack.yaml"
    pack.parent.mkdir(parents=True)
    pack.write_text(_PACK)
    return folder
