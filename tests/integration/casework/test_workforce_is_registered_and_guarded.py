"""Staff, absences, and who may call what."""

from typing import Any

from chassis.contract import stamp
from chassis.server import Servicer
from hotline.casework.v1 import casework_service_pb2 as pb
from hotline.casework.v1 import casework_service_pb2_grpc as rpc
from hotline.casework.v1 import workforce_service_pb2 as workforce
from services.casework.api import ACCESS
from tests.integration.casework.conftest import DEADLINE, OFFICE, World, key, refused


async def listed(world: World, **asked: Any) -> list[pb.Staff]:
    stub = await world.service()
    return list((await stub.ListStaff(pb.ListStaffRequest(**asked), timeout=DEADLINE)).staff)


async def test_staff_are_listed_by_office_and_role(world: World) -> None:
    await world.hire("00000000-0000-7000-8000-0000000000aa", "INVESTIGATOR", office="elsewhere")

    found = await listed(world, office=OFFICE, role="INVESTIGATOR")

    assert {staff.staff_id for staff in found} == {world.people.worker, world.people.second}


async def test_registering_again_changes_the_person_and_is_a_fact_of_its_own(world: World) -> None:
    await world.hire(world.people.worker, "SCREENER", supervisor_id=world.people.supervisor)
    stub = await world.service()

    methods = await stub.GetContactMethods(pb.GetContactMethodsRequest(staff_id=world.people.worker), timeout=DEADLINE)

    facts = await world.facts(world.people.worker)
    assert [(n, list(fact.roles)) for n, fact in facts] == [(1, ["INVESTIGATOR"]), (2, ["SCREENER"])]  # type: ignore[attr-defined]
    assert methods.version == 2
    assert methods.email.endswith("@office.hotline.invalid")


async def test_nobody_supervises_themselves(world: World) -> None:
    async with refused("INVALID_REQUEST") as why:
        await world.hire(world.people.worker, "INVESTIGATOR", supervisor_id=world.people.worker)
    assert list(why[0].fields) == ["staff.supervisor_id"]


async def test_people_record_their_own_absence_and_leaders_anybodys(world: World) -> None:
    await world.away(world.people.worker)
    request = pb.RecordAbsenceRequest(
        idempotency_key=key(),
        staff_id=world.people.worker,
        starts_at=stamp(world.clock.now),
        ends_at=stamp(world.clock.now.replace(hour=20)),
    )

    async with refused("ROLE_NOT_ALLOWED"):
        await (await world.person(world.people.second)).RecordAbsence(request, timeout=DEADLINE)
    recorded = await (await world.person(world.people.supervisor)).RecordAbsence(request, timeout=DEADLINE)

    assert recorded.absence_id


async def test_an_absence_ends_after_it_begins(world: World) -> None:
    async with refused("IMPOSSIBLE_TIME") as why:
        await world.away(world.people.worker, days=-1)
    assert list(why[0].fields) == ["ends_at"]


async def test_only_the_platform_itself_asks_for_contact_methods_promises_and_rungs(world: World) -> None:
    stub = await world.person(world.people.director)
    promise = await world.promise()

    for ask in (
        stub.GetContactMethods(pb.GetContactMethodsRequest(staff_id=world.people.worker), timeout=DEADLINE),
        stub.ClimbRung(
            pb.ClimbRungRequest(promise_id=promise.promise_id, as_of=stamp(world.clock.now)), timeout=DEADLINE
        ),
        stub.MakePromise(pb.MakePromiseRequest(), timeout=DEADLINE),
    ):
        async with refused("ROLE_NOT_ALLOWED"):
            await ask


async def test_a_request_that_breaks_the_contract_is_told_which_fields(world: World) -> None:
    async with refused("INVALID_REQUEST") as why:
        await world.hire("not-a-uuid", "INVESTIGATOR", office="Lake East")

    assert set(why[0].fields) == {"staff.staff_id", "staff.office"}


def test_every_call_says_who_may_make_it() -> None:
    descriptor = pb.DESCRIPTOR.services_by_name["CaseworkService"]

    assert Servicer(rpc.add_CaseworkServiceServicer_to_server, object(), descriptor, ACCESS).undecided() == []


async def test_a_number_that_no_gateway_could_call_is_refused_when_it_is_given(world: World) -> None:
    stub = await world.at_work(world.people.worker)
    given = workforce.SetContactMethodRequest(
        idempotency_key=key(), staff_id=world.people.worker, channel=pb.CONTACT_CHANNEL_VOICE, address="555-0142"
    )
    async with refused("INVALID_REQUEST") as refusals:
        await stub.SetContactMethod(given, timeout=DEADLINE)
    assert set(refusals[0].fields) == {"address"}
