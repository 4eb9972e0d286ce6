"""`hotline queue` and `hotline confirm`: a screener's two moves."""

from __future__ import annotations

import click

from chassis import contract
from cli import output, session
from hotline.triage.v1 import triage_service_pb2 as pb
from hotline.type.v1.type_pb2 import Tier


@click.command()
@click.option("--office")
@click.option("--json", "as_json", is_flag=True)
@session.asynchronous
async def queue(office: str | None, as_json: bool) -> None:
    """What waits for a screener, most urgent first, then oldest."""
    async with session.stub("triage") as triage:
        answer = await triage.ListQueue(pb.ListQueueRequest(office=office or ""), timeout=session.TIMEOUT)
    if as_json:
        output.as_json(answer)
    else:
        output.table(
            "Waiting for a decision",
            ("tier", "recommended", "reference", "received", "report"),
            map(_row, answer.decisions),
        )


@click.command()
@click.argument("report_id")
@click.option("--json", "as_json", is_flag=True)
@session.asynchronous
async def confirm(report_id: str, as_json: bool) -> None:
    """Confirm, as a screener, what the pack recommends for the report with REPORT_ID."""
    async with session.stub("triage") as triage:
        seen = await triage.GetDecision(pb.GetDecisionRequest(report_id=report_id), timeout=session.TIMEOUT)
        request = pb.ConfirmDecisionRequest(
            idempotency_key=session.new_key(), report_id=report_id, version=seen.decision.version
        )
        answer = await triage.ConfirmDecision(request, timeout=session.TIMEOUT)
    if as_json:
        output.as_json(answer.decision)
    else:
        decision = answer.decision
        click.echo(f"{decision.reference}: {screening(decision.decided)} {tier(decision.decided_tier)}, decided")


def screening(value: pb.Screening.ValueType) -> str:
    """SCREEN_IN, SCREEN_OUT, ...; UNSPECIFIED before there is one."""
    return contract.word(pb.Screening, value)


def tier(value: Tier.ValueType) -> str:
    """T0 to T4; UNSPECIFIED without a criterion."""
    return contract.word(Tier, value)


def _row(decision: pb.Decision) -> tuple[str, ...]:
    recommended = decision.problem or screening(decision.recommended)
    received = output.when(decision.received_at)
    return tier(decision.recommended_tier), recommended, decision.reference, received, decision.report_id
