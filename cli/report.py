"""`hotline report send FILE` and `hotline report show REFERENCE`: a report on its way, and what became of it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import grpc
from pydantic import ValidationError

from chassis import contract
from chassis.clock import system_clock
from cli import output, session
from cli.promises import print_promises
from cli.scenario import hotline_of
from cli.triage import screening, tier
from deploy.local.settings import StackSettings
from hotline.casework.v1 import casework_service_pb2 as casework_pb
from hotline.intake.v1 import intake_service_pb2 as intake_pb
from hotline.notifications.v1 import notifications_service_pb2 as notifications_pb
from hotline.triage.v1 import triage_service_pb2 as triage_pb
from scenarios.crew import Crew
from scenarios.model import Contact, Report
from scenarios.ring import Floor, ring
from scenarios.seen import Brought
from scenarios.source import ScenarioError, read

# Seconds until the recommendation is given up on: the report is kept all the same.
_SCREENED_WITHIN = 15.0
_AGAIN = 0.2
_TAKER = session.Person("11111111-1111-5111-8111-111111111111", ("INTAKE_SPECIALIST",))


@click.group()
def report() -> None:
    """Send a report of a file, and see what became of one."""


@report.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True)
@session.asynchronous
async def send(file: Path, as_json: bool) -> None:
    """Take the contact of FILE as an intake specialist would, and say what screening makes of it.

    FILE is a contact of a scenario without id, time and expectations: scenarios/reports/ has two to begin with.
    """
    session.only_here()
    brought = await _take(_contact(file))
    decision = await _recommended(brought.report_id)
    if as_json:
        reference = {"reference": brought.reference, "report_id": brought.report_id, "contact_id": brought.contact_id}
        output.as_json({**reference, "decision": decision})
        return
    click.echo(f"{brought.reference}  report {brought.report_id}")
    if decision is None:
        click.echo(f"not screened yet: `hotline report show {brought.reference}` says when it is")
    else:
        click.echo(_recommendation(decision))
        click.echo(f"confirm it as a screener: hotline login --as SCREENER; hotline confirm {brought.report_id}")


def _contact(file: Path) -> Contact:
    try:
        found = Contact.model_validate({"id": "own", "at": "0s", "expect": {}, **read(file).data})
    except (ScenarioError, ValidationError, OSError) as problem:
        raise click.ClickException(f"{file} is not a contact: {problem}") from problem
    if found.report is None or found.office is None:
        raise click.ClickException(f"{file}: a contact to send has an office and a report")
    return found


async def _take(contact: Contact) -> Brought:
    async with Crew(hotline_of(StackSettings())) as crew:
        desk = await crew.desk(_TAKER.subject, _TAKER.roles)
        floor = Floor(desk, contact.office or "", session.new_key(), system_clock, _told_at_once, _no_other)
        brought = None
        async for step in ring(contact, system_clock(), floor):
            brought = step
    assert brought is not None
    return brought


async def _told_at_once(_: Report) -> None:
    """A file has no caller who takes time to tell it."""


async def _no_other(slug: str) -> str:
    raise click.ClickException(f"duplicate_of names another contact ({slug}), and a file has only its own")


async def _recommended(report_id: str) -> triage_pb.Decision | None:
    """The decision once triage has it, or None if that takes too long."""
    try:
        async with asyncio.timeout(_SCREENED_WITHIN):
            while True:
                if found := await _decision(report_id):
                    return found
                await asyncio.sleep(_AGAIN)
    except TimeoutError:
        return None


async def _decision(report_id: str) -> triage_pb.Decision | None:
    async with session.stub("triage", _TAKER) as triage:
        wanted = triage_pb.GetDecisionRequest(report_id=report_id)
        found: triage_pb.Decision | None = await _if_known(triage.GetDecision, wanted, "decision")
        return found


async def _if_known(call: Any, request: Any, part: str) -> Any:
    try:
        return getattr(await call(request, timeout=session.TIMEOUT), part)
    except grpc.aio.AioRpcError as error:
        if error.code() is grpc.StatusCode.NOT_FOUND:
            return None
        raise


def _recommendation(decision: triage_pb.Decision) -> str:
    if decision.problem:
        return f"cannot be screened as it stands: {decision.problem}"
    if decision.decided:
        return f"decided: {screening(decision.decided)} {tier(decision.decided_tier)}, by {decision.decided_by}"
    return f"recommended: {screening(decision.recommended)} {tier(decision.recommended_tier)}, waits for a screener"


@report.command()
@click.argument("reference")
@click.option("--json", "as_json", is_flag=True)
@session.asynchronous
async def show(reference: str, as_json: bool) -> None:
    """What became of the report with REFERENCE: decision, investigation, promises, messages."""
    async with session.stub("intake", _TAKER) as intake:
        request = intake_pb.GetReportRequest(reference=reference)
        found = (await intake.GetReport(request, timeout=session.TIMEOUT)).report
    decision = await _decision(found.report_id)
    async with session.stub("casework") as casework:
        of_report = casework_pb.GetInvestigationRequest(report_id=found.report_id)
        investigation = await _if_known(casework.GetInvestigation, of_report, "investigation")
        listed = casework_pb.ListPromisesRequest(reference=found.reference)
        promises = (await casework.ListPromises(listed, timeout=session.TIMEOUT)).promises
    async with session.stub("notifications") as notifications:
        wanted = notifications_pb.ListDeliveriesRequest(reference=found.reference)
        messages = (await notifications.ListDeliveries(wanted, timeout=session.TIMEOUT)).deliveries
    if as_json:
        output.as_json(
            {
                "report_id": found.report_id,
                "reference": found.reference,
                "reasonable_cause": _bases(found),
                "decision": decision,
                "investigation": investigation,
                "promises": list(promises),
                "messages": list(messages),
            }
        )
        return
    names = await session.staff_names()
    click.echo(f"{found.reference}  received {output.when(found.received_at)}  report {found.report_id}")
    if found.reasonable_cause:
        click.echo(f"reasonable cause: {', '.join(_bases(found))}")
    click.echo(_recommendation(decision) if decision else "not screened yet")
    if investigation:
        state = contract.word(casework_pb.InvestigationState, investigation.state)
        worker = names.get(investigation.worker_id, investigation.worker_id) or "nobody yet"
        click.echo(f"investigation {investigation.investigation_id}: {state}, worker {worker}")
    await print_promises(promises, datetime.now(UTC))
    output.table("Messages", ("to", "template", "state", "asked", "sent"), (_row(each, names) for each in messages))


def _bases(found: intake_pb.Report) -> list[str]:
    return [contract.word(intake_pb.ReasonableCause, basis) for basis in found.reasonable_cause]


def _row(delivery: notifications_pb.Delivery, names: dict[str, str]) -> tuple[str, ...]:
    state = contract.word(notifications_pb.DeliveryState, delivery.state)
    to = names.get(delivery.staff_id, delivery.staff_id)
    return to, delivery.template, state, output.when(delivery.requested_at), output.when(delivery.sent_at)
