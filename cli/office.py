"""`hotline office report OFFICE`: how an office keeps its word to those who call."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from chassis import contract
from cli import output, session
from cli.times import Instant
from hotline.casework.v1 import casework_service_pb2 as pb
from hotline.type.v1 import type_pb2

_A_WEEK = timedelta(days=7)


@click.group()
def office() -> None:
    """One office, as a whole."""


@office.command()
@click.argument("office")
@click.option("--from", "since", type=Instant(), help="Received from this time on; else for the last seven days.")
@click.option("--to", "until", type=Instant(), help="Received before this time; else until now.")
@click.option("--json", "as_json", is_flag=True)
@session.asynchronous
async def report(office: str, since: datetime | None, until: datetime | None, as_json: bool) -> None:
    """Calls kept, late and missed by class of caller, complaints and what they are about, and how callers were
    answered in OFFICE.

    It is for those who lead: hotline login --as SUPERVISOR.
    """
    end = until or datetime.now(UTC)
    start = since or end - _A_WEEK
    if start >= end:
        raise click.UsageError("--from must lie before --to")
    request = pb.GetOfficeReportRequest(office=office, since=contract.stamp(start), until=contract.stamp(end))
    async with session.stub("casework") as casework:
        answer = await casework.GetOfficeReport(request, timeout=session.TIMEOUT)
    if as_json:
        output.as_json(answer)
        return
    click.echo(f"{office}, received from {output.when(request.since)} until {output.when(request.until)}\n")
    _print_returned(answer)
    _print_answered(answer.answered)
    _print_complaints(answer)


def _print_returned(answer: pb.GetOfficeReportResponse) -> None:
    columns = ("kind", "caller", "received", "kept", "late", "missed", "open", "void")
    rows = [
        (row.kind, _caller(row), row.received, row.kept, row.late, row.missed, row.open, row.void)
        for row in answer.returned
    ]
    output.table("Calls returned and messages checked", columns, rows)
    click.echo("")


def _caller(row: pb.CallsReturned) -> str:
    return contract.word(type_pb2.CallerClass, row.caller_class) if row.caller_class else "not known"


def _print_answered(answered: pb.CallsAnswered) -> None:
    if not answered.calls:
        click.echo("Calls in office hours: none\n")
        return
    met = "met" if answered.percent >= answered.target_percent else "NOT MET"
    share = answered.voicemail * 100 // answered.calls
    click.echo(
        f"Calls in office hours: {answered.calls}\n"
        f"  answered by a person  {answered.answered} ({answered.percent} %; the target of {answered.target_percent} % "
        f"is {met})\n"
        f"  gave up               {answered.abandoned}\n"
        f"  voicemail             {answered.voicemail} ({share} %), {answered.not_offered} without having been offered "
        "a person"
    )
    for reason, calls in sorted(answered.voicemail_reasons.items(), key=lambda item: (-item[1], item[0])):
        click.echo(f"    {reason:<19} {calls}")
    click.echo("")


def _print_complaints(answer: pb.GetOfficeReportResponse) -> None:
    columns = ("received", "complaint", "about", "of reference", "promise")
    rows = [
        (output.when(one.received_at), one.reference, one.about, one.about_reference, one.promise_id)
        for one in answer.complaints
    ]
    output.table("Complaints", columns, rows)
