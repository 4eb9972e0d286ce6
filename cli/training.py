"""Training notices of packs, on a running stack: who has acknowledged them, and who has not."""

from __future__ import annotations

import click

from chassis.contract import instant
from cli import output, session
from hotline.triage.v1 import triage_service_pb2 as pb


@session.asynchronous
async def show(name: str, as_json: bool) -> None:
    """Print the notices of PACK[@VERSION], of the site's own pack without a name."""
    pack_id, _, version = name.partition("@")
    request = pb.ListTrainingRequest(pack_id=pack_id, version=version)
    async with session.stub("triage") as triage:
        answer = await triage.ListTraining(request, timeout=session.TIMEOUT)
    if as_json:
        output.as_json(answer)
        return
    names = await session.staff_names()
    for notice in answer.notices:
        _print(notice, names)


@session.asynchronous
async def acknowledge(name: str, as_json: bool) -> None:
    """Say that who logged in has read the notice of PACK[@VERSION], of the version in force without one."""
    pack_id, _, version = name.partition("@")
    async with session.stub("triage") as triage:
        if not version:
            listed = await triage.ListTraining(pb.ListTrainingRequest(pack_id=pack_id), timeout=session.TIMEOUT)
            if not listed.notices:
                raise click.ClickException(
                    f"no version of {pack_id} is in force or will be: name one, as {pack_id}@1.0.0"
                )
            version = listed.notices[0].pack.version
        request = pb.AcknowledgeTrainingRequest(idempotency_key=session.new_key(), pack_id=pack_id, version=version)
        answer = await triage.AcknowledgeTraining(request, timeout=session.TIMEOUT)
    if as_json:
        output.as_json(answer)
    else:
        since = output.when(answer.acknowledgement.acknowledged_at)
        click.echo(f"{answer.pack.id} {answer.pack.version}: acknowledged {since}")


def _print(notice: pb.TrainingNotice, names: dict[str, str]) -> None:
    since = instant(notice.effective_from).date()
    click.echo(f"{notice.pack.id} {notice.pack.version}, in force from {since}, for {', '.join(notice.roles)}:")
    click.echo(f"  {notice.notice}")
    click.echo(f"{len(notice.acknowledgements)} acknowledged it, {len(notice.open)} have yet to")
    if notice.open:
        columns = ("who", "roles", "office", "decides by it since", "staff id")
        output.table("Open", columns, (_row(learner, names) for learner in notice.open))


def _row(learner: pb.OpenTraining, names: dict[str, str]) -> tuple[str, ...]:
    roles, since = ", ".join(learner.roles), output.when(learner.decided_since)
    return (names.get(learner.staff_id, ""), roles, learner.office, since, learner.staff_id)
