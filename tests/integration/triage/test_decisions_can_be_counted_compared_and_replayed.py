"""What decisions add up to: agreement of two people, figures, and the record that replay evaluates again."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest

from chassis.errors import Code
from hotline.triage.v1 import triage_service_pb2 as pb
from hotline.triage.v1 import triage_service_pb2_grpc as rpc
from hotline.type.v1 import type_pb2
from policy.canonical import canonical
from policy.packs import Packs
from policy.screening import screen
from services.triage.model.sampling import drawn_for_rating
from tests.integration.triage.screening_desk import NOTHING_ALLEGED, Person, acting_on, decision_on, submitted
from tests.reports import at
from tests.services import TIMEOUT, RunningService


async def drawn(desk: Any, screener: Any) -> pb.Decision:
    """A report that the lot gives to a second rater."""
    for _ in range(300):
        report_id = await submitted(desk)
        if drawn_for_rating(UUID(report_id)):
            return await decision_on(screener, report_id)
    raise AssertionError("of 300 reports none was drawn")


async def test_a_second_screener_rates_blind_and_the_figures_count_it(
    desk: Any, screener: Any, wren: Person, soren: Person, triage: RunningService
) -> None:
    """R040."""
    since = at(datetime.now(UTC))
    decided = await wren.decide("ConfirmDecision", await drawn(desk, screener))
    rater, report_id = Person(triage, "SCREENER"), decided.report_id
    offered = await rater.do("ListRatings", pb.ListRatingsRequest(limit=1000))
    assert report_id in [task.report_id for task in offered.ratings]
    assert report_id not in [
        task.report_id for task in (await wren.do("ListRatings", pb.ListRatingsRequest(limit=1000))).ratings
    ]

    task = await rater.do("TakeRating", acting_on("TakeRating", decided))

    assert json.loads(task.facts_json)["children"][0]["criteria"] == ["PA2"]
    for call, request in (
        ("GetDecision", pb.GetDecisionRequest(report_id=report_id)),
        ("GetHistory", pb.GetHistoryRequest(report_id=report_id)),
    ):
        refusal = await rater.refused(call, request)
        assert (refusal.code, refusal.reason) == (Code.FAILED_PRECONDITION, "BLIND")

    rate = acting_on("RateReport", decided, screening=pb.SCREENING_SCREEN_IN, tier=type_pb2.TIER_T2)
    await rater.do("RateReport", rate)

    assert await rater.sees(report_id) == decided
    found = await soren.do("GetAgreement", pb.GetAgreementRequest(since=since))
    assert (found.screening.pairs, found.screening.agreed) == (1, 1)
    assert (found.tier.pairs, found.tier.agreed) == (1, 0)
    assert not found.screening.HasField("kappa")
    assert (found.screening.share_low, found.screening.share_high) == pytest.approx((0.2065, 1.0), abs=1e-4)
    assert (found.tier.share_low, found.tier.share_high) == pytest.approx((0.0, 0.7935), abs=1e-4)


async def test_nobody_rates_what_they_decided_nor_what_another_rates(
    desk: Any, screener: Any, wren: Person, triage: RunningService
) -> None:
    """R040."""
    decided = await wren.decide("ConfirmDecision", await drawn(desk, screener))
    refusal = await wren.refused("TakeRating", acting_on("TakeRating", decided))
    assert (refusal.reason, list(refusal.fields)) == ("FOUR_EYES", ["actor"])
    await Person(triage, "SCREENER").do("TakeRating", acting_on("TakeRating", decided))
    refusal = await Person(triage, "SCREENER").refused("TakeRating", acting_on("TakeRating", decided))
    assert refusal.reason == "WRONG_STATE"


async def test_figures_are_split_by_the_use_of_an_interpreter(
    desk: Any, screener: Any, wren: Person, soren: Person
) -> None:
    """R041."""
    office = f"office-{uuid4().hex[:8]}"
    for interpreter_used, confirmed in ((True, True), (True, False), (False, False), (False, False)):
        report_id = await submitted(desk, office=office, interpreter_used=interpreter_used)
        decision = await decision_on(screener, report_id)
        if confirmed:
            await wren.decide("ConfirmDecision", decision)
    nothing = await submitted(desk, office=office, facts=NOTHING_ALLEGED, participants=[])
    await decision_on(screener, nothing)

    figures = (await soren.do("GetFigures", pb.GetFiguresRequest(office=office))).figures

    counted = {(f.interpreter_used, f.recommended_tier, f.decided): f.reports for f in figures}
    assert counted == {
        (False, type_pb2.TIER_T1, pb.SCREENING_UNSPECIFIED): 2,
        (False, type_pb2.TIER_UNSPECIFIED, pb.SCREENING_UNSPECIFIED): 1,
        (True, type_pb2.TIER_T1, pb.SCREENING_UNSPECIFIED): 1,
        (True, type_pb2.TIER_T1, pb.SCREENING_SCREEN_IN): 1,
    }


async def test_the_record_can_be_evaluated_again_byte_for_byte(
    desk: Any, screener: Any, wren: Person, soren: Person
) -> None:
    """R102."""
    since = datetime.now(UTC)
    raised = await decision_on(screener, await submitted(desk, interpreter_used=True))
    await wren.decide(
        "OverrideDecision", raised, screening=pb.SCREENING_SCREEN_IN, tier=type_pb2.TIER_T0, reason="He is there."
    )
    waiting = await decision_on(screener, await submitted(desk))

    found = await recorded(soren, pb.ListDecisionsRequest(since=at(since)))

    assert [entry.evaluation.report_id for entry in found] == [raised.report_id, waiting.report_id]
    for entry in found:
        facts = json.loads(entry.evaluation.facts_json)
        pack = Packs().by_sha256(entry.evaluation.pack.sha256)
        assert canonical(screen(pack, facts).as_json()).decode() == entry.evaluation.recommendation_json
    first, second = found
    assert (first.decided_tier, first.overridden, first.interpreter_used) == (type_pb2.TIER_T0, True, True)
    assert (first.channel, first.office, first.latest) == (type_pb2.CHANNEL_VOICE, raised.office, True)
    assert (second.decided, second.overridden) == (pb.SCREENING_UNSPECIFIED, False)
    nothing_yet = pb.ListDecisionsRequest(since=at(datetime.now(UTC) + timedelta(days=1)))
    assert await recorded(soren, nothing_yet) == []


async def test_everything_ever_recorded_is_read_page_by_page(soren: Person, database: Any) -> None:
    found = await recorded(soren, pb.ListDecisionsRequest())
    keys = [(e.evaluation.evaluated_at.ToNanoseconds(), e.evaluation.report_id) for e in found]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys) == await database.fetchval("SELECT count(*) FROM triage.evaluation")


@pytest.mark.parametrize("role", ["SCREENER", "MANAGER", "INTAKE_SPECIALIST", "SERVICE"])
async def test_the_record_is_open_to_administrators_and_supervisors(triage: RunningService, role: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await recorded(Person(triage, role), pb.ListDecisionsRequest())
    assert error.value.code() is grpc.StatusCode.PERMISSION_DENIED


async def recorded(person: Person, request: pb.ListDecisionsRequest) -> list[pb.ListDecisionsResponse]:
    async with person.service.acting_as(person.role, subject=person.id) as channel:
        return [entry async for entry in rpc.TriageServiceStub(channel).ListDecisions(request, timeout=TIMEOUT)]
