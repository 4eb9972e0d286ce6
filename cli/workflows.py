"""`hotline workflows`: going over to another build of the worker."""

from __future__ import annotations

import asyncio

import click

from cli import session
from deploy.local.infrastructure import addresses
from deploy.local.platform import payload_keys
from deploy.local.settings import StackSettings
from deploy.local.temporal import NAMESPACE
from workflows import temporal, upgrade
from workflows.codec import Keyring


@click.group()
def workflows() -> None:
    """What takes time: alarms of promises, stories of investigations."""


@workflows.command(name="upgrade")
@click.argument("build_id")
@click.option("--a-second", default=50.0, show_default=True, help="How many workflows to wake each second.")
@session.asynchronous
async def go_over(build_id: str, a_second: float) -> None:
    """Make BUILD_ID the current build of the worker, and wake every workflow of older ones to go over to it.

    Workers of the new build must run already; keep those of the old ones until nothing is left on them.
    """
    settings = StackSettings()
    client = await temporal.connect(
        addresses(settings).temporal_address, NAMESPACE, asyncio.Event(), Keyring.read(payload_keys(settings))
    )
    assert client is not None
    woken = await upgrade.upgrade(client, build_id, a_second=a_second)
    click.echo(f"{build_id} is current; {woken} workflows were woken to go over to it")
