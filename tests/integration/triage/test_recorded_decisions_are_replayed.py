"""What triage streams is what `hotline replay` evaluates again, byte for byte (R102, R109)."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from cli.recorded_decisions import write
from cli.replay import replay
from hotline.triage.v1 import triage_service_pb2 as pb
from hotline.triage.v1 import triage_service_pb2_grpc as rpc
from tests.integration.triage.screening_desk import decision_on, submitted
from tests.reports import key, screening_facts
from tests.services import TIMEOUT, RunningService

TOO_LITTLE = screening_facts({"flavour": "SWEET"})


async def told(triage: RunningService, since: datetime | None = None) -> str:
    lines = io.StringIO()
    async with triage.acting_as("SUPERVISOR") as channel:
        await write(rpc.TriageServiceStub(channel), lines, since)
    return lines.getvalue()


async def test_the_stream_of_triage_replays_without_a_difference(
    desk: Any, screener: Any, triage: RunningService, tmp_path: Path
) -> None:
    began = datetime.now(UTC)
    decided, unscreened = await submitted(desk), await submitted(desk, facts=TOO_LITTLE)
    seen = await decision_on(screener, decided)
    await decision_on(screener, unscreened)
    request = pb.ConfirmDecisionRequest(idempotency_key=key(), report_id=decided, version=seen.version)
    await screener.ConfirmDecision(request, timeout=TIMEOUT)

    file = tmp_path / "decisions.jsonl"
    file.write_text(await told(triage, began))

    entries = {entry["report_id"]: entry for entry in map(json.loads, file.read_text().splitlines())}
    assert entries.keys() == {decided, unscreened}
    assert entries[decided]["output"] == seen.recommendation_json
    assert (entries[decided]["channel"], entries[decided]["latest"]) == ("VOICE", True)
    assert (entries[unscreened]["output"], entries[unscreened]["problem"]) == (None, "UNKNOWN_KEY: report.flavour")
    result = CliRunner().invoke(replay, ["--in", str(file), "--pack", "il-300", "--json"])
    assert result.exit_code == 0, result.output
    answer = json.loads(result.output)
    assert (answer["decisions"], answer["same"], answer["unscreened"]) == (1, 1, 1)
    assert answer["impact"]["groups"]["channel"][0]["value"] == "VOICE"


async def test_nothing_is_told_from_before_the_time_asked_for(desk: Any, screener: Any, triage: RunningService) -> None:
    report_id = await submitted(desk)
    await decision_on(screener, report_id)
    assert report_id in await told(triage)
    assert await told(triage, datetime.now(UTC)) == ""
