"""`hotline on-call` and `hotline rotations`: who is there to be told, and whose turn comes after whose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

import click

from chassis import contract
from cli import output, session
from cli.times import Instant
from hotline.casework.v1 import casework_service_pb2 as casework_pb
from hotline.casework.v1 import workforce_service_pb2 as pb
from hotline.type.v1 import type_pb2

_DIRECTOR = "DIRECTOR"
# In the order in which a caller and then a ladder would meet them.
_ROLES = ("INTAKE_SPECIALIST", "SCREENER", "INVESTIGATOR", "SUPERVISOR", "MANAGER", _DIRECTOR)
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_UNREACHABLE = "*"
# How far ahead the next turn of a rotation is looked for.
_AHEAD = timedelta(days=35)


@click.command("on-call")
@click.argument("office", required=False)
@click.option("--at", type=Instant(), help="At this instant, as in 2026-11-23T09:00; else now.")
@click.option("--json", "as_json", is_flag=True)
@session.asynchronous
async def on_call(office: str | None, at: datetime | None, as_json: bool) -> None:
    """Who is on for each role in OFFICE (else in every office), why they, and who is passed over for what reason.

    Ladders ask the same question when they climb.
    """
    instant = at or datetime.now(UTC)
    found = {name: await _on(name, instant) for name in ([office] if office else await _offices())}
    if as_json:
        output.as_json({"at": instant.isoformat(), "offices": [_plain(name, on) for name, on in found.items()]})
        return
    names = await session.staff_names()
    for name, on in found.items():
        _print(name, on, instant, names)


@click.command()
@click.argument("office", required=False)
@click.option("--json", "as_json", is_flag=True)
@session.asynchronous
async def rotations(office: str | None, as_json: bool) -> None:
    """The rotations of OFFICE (else of every office) that run or will: whose turns, when, and who is next."""
    now = datetime.now(UTC)
    async with session.stub("workforce", at="casework") as workforce:
        request = pb.ListRotationsRequest(office=office or "")
        answer = await workforce.ListRotations(request, timeout=session.TIMEOUT)
        duties = [
            duty
            for name in sorted({rotation.office for rotation in answer.rotations})
            for duty in await _duties(workforce, name, now)
        ]
    if as_json:
        output.as_json({"rotations": list(answer.rotations), "duties": duties})
        return
    names = await session.staff_names()
    columns = ("office", "role", "hours", "on", "turn", "members in turn", "on now or next", "from", "rotation")
    output.table("Rotations", columns, (_rotation(rotation, duties, names) for rotation in answer.rotations))


async def _offices() -> list[str]:
    async with session.stub("casework") as casework:
        answer = await casework.ListStaff(casework_pb.ListStaffRequest(), timeout=session.TIMEOUT)
    return sorted({person.office for person in answer.staff})


async def _on(office: str, at: datetime) -> Mapping[str, pb.WhoIsOnResponse]:
    """Who is on in an office, by role. Directors are asked for as a ladder does: they direct every office."""
    found = {}
    async with session.stub("workforce", at="casework") as workforce:
        for role in _ROLES:
            request = pb.WhoIsOnRequest(
                at=contract.stamp(at),
                office=office,
                owner=type_pb2.Owner(queue=f"{role}:{office}"),
                who=_DIRECTOR if role == _DIRECTOR else "OWNER",
            )
            found[role] = await workforce.WhoIsOn(request, timeout=session.TIMEOUT)
    return found


def _plain(office: str, on: Mapping[str, pb.WhoIsOnResponse]) -> dict[str, Any]:
    return {"office": office, "roles": [{"role": role, "on": answer} for role, answer in on.items()]}


def _print(office: str, on: Mapping[str, pb.WhoIsOnResponse], at: datetime, names: Mapping[str, str]) -> None:
    is_open = "open" if any(answer.office_open for answer in on.values()) else "closed"
    title = f"{office}, {is_open} at {at.astimezone().isoformat(sep=' ', timespec='seconds')}"
    output.table(title, ("role", "person", "why", "not there"), _rows(on, names))
    if any(not person.reachable for answer in on.values() for person in answer.people):
        click.echo(f"{_UNREACHABLE} none of their contact methods is verified")
    click.echo("")


def _rows(on: Mapping[str, pb.WhoIsOnResponse], names: Mapping[str, str]) -> Iterable[tuple[str, ...]]:
    for role, answer in on.items():
        people = [
            names.get(person.staff_id, person.staff_id) + ("" if person.reachable else _UNREACHABLE)
            for person in answer.people
        ]
        passed = "; ".join(f"{names.get(one.staff_id, one.staff_id)}: {one.why}" for one in answer.passed_over)
        yield role, ", ".join(people) or "NOBODY", answer.why, passed


async def _duties(workforce: Any, office: str, now: datetime) -> list[pb.Duty]:
    request = pb.ListDutiesRequest(office=office, starts_at=contract.stamp(now), ends_at=contract.stamp(now + _AHEAD))
    return list((await workforce.ListDuties(request, timeout=session.TIMEOUT)).duties)


def _rotation(rotation: pb.Rotation, duties: Iterable[pb.Duty], names: Mapping[str, str]) -> tuple[str, ...]:
    following = next((duty for duty in duties if duty.rotation_id == rotation.rotation_id), None)
    return (
        rotation.office,
        rotation.role + (" on call" if rotation.on_call else ""),
        f"{rotation.begins}-{rotation.ends}",
        days(rotation.weekdays),
        f"{rotation.turn_days} day{'' if rotation.turn_days == 1 else 's'}",
        ", ".join(names.get(member, member) for member in rotation.members),
        names.get(following.staff_id, following.staff_id) if following else "nobody",
        output.when(following.starts_at) if following else "",
        rotation.rotation_id,
    )


def days(weekdays: Iterable[int]) -> str:
    """`Mon-Fri`, `Sat, Sun`, `every day`."""
    runs = [[day for _, day in run] for _, run in groupby(enumerate(sorted(weekdays)), lambda pair: pair[1] - pair[0])]
    written = (_WEEKDAYS[run[0]] + (f"-{_WEEKDAYS[run[-1]]}" if len(run) > 1 else "") for run in runs)
    return ", ".join(written) or "every day"
