"""What facts of triage and intake make casework owe."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chassis.contract import instant, stamp
from hotline.casework.v1 import casework_service_pb2 as pb
from hotline.casework.v1 import promise_pb2
from hotline.casework.v1.promise_pb2 import Promise
from hotline.intake.v1.intake_events_pb2 import CallbackRequested, ComplaintFiled, VoicemailLeft
from hotline.triage.v1 import triage_service_pb2 as triage
from hotline.triage.v1.triage_events_pb2 import ReportNeedsFacts, ReportRecommended
from hotline.type.v1 import type_pb2
from tests.integration.casework.conftest import DEADLINE, OFFICE, World, refused, told
from tests.integration.casework.screening import decided, investigation, owed, report
from tools import verify_certificate


async def certified(world: World, promise: Promise, folder: Path) -> list[str]:
    """The arguments with which an outsider verifies a closed promise."""
    key, file = folder / "public.pem", folder / "certificate.json"
    key.write_bytes(world.rules.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    request = pb.GetCertificateRequest(promise_id=promise.promise_id)
    file.write_text((await (await world.service()).GetCertificate(request, timeout=DEADLINE)).certificate_json)
    return ["--key", str(key), str(file)]


async def test_a_recommendation_makes_the_promise_of_a_decision_and_nothing_else(world: World) -> None:
    screened = report(world)

    await world.hears(ReportRecommended(**screened))

    promises = await owed(world)
    assert set(promises) == {"SCREENING_DECISION"}
    assert promises["SCREENING_DECISION"].owner.queue == f"SCREENER:{OFFICE}"
    assert instant(promises["SCREENING_DECISION"].due_at) == world.clock.now + timedelta(minutes=30)
    async with refused("NOT_FOUND"):
        await investigation(world, screened)


async def test_at_t0_somebody_goes_before_anybody_has_decided(world: World) -> None:
    screened = report(world, "T0")

    await world.hears(ReportRecommended(**screened))

    assert (await investigation(world, screened)).worker_id == world.people.worker
    assert set(await owed(world)) == {"SCREENING_DECISION", "ON_SCENE", "FIRST_CONTACT", "FINDING"}


async def test_a_report_that_cannot_be_screened_is_owed_a_decision_too(world: World) -> None:
    screened = report(world)
    unclear = ReportNeedsFacts(
        report_id=screened["report_id"], office=OFFICE, received_at=screened["received_at"], code="NOT_ASKED"
    )

    await world.hears(unclear)
    before = (await owed(world))["SCREENING_DECISION"]
    await world.hears(ReportRecommended(**screened))
    after = (await owed(world))["SCREENING_DECISION"]

    assert instant(before.due_at) == world.clock.now + timedelta(hours=4)
    assert after.promise_id == before.promise_id
    assert instant(after.due_at) == world.clock.now + timedelta(minutes=30)


async def test_the_reporter_is_called_again_when_the_pack_asks_for_it(world: World) -> None:
    await world.hears(ReportRecommended(**report(world, tasks=["RECALL_REPORTER"])))

    assert (await owed(world))["RECALL_REPORTER"].owner.queue == f"INTAKE_SPECIALIST:{OFFICE}"


async def test_a_decision_keeps_its_promise_and_opens_the_investigation(world: World) -> None:
    screened = report(world)
    await world.hears(ReportRecommended(**screened))
    decision = (await owed(world))["SCREENING_DECISION"]
    world.clock.move(minutes=20)

    await world.hears(decided(world, screened))

    assert (await world.shown(decision)).promise.verdict == promise_pb2.VERDICT_MET
    promises = await owed(world)
    assert set(promises) == {"FIRST_CONTACT", "FINDING"}
    assert promises["FIRST_CONTACT"].received_at == screened["received_at"]


async def test_the_verdict_is_of_when_it_was_decided_not_of_when_casework_heard(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    screened = report(world)
    await world.hears(ReportRecommended(**screened))
    decision = (await owed(world))["SCREENING_DECISION"]
    world.clock.move(minutes=20)
    fact = decided(world, screened)
    world.clock.move(hours=9)
    await world.ring(decision)

    await world.hears(fact)

    shown = await world.shown(decision)
    assert shown.promise.verdict == promise_pb2.VERDICT_MET
    assert instant(shown.history[-1].occurred_at) == instant(fact.decided_at)
    assert verify_certificate.main(await certified(world, decision, tmp_path)) == 0, capsys.readouterr().out


async def test_a_decision_that_comes_late_keeps_its_promise_late(world: World) -> None:
    screened = report(world)
    await world.hears(ReportRecommended(**screened))
    decision = (await owed(world))["SCREENING_DECISION"]
    world.clock.move(minutes=31)

    await world.hears(decided(world, screened))

    assert (await world.shown(decision)).promise.verdict == promise_pb2.VERDICT_LATE


async def test_the_investigation_opened_at_t0_is_the_one_the_decision_confirms(world: World) -> None:
    screened = report(world, "T0")
    await world.hears(ReportRecommended(**screened))
    before = await investigation(world, screened)

    await world.hears(decided(world, screened))

    assert await investigation(world, screened) == before


async def test_a_mandated_reporter_is_owed_a_confirmation(world: World) -> None:
    screened = report(world, clocks=["FIRST_CONTACT", "FINDING", "REPORTER_CONFIRMATION"])

    await world.hears(decided(world, screened))

    promise = (await owed(world))["REPORTER_CONFIRMATION"]
    assert instant(promise.due_at) == world.clock.now + timedelta(hours=48)
    await world.attempt(promise, "CONFIRMED_IN_WRITING")
    assert "REPORTER_CONFIRMATION" not in await owed(world)


async def test_screened_out_after_somebody_went_closes_the_investigation_and_voids_what_it_owes(world: World) -> None:
    screened = report(world, "T0")
    await world.hears(ReportRecommended(**screened))
    going = await investigation(world, screened)
    contact = (await owed(world))["FIRST_CONTACT"]

    await world.hears(decided(world, screened, screening=triage.SCREENING_SCREEN_OUT))

    assert (await investigation(world, screened)).state == pb.INVESTIGATION_STATE_CLOSED
    assert await owed(world) == {}
    shown = await world.shown(contact)
    assert shown.promise.verdict == promise_pb2.VERDICT_VOID
    assert "decided SCREEN_OUT" in shown.history[-1].detail_json
    facts = await world.facts(going.investigation_id)
    assert [type(fact).__name__ for _, fact in facts][-1] == "InvestigationClosed"


@pytest.mark.parametrize("screening", ["SCREEN_OUT", "INFORMATION", "SERVICE"])
async def test_a_child_whom_nobody_goes_to_see_is_owed_a_second_look_by_supervisors(
    world: World, screening: str
) -> None:
    """R033."""
    screened = report(world, "T3", screening=triage.SCREENING_SCREEN_OUT, tasks=["REVIEW_SCREEN_OUT"])
    await world.hears(ReportRecommended(**screened))
    world.clock.move(minutes=10)

    await world.hears(decided(world, screened, screening=triage.Screening.Value(f"SCREENING_{screening}")))

    review = (await owed(world))["SCREEN_OUT_REVIEW"]
    assert review.owner.queue == f"SUPERVISOR:{OFFICE}"
    assert instant(review.received_at) == world.clock.now
    assert told(await world.ring(review)) == [("owner", world.people.supervisor)]


def callback(world: World, **changes: Any) -> CallbackRequested:
    """A citizen asks the worker to call back; nothing urgent unless said otherwise."""
    values: dict[str, Any] = {
        "callback_id": str(uuid4()),
        "reference": "9QXA-K7M2",
        "office": OFFICE,
        "caller_class": type_pb2.CALLER_CLASS_CITIZEN,
        "owner": type_pb2.Owner(staff_id=world.people.worker),
        "received_at": stamp(world.clock.now),
    }
    return CallbackRequested(**(values | changes))


async def test_urgent_calls_and_calls_of_superiors_are_returned_at_once(world: World) -> None:
    """R080."""
    await world.hears(callback(world, urgent=True))
    await world.hears(callback(world, caller_class=type_pb2.CALLER_CLASS_SUPERIOR))

    promises = await world.open_promises()
    assert [promise.kind for promise in promises] == ["CALLBACK_URGENT"] * 2
    assert {instant(promise.due_at) for promise in promises} == {world.clock.now + timedelta(minutes=15)}


async def test_all_other_calls_are_returned_within_a_business_day(world: World) -> None:
    """R081: asked for on Monday at nine, due on Tuesday at nine."""
    await world.hears(callback(world))

    promise = (await owed(world))["CALLBACK_STANDARD"]
    assert instant(promise.due_at) == world.clock.now + timedelta(days=1)


async def test_how_soon_a_voicemail_is_checked_depends_on_where_its_owner_is(world: World) -> None:
    """R082-R085: in, away for a day at most, absent for longer."""

    async def left_for(staff_id: str) -> Promise:
        fact = VoicemailLeft(
            voicemail_id=str(uuid4()), office=OFFICE, staff_id=staff_id, received_at=stamp(world.clock.now)
        )
        await world.hears(fact)
        found = await world.open_promises(fact.voicemail_id)
        return found[0]

    await world.away(world.people.second, hours=8)
    await world.away(world.people.screener, days=7)

    due = [await left_for(who) for who in (world.people.worker, world.people.second, world.people.screener)]

    ten_oclock = world.clock.now + timedelta(hours=1)
    assert [instant(promise.due_at) for promise in due] == [
        world.clock.now + timedelta(minutes=15),
        ten_oclock,
        ten_oclock,
    ]
    assert told(await world.ring(due[2])) == [("owner", world.people.supervisor)]


async def test_a_complaint_is_owed_an_answer_by_the_supervisors_of_its_office(world: World) -> None:
    """R088."""
    fact = ComplaintFiled(
        complaint_id=str(uuid4()), reference="K7M2-9QXA", office=OFFICE, received_at=stamp(world.clock.now)
    )
    await world.hears(fact)

    (promise,) = await world.open_promises(fact.complaint_id)
    assert (promise.kind, promise.owner.queue) == ("COMPLAINT_RESPONSE", f"SUPERVISOR:{OFFICE}")
    assert promise.reference == fact.reference
