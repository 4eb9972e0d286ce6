"""What triage does by itself: recommend for a report that came, and again when it was amended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from chassis import errors
from chassis.unit_of_work import UnitOfWork
from policy.errors import PolicyError
from policy.packs import Pack
from services.triage import facts
from services.triage.model import decisions
from services.triage.model.decisions import Decision, DecisionState, Evaluated, Submission
from services.triage.store import decisions as store
from services.triage.store.decisions import Settled

PackAt = Callable[[datetime], Pack]
"""The pack that was in force at an instant; `PolicyError` if none was, or it cannot be used."""


async def recommend(submission: Submission, pack_at: PackAt, uow: UnitOfWork) -> Decision:
    """Screen a report by the pack in force when it was received; what cannot be screened goes to a person at once."""
    decision = decisions.opened(submission, _evaluated(submission, pack_at))
    await store.add(uow, decision)
    await facts.screened(uow, decision, amended_at=None)
    await uow.audit("Recommend", decision.report_id, {"state": decision.state})
    return decision


async def rescreen(submission: Submission, pack_at: PackAt, uow: UnitOfWork) -> Decision:
    """Screen an amended report, still by the pack and the clock of its receipt (R038).

    Whoever waits for a manager's approval of what they saw before has been overtaken.
    """
    assert submission.amended_at is not None
    try:
        decision = await store.decision_to_change(uow, submission.report_id)
    except errors.Refusal as refusal:
        raise errors.NotYetKnown("report", submission.report_id) from refusal
    overtaken = decision.request is not None
    decision = decisions.rescreened(decision, submission, _evaluated(submission, pack_at))
    await store.screen_anew(uow, decision)
    if overtaken:
        await store.settle_request(uow, decision.report_id, Settled("OVERTAKEN", "triage", uow.clock()))
    if decision.state is DecisionState.DECIDED:
        await facts.report_rescreened(uow, decision, submission.amended_at)
    else:
        await facts.screened(uow, decision, amended_at=submission.amended_at)
    await uow.audit("Rescreen", decision.report_id, {"state": decision.state, "report_version": submission.version})
    return decision


async def note_investigation(investigation_id: UUID, report_id: UUID, uow: UnitOfWork) -> None:
    """An investigation follows from a report."""
    await store.add_investigation(uow, investigation_id, report_id)


async def note_contact(investigation_id: UUID, at: datetime, uow: UnitOfWork) -> None:
    """Somebody was with a child, or sought it: from now on nobody lowers the report's urgency."""
    await store.mark_contacted(uow, investigation_id, at)


def _evaluated(submission: Submission, pack_at: PackAt) -> Evaluated:
    try:
        return decisions.evaluated(submission, pack_at(submission.received_at))
    except PolicyError as error:
        return decisions.not_evaluated(error)
