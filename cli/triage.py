"""`hotline queue`, `hotline confirm` and `hotline override`: a screener's moves."""

from __future__ import annotations

import click
import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Console
from rich.live import Live
from rich.table import Table

from chassis import contract
from cli import output, session
from hotline.triage.v1 import triage_service_pb2 as pb
from hotline.type.v1.type_pb2 import Tier

# Longer than the service lets a watch last: it ends each in its own good time.
_WATCH = 3600.0
_COLUMNS = ("tier", "recommended", "reference", "received", "taken by", "report")
# Why a watch may end without anything being wrong: the process that was watched goes, or its connection is old.
_BEGIN_AGAIN = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)

SCREENINGS = click.Choice([contract.word(pb.Screening, value) for value in pb.Screening.values() if value])
TIERS = click.Choice([contract.word(Tier, value) for value in Tier.values() if value])


@click.command()
@click.option("--office")
@click.option("--watch", is_flag=True, help="Stay, and show each change as it happens; Ctrl-C ends it.")
@click.option("--json", "as_json", is_flag=True, help="With --watch: one message a line.")
@session.asynchronous
async def queue(office: str | None, watch: bool, as_json: bool) -> None:
    """What waits for a screener, most urgent first, then oldest."""
    if watch:
        await _follow(office or "", as_json)
    else:
        await _list(office or "", as_json)


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
    print_decision(answer.decision, as_json)


@click.command()
@click.argument("report_id")
@click.argument("decide", type=SCREENINGS)
@click.option("--tier", "wanted", type=TIERS, help="The tier instead; without it, the tier stays.")
@click.option("--reason", required=True, help="Why; at least 80 characters for less urgency. No names.")
@click.option("--history-reviewed", is_flag=True, help="Prior history was reviewed (needed for less urgency).")
@click.option("--json", "as_json", is_flag=True)
@session.asynchronous
async def override(
    report_id: str, decide: str, wanted: str | None, reason: str, history_reviewed: bool, as_json: bool
) -> None:
    """Decide otherwise than the pack recommends for the report with REPORT_ID."""
    async with session.stub("triage") as triage:
        seen = await triage.GetDecision(pb.GetDecisionRequest(report_id=report_id), timeout=session.TIMEOUT)
        request = pb.OverrideDecisionRequest(
            idempotency_key=session.new_key(),
            report_id=report_id,
            version=seen.decision.version,
            screening=contract.number(pb.Screening, decide),
            tier=contract.number(Tier, wanted),
            reason=reason,
            history_reviewed=history_reviewed,
        )
        answer = await triage.OverrideDecision(request, timeout=session.TIMEOUT)
    print_decision(answer.decision, as_json)


def print_decision(decision: pb.Decision, as_json: bool) -> None:
    """One line on where a decision stands, or all of it as JSON."""
    if as_json:
        output.as_json(decision)
        return
    state = contract.word(pb.DecisionState, decision.state).lower().replace("_", " ")
    if decision.HasField("override_request"):
        asked = decision.override_request
        state += f"; {screening(asked.screening)} {tier(asked.tier)} waits for a manager"
    elif decision.merged_into_report_id:
        state += f" into {decision.merged_into_report_id}"
    standing = (decision.decided, decision.decided_tier)
    if not decision.decided:
        standing = (decision.recommended, decision.recommended_tier)
    click.echo(f"{decision.reference}: {screening(standing[0])} {tier(standing[1])}, {state}")


def screening(value: pb.Screening.ValueType) -> str:
    """SCREEN_IN, SCREEN_OUT, ..., or that there is none yet."""
    return contract.word(pb.Screening, value) if value else "not screened"


def tier(value: Tier.ValueType) -> str:
    """T0 to T4, or that there is none: no criterion is ticked."""
    return contract.word(Tier, value) if value else "no tier"


async def _list(office: str, as_json: bool) -> None:
    async with session.stub("triage") as triage:
        answer = await triage.ListQueue(pb.ListQueueRequest(office=office), timeout=session.TIMEOUT)
    if as_json:
        output.as_json(answer)
    else:
        output.table("Waiting for a decision", _COLUMNS, map(_row, answer.decisions))


async def _follow(office: str, as_json: bool) -> None:
    """Watch until interrupted; a watch that ends is begun again, with all that waits then."""
    waiting: dict[str, pb.Decision] = {}
    begun = False
    with Live(console=Console(), auto_refresh=False, screen=False) as screen:
        while True:
            try:
                async with session.stub("triage") as triage:
                    async for change in triage.WatchQueue(pb.WatchQueueRequest(office=office), timeout=_WATCH):
                        begun = True
                        _apply(change, waiting)
                        if as_json:
                            click.echo(output.line(change))
                        else:
                            screen.update(_shown(waiting), refresh=True)
            except grpc.aio.AioRpcError as ended:
                if ended.code() not in _BEGIN_AGAIN or not begun:
                    raise


def _apply(change: pb.WatchQueueResponse, waiting: dict[str, pb.Decision]) -> None:
    if change.snapshot:
        waiting.clear()
    for report_id in change.gone_report_ids:
        waiting.pop(report_id, None)
    waiting.update({decision.report_id: decision for decision in change.waiting})


def _shown(waiting: dict[str, pb.Decision]) -> Table:
    table = Table(*_COLUMNS, title="Waiting for a decision", title_justify="left", box=None, pad_edge=False)
    for decision in sorted(waiting.values(), key=_place):
        table.add_row(*_row(decision))
    return table


def _place(decision: pb.Decision) -> tuple[bool, int, int, str]:
    """The queue's own order: what could not be screened, then the most urgent, then the oldest."""
    untiered = len(Tier.keys())
    received: Timestamp = decision.received_at
    return (
        not decision.problem,
        decision.recommended_tier or untiered,
        received.ToNanoseconds(),
        decision.report_id,
    )


def _row(decision: pb.Decision) -> tuple[str, ...]:
    recommended = decision.problem or screening(decision.recommended)
    received = output.when(decision.received_at)
    return (
        tier(decision.recommended_tier),
        recommended,
        decision.reference,
        received,
        decision.taken_by,
        decision.report_id,
    )
