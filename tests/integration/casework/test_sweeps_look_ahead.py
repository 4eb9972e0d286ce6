"""Sweeps, each as of its own instant: ladders are tried before a shift, gaps told weeks ahead, hand-overs announced."""

from datetime import datetime, timedelta
from uuid import uuid4

from chassis.contract import instant, stamp
from hotline.casework.v1 import casework_service_pb2 as casework_pb
from hotline.casework.v1 import workforce_service_pb2 as pb
from hotline.type.v1 import type_pb2
from tests.integration.casework.conftest import DEADLINE, MONDAY, OFFICE, World, key

EMAIL, SMS = casework_pb.CONTACT_CHANNEL_EMAIL, casework_pb.CONTACT_CHANNEL_SMS
VOICE = casework_pb.CONTACT_CHANNEL_VOICE

# The office opens at eight on Tuesday; the drill of four hours before.
OPENING = MONDAY + timedelta(hours=23)
DRILL = OPENING - timedelta(hours=4)


async def sweep(world: World, kind: "pb.Sweep.ValueType", as_of: datetime, every: int = 60) -> pb.RunSweepResponse:
    request = pb.RunSweepRequest(sweep=kind, as_of=stamp(as_of), every_minutes=every)
    return await (await world.sweeping()).RunSweep(request, timeout=DEADLINE)


async def verify(world: World, *staff: str) -> None:
    """Each of these people proves that messages reach them."""
    for staff_id in staff:
        request = casework_pb.GetContactMethodsRequest(staff_id=staff_id)
        (mail,) = (await (await world.service()).GetContactMethods(request, timeout=DEADLINE)).methods
        said = pb.VerifyContactMethodRequest(idempotency_key=key(), channel=mail.channel, code=mail.code)
        await (await world.at_work(staff_id)).VerifyContactMethod(said, timeout=DEADLINE)


async def everybody_is_reachable(world: World) -> None:
    await world.hire("00000000-0000-7000-8000-000000000007", "INTAKE_SPECIALIST", supervisor_id=world.people.supervisor)
    await verify(world, *world.people.roles())
    stub = await world.at_work("00000000-0000-7000-8000-000000000007", "INTAKE_SPECIALIST")
    request = casework_pb.GetContactMethodsRequest(staff_id="00000000-0000-7000-8000-000000000007")
    (mail,) = (await (await world.service()).GetContactMethods(request, timeout=DEADLINE)).methods
    said = pb.VerifyContactMethodRequest(idempotency_key=key(), channel=mail.channel, code=mail.code)
    await stub.VerifyContactMethod(said, timeout=DEADLINE)


async def nightly(world: World, *members: str) -> str:
    rotation = pb.Rotation(
        rotation_id=str(uuid4()),
        role="INVESTIGATOR",
        office=OFFICE,
        members=members,
        first_day="2026-11-23",
        begins="20:00",
        ends="06:00",
        turn_days=1,
        weekdays=range(5),
    )
    request = pb.DefineRotationRequest(idempotency_key=key(), rotation=rotation)
    stub = await world.at_work(world.people.supervisor)
    return (await stub.DefineRotation(request, timeout=DEADLINE)).rotation.rotation_id


async def test_a_drill_before_each_shift_finds_nothing_where_every_rung_reaches_somebody(world: World) -> None:
    await everybody_is_reachable(world)

    assert not (await sweep(world, pb.SWEEP_DRILL, DRILL)).findings


