"""Recorded decisions as triage streams them, written down as `hotline replay --in` reads them."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from chassis.contract import instant, stamp, word
from cli import session
from hotline.triage.v1 import triage_service_pb2 as pb
from hotline.type.v1.type_pb2 import Channel

STREAM_TIMEOUT = 1_800.0
"""Seconds in which triage must have told all its decisions: hundreds of thousands, on a slow line."""

OFFICE_LANGUAGE = "office's own"
"""How a contact in the language of its office is told: intake keeps only a language that differs."""


def fetch(file: Path, since: datetime | None) -> None:
    """Write every evaluation since then to `file`, oldest first; nothing is left there if the stream breaks off."""
    draft = file.with_name(f".{file.name}.part")
    try:
        # Facts of children, though without names: for the eyes of whoever asked.
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as lines:
            session.asynchronous(_from_triage)(lines, since)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


async def _from_triage(lines: TextIO, since: datetime | None) -> None:
    async with session.stub("triage") as triage:
        await write(triage, lines, since)


async def write(triage: Any, lines: TextIO, since: datetime | None) -> None:
    """Write what the stub `triage` streams, one decision a line."""
    request = pb.ListDecisionsRequest(since=stamp(since))
    async for answer in triage.ListDecisions(request, timeout=STREAM_TIMEOUT):
        lines.write(json.dumps(_entry(answer), ensure_ascii=False) + "\n")


def _entry(answer: pb.ListDecisionsResponse) -> dict[str, Any]:
    made = answer.evaluation
    return {
        "report_id": made.report_id,
        "evaluated_at": instant(made.evaluated_at).isoformat(),
        "latest": answer.latest,
        "office": answer.office,
        "channel": word(Channel, answer.channel) if answer.channel else None,
        "language": answer.language or OFFICE_LANGUAGE,
        "facts": json.loads(made.facts_json),
        "pack": {"id": made.pack.id, "version": made.pack.version, "sha256": made.pack.sha256},
        # The very text that was recorded: its bytes are what is compared.
        "output": made.recommendation_json or None,
        "problem": made.problem or None,
    }
