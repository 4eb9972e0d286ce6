"""`hotline why REFERENCE`: why what was promised was late, from certificates, the ledger's record and traces."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from chassis import contract
from cli import output, session
from cli.traces import Failure, StoreUnreachable, TraceSettings, failures
from hotline.casework.v1 import casework_service_pb2 as pb
from hotline.casework.v1 import promise_pb2 as ledger
from policy import lateness
from policy.lateness import Reason, Rung


@dataclass(frozen=True)
class Story:
    """One promise: its record, when its messages went out, and what of it is in which trace."""

    promise: ledger.Promise
    record: Mapping[str, Any]
    sent: lateness.Sent
    certificate_sha256: str | None
    traces: Mapping[str, Sequence[str]]

    @property
    def verdict(self) -> str:
        """As the certificate has it; while the promise is open, where it stands."""
        return self.record.get("verdict") or contract.word(ledger.PromiseState, self.promise.clock.state)

    def late(self, now: datetime) -> timedelta:
        """By how much; zero if it is in time, or not owed any more."""
        return timedelta(0) if self.verdict == "VOID" else max(timedelta(0), lateness.late(self.record, now))


@click.command()
@click.argument("reference")
@click.option("--json", "as_json", is_flag=True)
@session.asynchronous
async def why(reference: str, as_json: bool) -> None:
    """Why was it late? Everything promised under REFERENCE: due, done, each alarm and message, and what took time.

    Set HOTLINE_TRACES_URL to the address of Jaeger to learn what failed meanwhile. Exits 1 if a promise is late.
    """
    now, stories = datetime.now(UTC), await _stories(reference)
    if not stories:
        raise click.UsageError(f"nothing was promised under {reference}: is it a reference of this installation?")
    settings = TraceSettings()
    failed, problem = await _failures(settings, stories)
    if as_json:
        told = [_as_json(story, settings, now) for story in stories]
        output.as_json(
            {
                "reference": reference,
                "promises": told,
                "failures": None if failed is None else [_failure_json(each) for each in failed],
                "failures_unknown_because": problem,
            }
        )
    else:
        names = await session.staff_names()
        for story in stories:
            _print(story, settings, names, now)
        _print_failures(failed, problem)
    sys.exit(1 if any(story.late(now) for story in stories) else 0)


async def _stories(reference: str) -> list[Story]:
    async with session.stub("casework") as casework:
        listed = await casework.ListPromises(pb.ListPromisesRequest(reference=reference), timeout=session.TIMEOUT)
        return [await _story(casework, promise.promise_id) for promise in listed.promises]


async def _story(casework: Any, promise_id: str) -> Story:
    answer = await casework.GetPromise(pb.GetPromiseRequest(promise_id=promise_id), timeout=session.TIMEOUT)
    sent = {
        (told.cycle, told.rung, told.staff_id): contract.instant(told.told_at)
        for told in answer.told
        if told.HasField("told_at")
    }
    traces: dict[str, list[str]] = {}
    for entry in answer.history:
        if entry.trace_id:
            traces.setdefault(entry.trace_id, []).append(entry.event)
    if answer.promise.verdict == ledger.VERDICT_UNSPECIFIED:
        return Story(answer.promise, _while_open(answer), sent, None, traces)
    wanted = pb.GetCertificateRequest(promise_id=promise_id)
    certified = await casework.GetCertificate(wanted, timeout=session.TIMEOUT)
    signed = json.loads(certified.certificate_json)
    for addendum in map(json.loads, certified.addenda_json):
        sent |= _delivered(addendum["body"]["statement"])
    return Story(answer.promise, signed["body"], sent, signed["sha256"], traces)


def _delivered(statement: Mapping[str, Any]) -> dict[tuple[int, str, str], datetime]:
    if statement["what"] != "DELIVERED":
        return {}
    at = datetime.fromisoformat(statement["sent_at"])
    return {(rung["cycle"], rung["rung"], rung["person"]): at for rung in statement["rungs"]}


def _while_open(answer: pb.GetPromiseResponse) -> dict[str, Any]:
    """The record of an open promise in the form of the certificate that it does not have yet."""
    promise, happened = answer.promise, []
    for entry in answer.history:
        detail = json.loads(entry.detail_json)
        happened.append({"recorded_at": _written(entry.recorded_at), **detail["event"], "effects": detail["effects"]})
    told = [(each.cycle, each.rung, each.staff_id) for each in answer.told]
    return {
        "promise": {"received_at": _written(promise.received_at), "made_at": happened[0]["recorded_at"]},
        "due": {"at": _written(promise.due_at)},
        "rungs": [
            {
                "cycle": effect["cycle"],
                "rung": effect["rung"],
                "at": effect["at"],
                "climbed_at": entry["recorded_at"],
                "told": [person for *rung, person in told if rung == [effect["cycle"], effect["rung"]]],
            }
            for entry in happened
            for effect in entry["effects"]
            if effect["effect"] == "Climb"
        ],
        "attempts": [entry for entry in happened if entry["event"] == "Attempt"],
        "history": happened,
        "closing": None,
    }


def _written(stamp: Any) -> str:
    return contract.instant(stamp).isoformat()


async def _failures(settings: TraceSettings, stories: Sequence[Story]) -> tuple[list[Failure] | None, str | None]:
    """What failed in the traces of these promises, or why that is not known."""
    if settings.traces_url is None:
        return None, "HOTLINE_TRACES_URL names no trace store"
    traces = {trace_id for story in stories for trace_id in story.traces}
    try:
        return await asyncio.to_thread(failures, settings, sorted(traces)), None
    except StoreUnreachable as problem:
        return None, str(problem)


def _print(story: Story, settings: TraceSettings, names: Mapping[str, str], now: datetime) -> None:
    record, done, late = story.record, lateness.closed_at(story.record), story.late(now)
    click.secho(f"{story.promise.kind}: {story.verdict}{f', {_for(late)} late' if late else ''}", bold=True)
    click.echo(f"received {_local(record['promise']['received_at'])}, due {_local(record['due']['at'])}, ", nl=False)
    click.echo(f"done {_local(done.isoformat())}" if done else "not done yet")
    rungs = lateness.rungs(record, story.sent)
    output.table("Rungs", ("rung", "cycle", "armed", "climbed", "told"), (_rung(rung, names) for rung in rungs))
    found = lateness.reasons(record, story.sent, now)
    output.table("What took time", ("at", "what", "late"), (_reason(reason, names) for reason in found))
    traces = ((trace_id, ", ".join(events), settings.page(trace_id) or "") for trace_id, events in story.traces.items())
    output.table("Traces", ("trace", "in which it was", "to be seen at"), traces)
    if story.certificate_sha256:
        chain = record["chain"]
        click.echo(f"Certificate {chain['number']} of {chain['office']}, SHA-256 {story.certificate_sha256}")
    click.echo()


def _rung(rung: Rung, names: Mapping[str, str]) -> tuple[str, ...]:
    told = (
        f"{names.get(person, person)} {_local(at.isoformat()) if at else 'not known'}"
        for person, at in rung.told.items()
    )
    return rung.name, str(rung.cycle), _local(rung.armed.isoformat()), _local(rung.climbed.isoformat()), ", ".join(told)


def _reason(reason: Reason, names: Mapping[str, str]) -> tuple[str, ...]:
    text = reason.text
    for staff_id, name in names.items():
        text = text.replace(staff_id, name)
    return _local(reason.at.isoformat()), text, _for(reason.late) if reason.late else ""


def _print_failures(failed: Sequence[Failure] | None, problem: str | None) -> None:
    if failed is None:
        click.echo(f"What failed meanwhile is not known: {problem}")
        return
    rows = (
        (
            each.service,
            each.operation,
            each.reason,
            str(each.times),
            _local(each.first.isoformat()),
            _local(each.last.isoformat()),
        )
        for each in failed
    )
    output.table("What failed meanwhile", ("service", "operation", "reason", "times", "first", "last"), rows)


def _as_json(story: Story, settings: TraceSettings, now: datetime) -> dict[str, Any]:
    done = lateness.closed_at(story.record)
    return {
        "promise_id": story.promise.promise_id,
        "kind": story.promise.kind,
        "verdict": story.verdict,
        "received_at": story.record["promise"]["received_at"],
        "due_at": story.record["due"]["at"],
        "done_at": done.isoformat() if done else None,
        "late_seconds": story.late(now).total_seconds(),
        "certificate_sha256": story.certificate_sha256,
        "rungs": [_rung_json(rung) for rung in lateness.rungs(story.record, story.sent)],
        "reasons": [
            {**asdict(reason), "at": reason.at.isoformat(), "late": reason.late.total_seconds()}
            for reason in lateness.reasons(story.record, story.sent, now)
        ],
        "traces": [
            {"trace_id": trace_id, "events": list(events), "page": settings.page(trace_id)}
            for trace_id, events in story.traces.items()
        ],
    }


def _rung_json(rung: Rung) -> dict[str, Any]:
    return {
        "rung": rung.name,
        "cycle": rung.cycle,
        "armed_at": rung.armed.isoformat(),
        "climbed_at": rung.climbed.isoformat(),
        "told": {person: at.isoformat() if at else None for person, at in rung.told.items()},
    }


def _failure_json(failure: Failure) -> dict[str, Any]:
    return {**asdict(failure), "first": failure.first.isoformat(), "last": failure.last.isoformat()}


def _local(written: str) -> str:
    return datetime.fromisoformat(written).astimezone().isoformat(sep=" ", timespec="seconds")


def _for(time: timedelta) -> str:
    return str(timedelta(seconds=round(time.total_seconds())))
