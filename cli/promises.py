"""`hotline promises`, `hotline promise ID [ACT]`: the ledger, read and acted upon."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from chassis import contract
from cli import output, session
from cli.timeline import print_timeline
from cli.times import Duration, Instant
from cli.triage import tier
from hotline.casework.v1 import casework_service_pb2 as pb
from hotline.casework.v1 import promise_pb2 as ledger

# So many fit on no screen, and are more than anybody reads.
_SHOWN = 1000


@click.command()
@click.option("--due-within", type=Duration(), help="Only those due within so long, and those past it: 15m, 1h, 2d.")
@click.option("--late", is_flag=True, help="Only those past their due time.")
@click.option("--all", "everything", is_flag=True, help="Closed ones too; with --late those that were kept late.")
@click.option("--office")
@click.option("--reference", help="Only those of one report, callback or message.")
@click.option("--json", "as_json", is_flag=True)
@session.asynchronous
async def promises(
    due_within: timedelta | None, late: bool, everything: bool, office: str | None, reference: str | None, as_json: bool
) -> None:
    """Open promises by due time: who owes what, by when, and how far its ladder is climbed."""
    now = datetime.now(UTC)
    request = pb.ListPromisesRequest(
        open_only=not everything, office=office or "", reference=reference or "", limit=_SHOWN, late_only=late
    )
    if late or due_within is not None:
        request.due_before.FromDatetime(now if late else now + (due_within or timedelta()))
    async with session.stub("casework") as casework:
        answer = await casework.ListPromises(request, timeout=session.TIMEOUT)
    if as_json:
        output.as_json(answer)
        return
    await print_promises(answer.promises, now)
    if len(answer.promises) == _SHOWN:
        click.echo(f"These are the first {_SHOWN}: ask for an office, a reference, or what is due soon.")


async def print_promises(promises: Iterable[ledger.Promise], now: datetime) -> None:
    """The table of promises that `hotline promises` and `hotline status` share."""
    names = await session.staff_names()
    columns = ("kind", "reference", "tier", "state", "owner", "due", "left", "rung", "promise")
    output.table("Promises", columns, (_row(promise, names, now) for promise in promises))


def _row(promise: ledger.Promise, names: Mapping[str, str], now: datetime) -> tuple[str, ...]:
    closed = promise.clock.state in (ledger.PROMISE_STATE_KEPT, ledger.PROMISE_STATE_VOID)
    left = contract.word(ledger.Verdict, promise.verdict) if closed else output.countdown(promise.due_at, now)
    rung = f"{promise.rung or '-'} ({promise.cycle})"
    due = output.when(promise.due_at)
    return (
        promise.kind,
        promise.reference,
        tier(promise.tier),
        state(promise),
        owner(promise, names),
        due,
        left,
        rung,
        promise.promise_id,
    )


def state(promise: ledger.Promise) -> str:
    """OPEN, HELD, OVERDUE, ..."""
    return contract.word(ledger.PromiseState, promise.clock.state)


def owner(promise: ledger.Promise, names: Mapping[str, str]) -> str:
    """The owner's name, or the queue."""
    return names.get(promise.owner.staff_id, promise.owner.staff_id) or promise.owner.queue


@click.group(invoke_without_command=True)
@click.argument("promise_id")
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
def promise(ctx: click.Context, promise_id: str, as_json: bool) -> None:
    """The promise PROMISE_ID: its timeline; with an act after the id, do that."""
    ctx.obj = promise_id
    if ctx.invoked_subcommand is None:
        _show(promise_id, as_json)


@session.asynchronous
async def _show(promise_id: str, as_json: bool) -> None:
    async with session.stub("casework") as casework:
        answer = await casework.GetPromise(pb.GetPromiseRequest(promise_id=promise_id), timeout=session.TIMEOUT)
    if as_json:
        output.as_json(answer)
        return
    now = datetime.now(UTC)
    await print_promises([answer.promise], now)
    click.echo("")
    await print_timeline(answer, now)


@promise.command()
@click.pass_obj
def acknowledge(promise_id: str) -> None:
    """Hold the ladder: somebody is on it. Acknowledged is not kept."""
    _act("AcknowledgePromise", pb.AcknowledgePromiseRequest(idempotency_key=session.new_key(), promise_id=promise_id))


@promise.command()
@click.argument("outcome")
@click.option("--at", type=Instant(), help="When it happened; else now.")
@click.option("--late-reason", default="", help="Why it is entered late.")
@click.option("--safe-from", type=Instant(), help="The caller can safely be called from then on.")
@click.option("--safe-until", type=Instant(), help="And until then.")
@click.pass_obj
def attempt(
    promise_id: str,
    outcome: str,
    at: datetime | None,
    late_reason: str,
    safe_from: datetime | None,
    safe_until: datetime | None,
) -> None:
    """Record an attempt: REACHED, NO_ANSWER, ... The pack lists the outcomes, and says which keep the promise."""
    request = pb.RecordAttemptRequest(
        idempotency_key=session.new_key(),
        promise_id=promise_id,
        outcome=outcome.upper(),
        occurred_at=contract.stamp(at or datetime.now(UTC)),
        late_reason=late_reason,
        safe_from=contract.stamp(safe_from),
        safe_until=contract.stamp(safe_until),
    )
    _act("RecordAttempt", request)


@promise.command()
@click.pass_obj
def confirm(promise_id: str) -> None:
    """Vouch for what somebody else entered late, as who leads: the promise was kept when they say."""
    _judge(promise_id, confirmed=True)


