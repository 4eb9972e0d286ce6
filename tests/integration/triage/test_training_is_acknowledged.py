"""The training notice of a pack's version: everybody it is for acknowledges it, and who has not is listed (R110)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from chassis.envelope import Envelope
from chassis.errors import Code
from chassis.kafka import running_producer
from chassis.topics import topic_of
from deploy.local.infrastructure import Addresses
from hotline.casework.v1.casework_events_pb2 import StaffRegistered
from hotline.triage.v1 import triage_service_pb2 as pb
from tests.integration.triage.screening_desk import Person, decision_on, submitted
from tests.reports import key
from tests.services import RunningService
from tests.waiting import eventually

OFFICE = "training-office"


async def hired(stack: Addresses, staff_id: UUID, *versions: str) -> None:
    """Casework tells that somebody is on its staff: each version names another role."""
    async with running_producer(stack.kafka_bootstrap) as producer:
        for sequence, role in enumerate(versions, start=1):
            fact = StaffRegistered(staff_id=str(staff_id), roles=[role], office=OFFICE)
            envelope = Envelope(
                id=uuid4(),
                type=fact.DESCRIPTOR.full_name,
                source="/hotline/casework",
                time=datetime.now(UTC),
                aggregate_type="casework.staff",
                subject=str(staff_id),
                sequence=sequence,
            )
            await producer.send_and_wait(
                topic_of("casework.staff"),
                fact.SerializeToString(),
                key=str(staff_id).encode(),
                headers=envelope.to_headers(),
            )


async def notice(person: Person, **asked: str) -> pb.TrainingNotice:
    """The notice of the site's pack as it stands."""
    answer: pb.ListTrainingResponse = await person.do("ListTraining", pb.ListTrainingRequest(**asked))
    (found,) = answer.notices
    return found


async def waiting(person: Person) -> dict[str, pb.OpenTraining]:
    """Whose acknowledgement is open."""
    return {learner.staff_id: learner for learner in (await notice(person)).open}


async def until_open(person: Person, staff_id: UUID) -> pb.OpenTraining:
    async def known() -> pb.OpenTraining | None:
        return (await waiting(person)).get(str(staff_id))

    return await eventually(known)


def acknowledging(**changed: str) -> pb.AcknowledgeTrainingRequest:
    return pb.AcknowledgeTrainingRequest(
        **({"idempotency_key": key(), "pack_id": "seed-default", "version": "1.0.0"} | changed)
    )


async def test_whoever_has_a_role_that_the_notice_names_has_yet_to_acknowledge_it(
    triage: RunningService, soren: Person, stack: Addresses
) -> None:
    """R110."""
    newcomer, worker = Person(triage, "SCREENER"), Person(triage, "INVESTIGATOR")
    await hired(stack, worker.id, "SCREENER", "INVESTIGATOR")
    await hired(stack, newcomer.id, "SCREENER")
    open_ = await until_open(soren, newcomer.id)
    assert (list(open_.roles), open_.office, open_.HasField("decided_since")) == (["SCREENER"], OFFICE, False)

    async def only_who_screens() -> bool:
        return str(worker.id) not in await waiting(soren)

    await eventually(only_who_screens)


async def test_an_acknowledgement_is_kept_once_and_closes_it(
    triage: RunningService, soren: Person, stack: Addresses, database: Any
) -> None:
    newcomer = Person(triage, "SCREENER")
    await hired(stack, newcomer.id, "SCREENER")
    await until_open(soren, newcomer.id)
    given = await newcomer.do("AcknowledgeTraining", acknowledging())
    again = await newcomer.do("AcknowledgeTraining", acknowledging())
    assert given == again
    assert given.acknowledgement.staff_id == str(newcomer.id)
    found = await notice(soren)
    assert given.acknowledgement in found.acknowledgements
    assert given.pack == found.pack
    assert str(newcomer.id) not in await waiting(soren)
    audited = "SELECT count(*) FROM chassis.audit WHERE actor = $1 AND action = 'AcknowledgeTraining'"
    assert await database.fetchval(audited, str(newcomer.id)) == 1


async def test_whoever_decides_without_having_read_it_stands_on_top(
    desk: Any, screener: Any, triage: RunningService, soren: Person
) -> None:
    """R110: also somebody who is not on the staff that triage has heard of."""
    hasty = Person(triage, "SCREENER")
    decided = await hasty.decide("ConfirmDecision", await decision_on(screener, await submitted(desk)))
    assert decided.decided_by == str(hasty.id)
    open_ = list((await notice(soren)).open)
    found = next(learner for learner in open_ if learner.staff_id == str(hasty.id))
    assert found.decided_since == decided.decided_at
    deciders = [learner.HasField("decided_since") for learner in open_]
    assert deciders == sorted(deciders, reverse=True)
    await hasty.do("AcknowledgeTraining", acknowledging())
    assert str(hasty.id) not in await waiting(soren)


async def test_each_version_has_its_own(soren: Person) -> None:
    await soren.do("AcknowledgeTraining", acknowledging(pack_id="il-300"))
    assert str(soren.id) in [a.staff_id for a in (await notice(soren, pack_id="il-300")).acknowledgements]
    assert str(soren.id) not in [a.staff_id for a in (await notice(soren)).acknowledgements]
    refusal = await soren.refused("AcknowledgeTraining", acknowledging(version="9.9.9"))
    assert (refusal.code, refusal.reason) == (Code.NOT_FOUND, "NOT_FOUND")
    assert "seed-default@9.9.9" in refusal.message


async def test_only_who_works_on_reports_acknowledges(triage: RunningService) -> None:
    refusal = await Person(triage, "ADMIN").refused("AcknowledgeTraining", acknowledging())
    assert refusal.code is Code.PERMISSION_DENIED
