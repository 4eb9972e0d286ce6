"""`hotline workflows`: going over to another build of the worker."""

from __future__ import annotations

import click

from cli import session
from deploy.local.infrastructure import addresses
from deploy.local.platform import payload_keys
from deploy.local.settings import StackSettings
from deploy.local.temporal import NAMESPACE
from workflows import upgrade
from workflows.codec import KeyringUnusable
from workflows.settings import WorkflowSettings


@click.group()
def workflows() -> None:
    """What takes time: alarms of promises, stories of investigations."""


@workflows.command(name="upgrade")
@click.argument("build_id")
@click.option("--a-second", default=upgrade.A_SECOND, show_default=True, help="How many workflows to wake each second.")
@session.asynchronous
async def go_over(build_id: str, a_second: float) -> None:
    """Make BUILD_ID the current build of the local stack's worker, and wake every workflow of older ones to go over.

    Workers of the new build must run already; keep those of the old ones until nothing is left on them. Elsewhere it
    is asked for where a worker runs, which has the keys: `python -m workflows upgrade BUILD_ID`.
    """
    session.only_here()
    stack = StackSettings()
    settings = WorkflowSettings(
        temporal_address=addresses(stack).temporal_address,
        temporal_namespace=NAMESPACE,
        payload_keys=payload_keys(stack),
    )
    try:
        click.echo(await upgrade.go_over(settings, build_id, a_second))
    except (KeyringUnusable, upgrade.NotGoneOver) as problem:
        raise click.ClickException(str(problem)) from problem
