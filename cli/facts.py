"""`hotline facts`: what could not be applied (mend and redrive, or waive), and what Kafka has lost (republish)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import click
from google.protobuf.message import Message

from chassis import contract
from cli import output, session
from cli.lost_facts import lost
from deploy.local.settings import SERVICES
from hotline.operations.v1 import operations_service_pb2 as pb

# Seconds; the outbox of a month is marked in one statement.
_REPUBLISHING = 60.0
_SERVICE = click.Choice(SERVICES)


@click.group()
def facts() -> None:
    """Facts between services: what is stuck, and how to go on."""


facts.add_command(lost)


@facts.command()
@click.option("--json", "as_json", is_flag=True)
@session.asynchronous
async def stuck(as_json: bool) -> None:
    """Dead letters of every service; later facts of the same aggregate wait behind each."""
    found: dict[str, list[pb.DeadLetter]] = {}
    for service in SERVICES:
        async with session.stub("operations", at=service) as operations:
            answer = await operations.ListDeadLetters(pb.ListDeadLettersRequest(), timeout=session.TIMEOUT)
        found[service] = list(answer.dead_letters)
    if as_json:
        output.as_json(found)
        return
    columns = ("service", "aggregate", "id", "sequence", "since", "attempts", "reason")
    rows = [(service, *_row(letter)) for service, letters in found.items() for letter in letters]
    output.table("Stuck facts", columns, rows)


def _row(letter: pb.DeadLetter) -> tuple[object, ...]:
    since = output.when(letter.set_aside_at)
    return letter.aggregate_type, letter.aggregate_id, letter.sequence, since, letter.attempts, letter.reason


def _of_what_is_stuck(command: Callable[..., None]) -> Callable[..., None]:
    """The arguments that name one stuck fact: as `stuck` lists it."""
    for name, kind in (("aggregate_id", None), ("aggregate_type", None), ("service", _SERVICE)):
        command = click.argument(name, type=kind)(command)
    return command


@facts.command()
@_of_what_is_stuck
@click.option("--why", required=True, help="What was mended.")
@session.asynchronous
async def redrive(service: str, aggregate_type: str, aggregate_id: str, why: str) -> None:
    """Try a stuck fact again, and what waits behind it."""
    key = pb.ParkedKey(aggregate_type=aggregate_type, aggregate_id=aggregate_id)
    click.echo(f"{await _facts(service, 'Redrive', pb.RedriveRequest(key=key, why=why))} facts are tried again")


@facts.command()
@_of_what_is_stuck
@click.option("--why", required=True, help="Why it may be passed over for good.")
@session.asynchronous
async def waive(service: str, aggregate_type: str, aggregate_id: str, why: str) -> None:
    """Pass over a stuck fact for good; the reason is kept."""
    key = pb.ParkedKey(aggregate_type=aggregate_type, aggregate_id=aggregate_id)
    click.echo(f"{await _facts(service, 'Waive', pb.WaiveRequest(key=key, why=why))} facts are passed over")


@facts.command()
@click.option("--since", required=True, type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z"]))
@click.option("--service", "services", multiple=True, type=_SERVICE, help="Of these services only; else of all.")
@click.option("--why", required=True, help="What happened to Kafka.")
@session.asynchronous
async def republish(since: datetime, services: tuple[str, ...], why: str) -> None:
    """Send the facts committed SINCE a time once more, from the outboxes, after Kafka has lost them.

    Whoever has applied a fact already ignores it: too early a time does no harm.
    """
    request = pb.RepublishRequest(since=contract.stamp(since), why=why)
    for service in services or SERVICES:
        click.echo(f"{service}: {await _facts(service, 'Republish', request, _REPUBLISHING)} facts are sent again")


async def _facts(service: str, method: str, request: Message, timeout: float = session.TIMEOUT) -> int:
    """How many facts a service says that it has moved."""
    async with session.stub("operations", at=service) as operations:
        answer = await getattr(operations, method)(request, timeout=timeout)
    return int(answer.facts)
