"""`hotline decision`: one decision, its history, and what people do with it beside confirming and overriding."""

from __future__ import annotations

from typing import Any

import click

from chassis import contract
from cli import output, session
from cli.triage import TIERS, print_decision
from hotline.triage.v1 import triage_service_pb2 as pb
from hotline.type.v1.type_pb2 import Tier

_JSON = click.option("--json", "as_json", is_flag=True)
_REASON = click.option("--reason", required=True, help="Why. No names.")


@click.group()
def decision() -> None:
    """One decision: its history, and what people do with it."""


@decision.command()
@click.argument("report_id")
@session.asynchronous
async def history(report_id: str) -> None:
    """All that led to the decision on the report with REPORT_ID, as JSON."""
    async with session.stub("triage") as triage:
        output.as_json(await triage.GetHistory(pb.GetHistoryRequest(report_id=report_id), timeout=session.TIMEOUT))


@decision.command()
@click.argument("report_id")
@_JSON
@session.asynchronous
async def take(report_id: str, as_json: bool) -> None:
    """Say that you work on this report."""
    await _act("TakeReport", report_id, as_json)


@decision.command()
@click.argument("report_id")
@_JSON
@session.asynchronous
async def approve(report_id: str, as_json: bool) -> None:
    """As a manager, let a downward override pass."""
    await _act("ApproveOverride", report_id, as_json)


@decision.command()
@click.argument("report_id")
@_REASON
@_JSON
@session.asynchronous
async def refuse(report_id: str, reason: str, as_json: bool) -> None:
    """As a manager, do not."""
    await _act("RefuseOverride", report_id, as_json, reason=reason)


@decision.command()
@click.argument("report_id")
@_REASON
@_JSON
@session.asynchronous
async def uphold(report_id: str, reason: str, as_json: bool) -> None:
    """As the reviewer of a screen-out, let it stand."""
    await _act("ReviewScreenOut", report_id, as_json, outcome=pb.REVIEW_OUTCOME_UPHELD, reason=reason)


@decision.command()
@click.argument("report_id")
@click.option("--tier", "wanted", type=TIERS, help="Needed for a report without a tier.")
@_REASON
@_JSON
@session.asynchronous
async def reverse(report_id: str, wanted: str | None, reason: str, as_json: bool) -> None:
    """As the reviewer of a screen-out, screen the report in."""
    tier = contract.number(Tier, wanted)
    outcome = pb.REVIEW_OUTCOME_REVERSED
    await _act("ReviewScreenOut", report_id, as_json, outcome=outcome, reason=reason, tier=tier)


@decision.command()
@click.argument("report_id")
@click.argument("into_report_id")
@_REASON
@_JSON
@session.asynchronous
async def merge(report_id: str, into_report_id: str, reason: str, as_json: bool) -> None:
    """Close the duplicate REPORT_ID into the report that it repeats."""
    await _act("MergeReport", report_id, as_json, into_report_id=into_report_id, reason=reason)


async def _act(method: str, report_id: str, as_json: bool, **given: Any) -> None:
    """One call on the decision as it stands now."""
    request = getattr(pb, f"{method}Request")
    async with session.stub("triage") as triage:
        if "version" in request.DESCRIPTOR.fields_by_name:
            seen = await triage.GetDecision(pb.GetDecisionRequest(report_id=report_id), timeout=session.TIMEOUT)
            given["version"] = seen.decision.version
        asked = request(idempotency_key=session.new_key(), report_id=report_id, **given)
        answer = await getattr(triage, method)(asked, timeout=session.TIMEOUT)
    print_decision(answer.decision, as_json)
