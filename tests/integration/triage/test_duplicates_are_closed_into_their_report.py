"""A duplicate's decision is closed with a reference to the report it repeats; others hear of it by a fact."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc

from deploy.local.infrastructure import Addresses
from hotline.triage.v1 import triage_events_pb2 as events
from hotline.triage.v1 import triage_service_pb2 as pb
from tests.integration.triage.screening_desk import MINOR, Person, acting_on, decision_on, submitted
from tests.reports import screening_facts
from tests.services import facts_about

SAME = "The neighbour tells of the same evening."


async def two(desk: Any, screener: Any, **changed: Any) -> tuple[pb.Decision, pb.Decision]:
    """The report that was there first, and another that tells the same."""
    first, second = await submitted(desk, **changed), await submitted(desk)
    return await decision_on(screener, first), await decision_on(screener, second)


async def test_a_merge_says_into_which_report_and_takes_it_off_the_queue(
    desk: Any, screener: Any, wren: Person, stack: Addresses
) -> None:
    first, second = await two(desk, screener)

    merged = await wren.decide("MergeReport", second, into_report_id=first.report_id, reason=SAME)

    assert (merged.state, merged.merged_into_report_id) == (pb.DECISION_STATE_MERGED, first.report_id)
    _, record = await facts_about(stack, "hotline.triage.decision.v1", second.report_id, 2)
    fact = events.ReportMerged.FromString(record.value or b"")
    assert (fact.into_report_id, fact.into_reference) == (first.report_id, first.reference)
    assert fact.merged_by == str(wren.id)
    assert list((await wren.history(first.report_id)).merged_report_ids) == [second.report_id]
    queue = (await wren.do("ListQueue", pb.ListQueueRequest(limit=1000))).decisions
    assert second.report_id not in [decision.report_id for decision in queue]


async def test_no_report_is_merged_into_one_that_is_answered_less_urgently(
    desk: Any, screener: Any, wren: Person
) -> None:
    first, second = await two(desk, screener, facts=screening_facts(None, (["PA2"], MINOR)))
    request = acting_on("MergeReport", second, into_report_id=first.report_id, reason=SAME)
    refusal = await wren.refused("MergeReport", request)
    assert (refusal.reason, list(refusal.fields)) == ("DOWNGRADE_NOT_ALLOWED", ["into_report_id"])
    assert await wren.sees(second.report_id) == second


async def test_two_reports_cannot_vanish_into_each_other(desk: Any, screener: Any, wren: Person) -> None:
    first, second = await two(desk, screener)
    answers = await asyncio.gather(
        wren.decide("MergeReport", second, into_report_id=first.report_id, reason=SAME),
        wren.decide("MergeReport", first, into_report_id=second.report_id, reason=SAME),
        return_exceptions=True,
    )
    assert len([answer for answer in answers if isinstance(answer, pb.Decision)]) == 1
    assert len([answer for answer in answers if isinstance(answer, grpc.aio.AioRpcError)]) == 1