async def test_a_drill_names_every_rung_that_reaches_nobody_hours_ahead(world: World) -> None:
    """GoAlert #2878, OnCall #1326, #1511: gaps, and people without a contact method."""
    await everybody_is_reachable(world)
    await world.away(world.people.manager, days=3)
    # A new address of the screener, whom nobody can reach before it is proven.
    await world.hire(world.people.screener, "SCREENER", supervisor_id=world.people.supervisor, email="new@x.invalid")

    swept = await sweep(world, pb.SWEEP_DRILL, DRILL)

    found = {finding.about: finding.why for finding in swept.findings}
    assert f"MANAGER of SCREENER:{OFFICE}" in found
    assert found[f"OWNER of SCREENER:{OFFICE}"].endswith("no contact method is verified")
    assert f"OWNER of INVESTIGATOR:{OFFICE}" not in found
    assert {instant(finding.at) for finding in swept.findings} == {OPENING}
    assert [notice.staff_id for notice in swept.notices] == [world.people.supervisor]
    (notice,) = swept.notices
    assert list(notice.how) == [VOICE, SMS, EMAIL]
    assert instant(notice.not_after) == OPENING
    assert swept == await sweep(world, pb.SWEEP_DRILL, DRILL)


async def test_a_shift_is_drilled_once(world: World) -> None:
    drills = [await sweep(world, pb.SWEEP_DRILL, DRILL + timedelta(hours=n)) for n in (-1, 0, 1)]

    assert [bool(drill.findings) for drill in drills] == [False, True, False]


async def test_a_duty_of_somebody_on_leave_is_told_weeks_ahead_and_not_once_it_is_given_to_another(
    world: World,
) -> None:
    """GoAlert #2878."""
    await everybody_is_reachable(world)
    rotation = await nightly(world, world.people.worker)
    leave = MONDAY + timedelta(days=14)
    stub = await world.person(world.people.worker)
    request = casework_pb.RecordAbsenceRequest(
        idempotency_key=key(),
        staff_id=world.people.worker,
        starts_at=stamp(leave),
        ends_at=stamp(leave + timedelta(days=1)),
        kind=casework_pb.ABSENCE_KIND_LEAVE,
    )
    await stub.RecordAbsence(request, timeout=DEADLINE)

    swept = await sweep(world, pb.SWEEP_COVERAGE, MONDAY)

    night = datetime(2026, 12, 8, 2, 0, tzinfo=MONDAY.tzinfo)
    assert [(finding.code, instant(finding.at)) for finding in swept.findings] == [("UNCOVERED_DUTY", night)]
    assert {notice.staff_id for notice in swept.notices} == {world.people.supervisor, world.people.manager}
    assert [list(notice.how) for notice in swept.notices] == [[EMAIL]] * 2
    given = pb.GiveDutyRequest(
        idempotency_key=key(),
        rotation_id=rotation,
        staff_id=world.people.second,
        starts_at=stamp(night),
        ends_at=stamp(night + timedelta(hours=10)),
        reason="leave",
    )
    await (await world.at_work(world.people.supervisor)).GiveDuty(given, timeout=DEADLINE)
    assert not (await sweep(world, pb.SWEEP_COVERAGE, MONDAY)).findings


async def test_both_people_hear_of_a_hand_over_with_what_is_open(world: World) -> None:
    """GoAlert #583, #4190."""
    days = pb.Rotation(
        rotation_id=str(uuid4()),
        role="INVESTIGATOR",
        office=OFFICE,
        members=[world.people.worker, world.people.second],
        first_day="2026-11-23",
        begins="08:00",
        ends="08:00",
        turn_days=1,
        on_call=True,
    )
    stub = await world.at_work(world.people.supervisor)
    await stub.DefineRotation(pb.DefineRotationRequest(idempotency_key=key(), rotation=days), timeout=DEADLINE)
    await world.promise(kind="CALLBACK_URGENT", owner=type_pb2.Owner(staff_id=world.people.worker))

    before, about, after = [
        await sweep(world, pb.SWEEP_HAND_OVER, OPENING - timedelta(minutes=minutes), every=15)
        for minutes in (30, 15, 0)
    ]

    assert not before.notices
    assert not after.notices
    assert [notice.staff_id for notice in about.notices] == [world.people.second, world.people.worker]
    assert [list(notice.how) for notice in about.notices] == [[EMAIL]] * 2
    assert {instant(notice.not_after) for notice in about.notices} == {OPENING + timedelta(minutes=15)}
    assert (about.notices[0].values["open"], about.notices[0].values["overdue"]) == ("1", "1")
