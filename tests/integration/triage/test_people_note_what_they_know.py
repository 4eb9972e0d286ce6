"""Sources, questions and suspicions: kept beside the decision, deciding nothing, in no fact (R040, R044)."""

from __future__ import annotations

from typing import Any

import pytest

from chassis.errors import Code
from deploy.local.infrastructure import Addresses
from hotline.triage.v1 import triage_service_pb2 as pb
from tests.integration.triage.screening_desk import Person, acting_on, decision_on, submitted
from tests.reports import A_FRIGHTENED_CHILD, key, screening_facts
from tests.services import RunningService, records

NOTE = "Saw it from the kitchen window; called about the same family in spring."


async def a_report(desk: Any, screener: Any) -> pb.Decision:
    return await decision_on(screener, await submitted(desk))


async def test_a_screener_notes_how_far_a_source_can_be_relied_upon(
    desk: Any, screener: Any, wren: Person, stack: Addresses
) -> None:
    """R040."""
    seen = await a_report(desk, screener)
    request = acting_on("NoteSource", seen, reliability=pb.RELIABILITY_MOSTLY_RELIABLE, note=NOTE)
    await wren.do("NoteSource", request)
    (note,) = (await wren.history(seen.report_id)).source_notes
    assert (note.reliability, note.note, note.noted_by) == (pb.RELIABILITY_MOSTLY_RELIABLE, NOTE, str(wren.id))
    assert await wren.sees(seen.report_id) == seen
    told = await records(stack, "hotline.triage.decision.v1")
    assert told
    assert not [record for record in told if b"kitchen window" in (record.value or b"")]


async def test_a_supervisor_answers_what_a_screener_asks(
    desk: Any, screener: Any, wren: Person, soren: Person, triage: RunningService
) -> None:
    seen = await a_report(desk, screener)
    asked = await wren.do("AskConsultation", acting_on("AskConsultation", seen, question="Is a cousin a caregiver?"))
    waiting = await soren.do("ListConsultations", pb.ListConsultationsRequest(limit=1000))
    assert asked.consultation in waiting.consultations
    answer = pb.AnswerConsultationRequest(
        idempotency_key=key(), consultation_id=asked.consultation.consultation_id, answer="If the child lives there."
    )
    herself = Person(triage, "SUPERVISOR", wren.id)
    assert (await herself.refused("AnswerConsultation", answer)).reason == "FOUR_EYES"

    await soren.do("AnswerConsultation", answer)

    (kept,) = (await wren.history(seen.report_id)).consultations
    assert (kept.answer, kept.answered_by) == ("If the child lives there.", str(soren.id))
    waiting = await soren.do("ListConsultations", pb.ListConsultationsRequest(limit=1000))
    assert kept.consultation_id not in [waits.consultation_id for waits in waiting.consultations]
    again = pb.AnswerConsultationRequest(
        idempotency_key=key(), consultation_id=kept.consultation_id, answer="Never mind."
    )
    assert (await soren.refused("AnswerConsultation", again)).reason == "WRONG_STATE"


async def test_a_suspicion_of_a_false_report_decides_nothing(
    desk: Any, screener: Any, wren: Person, soren: Person
) -> None:
    """R044."""
    seen = await a_report(desk, screener)
    flag = acting_on("FlagFalseReport", seen, grounds="The third call from the other side of a custody case.")
    flagged = (await wren.do("FlagFalseReport", flag)).suspicion
    assert flagged.outcome == pb.SUSPICION_OUTCOME_UNSPECIFIED
    assert await wren.sees(seen.report_id) == seen

    settle = pb.SettleFalseReportRequest(
        idempotency_key=key(),
        suspicion_id=flagged.suspicion_id,
        outcome=pb.SUSPICION_OUTCOME_REFERRED,
        reason="Two courts have found the same.",
    )
    assert (await wren.refused("SettleFalseReport", settle)).code is Code.PERMISSION_DENIED
    await soren.do("SettleFalseReport", settle)

    (kept,) = (await soren.history(seen.report_id)).suspicions
    assert (kept.outcome, kept.settled_by) == (pb.SUSPICION_OUTCOME_REFERRED, str(soren.id))
    assert await wren.sees(seen.report_id) == seen


async def test_who_suspects_does_not_settle(desk: Any, screener: Any, soren: Person) -> None:
    """R044."""
    seen = await a_report(desk, screener)
    flagged = await soren.do("FlagFalseReport", acting_on("FlagFalseReport", seen, grounds="It does not add up."))
    settle = pb.SettleFalseReportRequest(
        idempotency_key=key(),
        suspicion_id=flagged.suspicion.suspicion_id,
        outcome=pb.SUSPICION_OUTCOME_DISMISSED,
        reason="It does add up.",
    )
    refusal = await soren.refused("SettleFalseReport", settle)
    assert (refusal.reason, list(refusal.fields)) == ("FOUR_EYES", ["actor"])


async def test_answers_that_cannot_both_be_true_are_flagged(desk: Any, screener: Any) -> None:
    """R040."""
    both = A_FRIGHTENED_CHILD | {"safe_place": "YES", "alone_now": "YES"}
    decision = await decision_on(screener, await submitted(desk, facts=screening_facts(None, (["PA2"], both))))
    paths = [list(found.paths) for found in decision.contradictions]
    assert ["children[0].facts.safe_place", "children[0].facts.alone_now"] in paths


@pytest.mark.parametrize(
    ("method", "given"),
    [
        ("NoteSource", {"reliability": pb.RELIABILITY_RELIABLE, "note": ""}),
        ("AskConsultation", {"question": "?"}),
        ("FlagFalseReport", {"grounds": "?"}),
    ],
)
async def test_nothing_is_noted_on_a_report_nobody_has_heard_of(
    wren: Person, method: str, given: dict[str, Any]
) -> None:
    nothing = pb.Decision(report_id="00000000-0000-4000-8000-000000000000")
    assert (await wren.refused(method, acting_on(method, nothing, **given))).code is Code.NOT_FOUND