@promise.command()
@click.option("--reason", required=True, help="Why you do not vouch for it. No names.")
@click.pass_obj
def refuse(promise_id: str, reason: str) -> None:
    """Do not vouch for what somebody else entered late: the ladder goes on at once."""
    _judge(promise_id, confirmed=False, reason=reason)


def _judge(promise_id: str, confirmed: bool, reason: str = "") -> None:
    request = pb.ConfirmLateEntryRequest(
        idempotency_key=session.new_key(), promise_id=promise_id, confirmed=confirmed, reason=reason
    )
    _act("ConfirmLateEntry", request)


@promise.command()
@click.option("--urgent", is_flag=True, help="The call is urgent: it is owed at once.")
@click.option("--to", "to", default="", help="The staff id of who calls back; else whoever has heard it.")
@click.option("--no-call", "no_call_because", default="", help="Why no call is owed: a code, as in WRONG_NUMBER.")
@click.option("--at", type=Instant(), help="When it was heard; else now.")
@click.option("--late-reason", default="", help="Why it is entered late.")
@click.pass_obj
def check(promise_id: str, urgent: bool, to: str, no_call_because: str, at: datetime | None, late_reason: str) -> None:
    """A message was heard: how urgent it is, and who calls back. That keeps VOICEMAIL_CHECK."""
    _check(
        pb.CheckMessageRequest(
            idempotency_key=session.new_key(),
            promise_id=promise_id,
            urgent=urgent,
            to_staff_id=to,
            no_call_because=no_call_because.upper(),
            occurred_at=contract.stamp(at or datetime.now(UTC)),
            late_reason=late_reason,
        )
    )


@session.asynchronous
async def _check(request: pb.CheckMessageRequest) -> None:
    async with session.stub("casework") as casework:
        answer = await casework.CheckMessage(request, timeout=session.TIMEOUT)
    owed = [answer.callback] if answer.HasField("callback") else []
    await print_promises([answer.checked, *owed], datetime.now(UTC))


@promise.command()
@click.argument("outcome")
@click.option("--at", type=Instant(), required=True, help="When it happened.")
@click.option("--reason", required=True, help="Why it is said only now. No names.")
@click.pass_obj
def amend(promise_id: str, outcome: str, at: datetime, reason: str) -> None:
    """Add to the certificate of a closed promise, as who leads: OUTCOME as attempts say it. No verdict changes."""
    _amend(
        pb.AmendCertificateRequest(
            idempotency_key=session.new_key(),
            promise_id=promise_id,
            outcome=outcome.upper(),
            occurred_at=contract.stamp(at),
            reason=reason,
        )
    )


@session.asynchronous
async def _amend(request: pb.AmendCertificateRequest) -> None:
    async with session.stub("casework") as casework:
        click.echo((await casework.AmendCertificate(request, timeout=session.TIMEOUT)).addendum_json)


@promise.command()
@click.argument("staff_id")
@click.pass_obj
def delegate(promise_id: str, staff_id: str) -> None:
    """Give it to another person; the time it was received stays."""
    request = pb.DelegatePromiseRequest(idempotency_key=session.new_key(), promise_id=promise_id, to_staff_id=staff_id)
    _act("DelegatePromise", request)


@promise.command()
@click.argument("rung")
@click.pass_obj
def escalate(promise_id: str, rung: str) -> None:
    """Climb to the RUNG that is named, now."""
    _act("EscalateTo", pb.EscalateToRequest(idempotency_key=session.new_key(), promise_id=promise_id, rung=rung))


@promise.command()
@click.argument("days", type=click.IntRange(min=1))
@click.option("--reason", required=True, help="Why it takes longer. No names.")
@click.pass_obj
def extend(promise_id: str, days: int, reason: str) -> None:
    """Move the due time by DAYS, as often and as far as the pack allows."""
    request = pb.ExtendPromiseRequest(
        idempotency_key=session.new_key(), promise_id=promise_id, days=days, reason=reason
    )
    _act("ExtendPromise", request)


@promise.command()
@click.argument("reason")
@click.option("--until", type=Instant(), required=True, help="When the clock runs again by itself.")
@click.pass_obj
def pause(promise_id: str, reason: str, until: datetime) -> None:
    """Stop the clock for a legal REASON that the pack lists, as in COURT_ORDER."""
    request = pb.PausePromiseRequest(
        idempotency_key=session.new_key(), promise_id=promise_id, reason=reason.upper(), until=contract.stamp(until)
    )
    _act("PausePromise", request)


@promise.command()
@click.pass_obj
def resume(promise_id: str) -> None:
    """The reason has gone before its time: the clock runs on from now."""
    _act("ResumePromise", pb.ResumePromiseRequest(idempotency_key=session.new_key(), promise_id=promise_id))


@promise.command()
@click.option("--reason", required=True)
@click.pass_obj
def void(promise_id: str, reason: str) -> None:
    """End a promise that is not owed any more, and say why."""
    _act("VoidPromise", pb.VoidPromiseRequest(idempotency_key=session.new_key(), promise_id=promise_id, reason=reason))


@session.asynchronous
async def _act(method: str, request: Any) -> None:
    async with session.stub("casework") as casework:
        call: Callable[..., Any] = getattr(casework, method)
        answer = await call(request, timeout=session.TIMEOUT)
    await print_promises([answer.promise], datetime.now(UTC))
