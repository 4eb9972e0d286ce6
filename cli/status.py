"""`hotline status`: what is promised, what waits, and whether anything is stuck."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click
import grpc

from chassis import kafka
from cli import output, session
from cli.promises import print_promises
from deploy.local.settings import SERVICES, StackSettings
from hotline.casework.v1 import casework_service_pb2 as casework_pb
from hotline.operations.v1 import operations_service_pb2 as pb
from hotline.triage.v1 import triage_service_pb2 as triage_pb


@click.command()
@click.option("--json", "as_json", is_flag=True)
@session.asynchronous
async def status(as_json: bool) -> None:
    """Open promises with owner, due time and rung; what waits for screeners; backlogs of services and consumers.

    Exit code 1 if a fact is stuck as a dead letter.
    """
    now = datetime.now(UTC)
    async with session.stub("casework") as casework:
        request = casework_pb.ListPromisesRequest(open_only=True)
        promises = (await casework.ListPromises(request, timeout=session.TIMEOUT)).promises
    queue = await _queue()
    backlogs = [await _backlog(service) for service in SERVICES]
    lag = await _lag()
    if as_json:
        output.as_json({"promises": list(promises), "queue": queue, "services": backlogs, "lag": lag})
    else:
        await print_promises(promises, now)
        click.echo(f"\nWaiting for a decision: {'not for your roles' if queue is None else len(queue)}\n")
        _print_backlogs(backlogs, lag, now)
    stuck = sum(backlog.dead_letters for backlog in backlogs)
    if stuck:
        raise click.ClickException(f"{stuck} facts are stuck: `hotline facts stuck` says which and why")


async def _queue() -> list[triage_pb.Decision] | None:
    """What waits for screeners; None for those who may not see it, who still must see what is stuck."""
    async with session.stub("triage") as triage:
        try:
            answer = await triage.ListQueue(triage_pb.ListQueueRequest(), timeout=session.TIMEOUT)
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.PERMISSION_DENIED:
                raise
            return None
    return list(answer.decisions)


async def _lag() -> dict[str, int] | None:
    """How many facts each group is behind; None for an installation whose brokers are not named."""
    stack = StackSettings()
    if stack.kafka_bootstrap is None and session.elsewhere():
        return None
    return dict(await kafka.lag(stack.kafka_bootstrap or stack.address("kafka")))


async def _backlog(service: str) -> pb.GetBacklogResponse:
    async with session.stub("operations", at=service) as operations:
        answer: pb.GetBacklogResponse = await operations.GetBacklog(pb.GetBacklogRequest(), timeout=session.TIMEOUT)
        return answer


def _print_backlogs(backlogs: list[pb.GetBacklogResponse], lag: dict[str, int] | None, now: datetime) -> None:
    columns = ("service", "unsent facts", "oldest", "early", "retrying", "dead letters")
    rows: list[tuple[Any, ...]] = []
    for backlog in backlogs:
        oldest = output.countdown(backlog.oldest_unsent_at, now) if backlog.unsent else ""
        rows.append((backlog.service, backlog.unsent, oldest, backlog.early, backlog.retrying, backlog.dead_letters))
    output.table("Services", columns, rows)
    click.echo("")
    if lag is None:
        click.echo("Consumers: not known, HOTLINE_KAFKA_BOOTSTRAP names no brokers")
    else:
        output.table("Consumers", ("group", "facts behind"), sorted(lag.items()))
