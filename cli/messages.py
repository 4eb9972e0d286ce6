"""`hotline messages`: what people were told or could not be told, and trying once more what was refused or given up."""

from __future__ import annotations

import click

from cli import output, session
from hotline.casework.v1.casework_service_pb2 import ContactChannel
from hotline.notifications.v1 import notifications_service_pb2 as pb


@click.group(invoke_without_command=True)
@click.option("--failed", is_flag=True, help="Only what reached nobody.")
@click.option("--reference", default="", help="Only what is about this reference number.")
@click.option("--promise", "promise_id", default="", help="Only what is about this promise.")
@click.option("--limit", default=1000, show_default=True, help="The newest so many are looked at.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
@session.asynchronous
async def messages(
    context: click.Context, failed: bool, reference: str, promise_id: str, limit: int, as_json: bool
) -> None:
    """Messages to people, the newest first."""
    if context.invoked_subcommand:
        return
    request = pb.ListDeliveriesRequest(promise_id=promise_id, reference=reference, limit=limit)
    async with session.stub("notifications") as notifications:
        answer = await notifications.ListDeliveries(request, timeout=session.TIMEOUT)
    found = [sent for sent in answer.deliveries if not failed or sent.state == pb.DELIVERY_STATE_FAILED]
    if as_json:
        output.as_json({"deliveries": found})
        return
    columns = ("asked for", "reference", "text", "to", "state", "by", "tries", "problem", "key")
    output.table("Messages", columns, (_row(sent) for sent in found))


@messages.command()
@click.argument("key")
@click.option("--why", required=True, help="What was mended.")
@session.asynchronous
async def redrive(key: str, why: str) -> None:
    """Try the message KEY once more, by every channel."""
    async with session.stub("notifications") as notifications:
        await notifications.RedriveDelivery(pb.RedriveDeliveryRequest(key=key, why=why), timeout=session.TIMEOUT)
    click.echo("it is tried once more; `hotline messages` says what becomes of it")


def _row(sent: pb.Delivery) -> tuple[object, ...]:
    state = pb.DeliveryState.Name(sent.state).removeprefix("DELIVERY_STATE_")
    channel = ContactChannel.Name(sent.channel).removeprefix("CONTACT_CHANNEL_") if sent.channel else ""
    to = sent.staff_id or "the last resort"
    asked_for = output.when(sent.requested_at)
    return asked_for, sent.reference, sent.template, to, state, channel, sent.attempts, sent.problem, sent.key
