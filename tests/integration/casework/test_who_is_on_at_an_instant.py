"""One call answers who is on a rung at an instant, and why; the ladder that climbs asks the same."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from chassis.contract import stamp
from hotline.casework.v1 import casework_service_pb2 as casework_pb
from hotline.casework.v1 import workforce_service_pb2 as pb
from hotline.type.v1 import type_pb2
from tests.integration.casework.conftest import DEADLINE, MONDAY, OFFICE, World, key, refused, told
from tests.integration.casework.duties import on_rotation

QUEUE = f"INVESTIGATOR:{OFFICE}"


async def who_is_on(world: World, who: str = "OWNER", at: datetime | None = None, **owner: str) -> pb.WhoIsOnResponse:
    request = pb.WhoIsOnRequest(
        at=stamp(at), office=OFFICE, owner=type_pb2.Owner(**(owner or {"queue": QUEUE})), who=who
    )
    return await (await world.sweeping()).WhoIsOn(request, timeout=DEADLINE)


async def signs(world: World, staff_id: str, place: "pb.Place.ValueType" = pb.PLACE_OFFICE) -> int:
    request = pb.RecordPresenceRequest(idempotency_key=key(), staff_id=staff_id, place=place)
    answer = await (await world.at_work(staff_id)).RecordPresence(request, timeout=DEADLINE)
    return answer.unchecked_messages


def given(rotation_id: str, staff_id: str, begins: datetime, hours: int = 8, **more: str) -> pb.GiveDutyRequest:
    return pb.GiveDutyRequest(
        idempotency_key=key(),
        rotation_id=rotation_id,
        staff_id=staff_id,
        starts_at=stamp(begins),
        ends_at=stamp(begins + timedelta(hours=hours)),
        reason="stands in",
        **more,
    )


def people(answer: pb.WhoIsOnResponse) -> list[str]:
    return [person.staff_id for person in answer.people]


async def test_without_a_rotation_everybody_of_the_role_is_on_and_with_one_whoever_has_the_turn(world: World) -> None:
    worker, second = world.people.worker, world.people.second
    assert people(await who_is_on(world)) == [worker, second]

    await on_rotation(world, worker, second)

    assert people(await who_is_on(world, at=MONDAY)) == [worker]
    assert people(await who_is_on(world, at=MONDAY + timedelta(days=1))) == [second]
    assert (await who_is_on(world, at=MONDAY)).why == f"INVESTIGATOR of {OFFICE} on duty"


async def test_the_ladder_that_climbs_tells_whom_the_call_names(world: World) -> None:
    await on_rotation(world, world.people.second)
    promise = await world.promise(owner=type_pb2.Owner(queue=QUEUE))

    climbed = await world.ring(promise)

    assert told(climbed) == [("owner", world.people.second)]
    assert people(await who_is_on(world)) == [world.people.second]


async def test_whoever_is_passed_over_is_named_with_the_reason(world: World) -> None:
    await world.away(world.people.worker, days=3)

    answer = await who_is_on(world, staff_id=world.people.worker)

    assert people(answer) == [world.people.supervisor]
    assert answer.passed_over[0].staff_id == world.people.worker
    assert answer.passed_over[0].why.startswith("other until")
    assert answer.office_open


async def test_silence_until_ten_on_the_second_business_day_passes_the_owner_over(world: World) -> None:
    """R084."""
    await signs(world, world.people.worker)

    tuesday, wednesday = MONDAY + timedelta(days=1, hours=1), MONDAY + timedelta(days=2, hours=1)

    assert people(await who_is_on(world, at=tuesday, staff_id=world.people.worker)) == [world.people.worker]
    assert people(await who_is_on(world, at=wednesday, staff_id=world.people.worker)) == [world.people.supervisor]


async def test_whoever_signs_in_is_back_from_an_absence(world: World) -> None:
    await world.away(world.people.worker, days=5)
    world.clock.move(hours=1)
    await signs(world, world.people.worker)

    assert people(await who_is_on(world, staff_id=world.people.worker)) == [world.people.worker]


async def test_nobody_signs_in_for_somebody_else(world: World) -> None:
    request = pb.RecordPresenceRequest(idempotency_key=key(), staff_id=world.people.worker, place=pb.PLACE_OFFICE)

    async with refused("ROLE_NOT_ALLOWED"):
        await (await world.at_work(world.people.second)).RecordPresence(request, timeout=DEADLINE)


async def test_a_shift_that_breaks_a_rule_of_rest_needs_a_recorded_exception(world: World) -> None:
    """R123."""
    worker, second = world.people.worker, world.people.second
    days = await on_rotation(world, worker, second)
    stub = await world.at_work(world.people.supervisor)
    evening = given(days, worker, MONDAY.replace(hour=23), 7)

    async with refused("REST_RULE") as why:
        await stub.GiveDuty(evening, timeout=DEADLINE)
    assert list(why[0].fields) == ["exception"]
    assert people(await who_is_on(world, at=MONDAY.replace(hour=23, minute=30))) == [worker, second]

    excepted = given(days, worker, MONDAY.replace(hour=23), 7, exception="a flood, nobody else could come")
    await stub.GiveDuty(excepted, timeout=DEADLINE)
    assert people(await who_is_on(world, at=MONDAY.replace(hour=23, minute=30))) == [worker]


async def test_a_rotation_that_leaves_no_rest_is_refused_too(world: World) -> None:
    async with refused("REST_RULE"):
        await on_rotation(world, world.people.worker, begins="06:00", ends="20:00")

    await on_rotation(world, world.people.worker, begins="06:00", ends="20:00", on_call=True)


async def test_rotations_that_last_are_listed_as_they_were_defined(world: World) -> None:
    await on_rotation(world, world.people.worker, last_day="2026-11-23")
    nights = await on_rotation(
        world, world.people.worker, world.people.second, begins="22:00", ends="06:00", weekdays=[0, 1], on_call=True
    )
    world.clock.move(days=1)

    listed = (await (await world.sweeping()).ListRotations(pb.ListRotationsRequest(), timeout=DEADLINE)).rotations
    here = (
        await (await world.sweeping()).ListRotations(pb.ListRotationsRequest(office=OFFICE), timeout=DEADLINE)
    ).rotations

    (rotation,) = listed
    assert list(here) == [rotation]
    assert (rotation.rotation_id, list(rotation.members)) == (nights, [world.people.worker, world.people.second])
    assert (rotation.begins, rotation.ends, list(rotation.weekdays), rotation.on_call) == (
        "22:00",
        "06:00",
        [0, 1],
        True,
    )


async def test_two_people_swap_duties_when_both_have_agreed(world: World) -> None:
    worker, second = world.people.worker, world.people.second
    rotation = await on_rotation(world, worker, second)
    tuesday, eight = MONDAY + timedelta(days=1), timedelta(hours=8)
    begins = MONDAY - timedelta(hours=1)
    offer = pb.OfferSwapRequest(
        idempotency_key=key(),
        rotation_id=rotation,
        starts_at=stamp(begins),
        ends_at=stamp(begins + eight),
        to_staff_id=second,
        return_starts_at=stamp(begins + timedelta(days=1)),
        return_ends_at=stamp(begins + timedelta(days=1) + eight),
    )
    offered = await (await world.at_work(worker)).OfferSwap(offer, timeout=DEADLINE)
    assert people(await who_is_on(world, at=MONDAY)) == [worker]

    accept = pb.AcceptSwapRequest(idempotency_key=key(), swap_id=offered.swap_id)
    async with refused("ROLE_NOT_ALLOWED"):
        await (await world.at_work(worker)).AcceptSwap(accept, timeout=DEADLINE)
    await (await world.at_work(second)).AcceptSwap(accept, timeout=DEADLINE)

    assert people(await who_is_on(world, at=MONDAY)) == [second]
    assert people(await who_is_on(world, at=tuesday)) == [worker]


async def test_nobody_swaps_a_duty_they_do_not_have(world: World) -> None:
    rotation = await on_rotation(world, world.people.worker, world.people.second)
    begins = MONDAY + timedelta(days=1)
    offer = pb.OfferSwapRequest(
        idempotency_key=key(),
        rotation_id=rotation,
        starts_at=stamp(begins),
        ends_at=stamp(begins + timedelta(hours=1)),
        to_staff_id=world.people.second,
        return_starts_at=stamp(begins),
        return_ends_at=stamp(begins + timedelta(hours=1)),
    )

    async with refused("WRONG_STATE") as why:
        await (await world.at_work(world.people.worker)).OfferSwap(offer, timeout=DEADLINE)
    assert list(why[0].fields) == ["starts_at"]


async def test_an_address_counts_once_its_owner_has_said_back_the_code(world: World) -> None:
    worker = world.people.worker
    methods = casework_pb.GetContactMethodsRequest(staff_id=worker)
    (mail,) = (await (await world.service()).GetContactMethods(methods, timeout=DEADLINE)).methods
    assert not (await who_is_on(world, staff_id=worker)).people[0].reachable
    stub = await world.at_work(worker)

    def said(code: str) -> pb.VerifyContactMethodRequest:
        return pb.VerifyContactMethodRequest(idempotency_key=key(), channel=mail.channel, code=code)

    wrong = f"{(int(mail.code) + 1) % 1_000_000:06d}"
    assert not (await stub.VerifyContactMethod(said(wrong), timeout=DEADLINE)).verified
    assert (await stub.VerifyContactMethod(said(mail.code), timeout=DEADLINE)).verified

    assert (await who_is_on(world, staff_id=worker)).people[0].reachable
    facts = [type(fact).__name__ for _, fact in await world.facts(worker)]
    assert facts == ["StaffRegistered", "ContactMethodVerified"]


async def test_a_code_cannot_be_guessed(world: World) -> None:
    worker = world.people.worker
    methods = casework_pb.GetContactMethodsRequest(staff_id=worker)
    (mail,) = (await (await world.service()).GetContactMethods(methods, timeout=DEADLINE)).methods
    stub = await world.at_work(worker)
    for guess in range(1, 6):
        code = f"{(int(mail.code) + guess) % 1_000_000:06d}"
        request = pb.VerifyContactMethodRequest(idempotency_key=key(), channel=mail.channel, code=code)
        await stub.VerifyContactMethod(request, timeout=DEADLINE)

    async with refused("WRONG_CODE"):
        right = pb.VerifyContactMethodRequest(idempotency_key=key(), channel=mail.channel, code=mail.code)
        await stub.VerifyContactMethod(right, timeout=DEADLINE)


@pytest.mark.parametrize("named", [True, False])
async def test_whoever_holds_an_expired_credential_is_given_no_investigation(world: World, named: bool) -> None:
    expired = casework_pb.Credential(code="CHILD_WELFARE", expires_at=stamp(MONDAY - timedelta(days=1)))
    for staff_id in (world.people.worker, world.people.second):
        await world.hire(staff_id, "INVESTIGATOR", supervisor_id=world.people.supervisor, credentials=[expired])
    opened = await (await world.person(world.people.supervisor)).OpenInvestigation(
        casework_pb.OpenInvestigationRequest(
            idempotency_key=key(),
            report_id=str(uuid4()),
            reference="7ZK4-M2QX",
            office=OFFICE,
            received_at=stamp(MONDAY),
            tier=type_pb2.TIER_T2,
            alleged_victims=["c1"],
        ),
        timeout=DEADLINE,
    )
    assert opened.investigation.worker_id == ""
    assign = casework_pb.AssignWorkerRequest(
        idempotency_key=key(),
        investigation_id=opened.investigation.investigation_id,
        staff_id=world.people.worker if named else "",
    )

    async with refused("CREDENTIAL_EXPIRED" if named else "NOBODY_AVAILABLE"):
        await (await world.person(world.people.supervisor)).AssignWorker(assign, timeout=DEADLINE)


async def test_staff_are_found_by_the_languages_they_speak(world: World) -> None:
    """R020."""
    await world.hire(world.people.second, "INVESTIGATOR", languages=["es"], specialties=["INFANTS"])

    request = casework_pb.ListStaffRequest(office=OFFICE, language="es")
    found = (await (await world.service()).ListStaff(request, timeout=DEADLINE)).staff

    assert [(staff.staff_id, list(staff.specialties)) for staff in found] == [(world.people.second, ["INFANTS"])]
