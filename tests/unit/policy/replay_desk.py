"""Recorded decisions for the tests of replay, and a trial pack that decides some of them differently."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from screening_desk import PACK, child, report

from policy.packs import SHIPPED, Pack
from policy.screening import screen

TRIAL = """
extends: {id: seed-default, version: 1.0.0}
id: trial
version: 1.0.0
title: A trial, less urgent for one child and more for another
trees:
  - {id: PA, lines: [{id: P10, tier: T3}]}
  - {id: NE, lines: [{id: N12, tier: T1}]}
screening:
  - {id: NOT_CAREGIVER, when: "false"}
  - {id: OTHER_JURISDICTION, when: "jurisdiction == 'OUT' || (NE10 && !PA && !SA && !EM)"}
"""
"""P10 is less urgent, N12 more; who is not a caregiver is screened in, absence from school alone is not."""

UNPROTECTED = child("PA3", access="NOW", protective_adult="NO", safe_place="NO")
SCHOOL = child("NE10")
STRANGER = child("SA2", relation="OTHER", last_incident_days=3)


def packs_with_trial(folder: Path) -> Path:
    """A folder with all shipped packs, and the trial beside them."""
    packs = folder / "packs"
    shutil.copytree(SHIPPED, packs)
    (packs / "trial" / "1.0.0").mkdir(parents=True)
    (packs / "trial" / "1.0.0" / "pack.yaml").write_text(TRIAL)
    return packs


def as_recorded(facts: dict[str, Any], pack: Pack = PACK, **entries: Any) -> dict[str, Any]:
    """The decision on these facts as one line has it."""
    return {
        "report_id": "11111111-1111-4111-8111-111111111111",
        "facts": facts,
        "pack": {"id": pack.id, "version": pack.version, "sha256": pack.sha256},
        "output": screen(pack, facts).as_json(),
        **entries,
    }


def lines(*entries: dict[str, Any]) -> str:
    """Decisions as a file holds them."""
    return "".join(json.dumps(entry) + "\n" for entry in entries)


def shift() -> list[dict[str, Any]]:
    """Five decisions, four of which the trial changes: one less urgent, one more, one added, one saved."""
    facts = {
        "less": report(UNPROTECTED, reporter="ANONYMOUS"),
        "more": report(child("NE4"), prior_reports_12m=4),
        "added": report(STRANGER),
        "saved": report(SCHOOL, reporter="MANDATED"),
        "same": report(child("PA2", severity=3, access="NOW", protective_adult="NO", safe_place="NO")),
    }
    channels = dict(zip(facts, ("VOICE", "VOICE", "WEB", "WEB", "VOICE"), strict=True))
    return [
        as_recorded(given, report_id=name, county="harbor", channel=channels[name], language="en")
        for name, given in facts.items()
    ]
