"""What triage does: recommend for a report that came, and take a person's decision."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from chassis import errors
from chassis.errors import Reason
from chassis.identity import acting
from chassis.unit_of_work import UnitOfWork
from policy.errors import PolicyError
from policy.packs import Pack
from services.triage import facts, store
from services.triage.model import Decision, Submission, confirmed, needs_facts, recommended

PackAt = Callable[[datetime], Pack]
"""The pack that was in force at an instant; `PolicyError` if none was, or it cannot be used."""


async def recommend(submission: Submission, pack_at: PackAt, uow: UnitOfWork) -> Decision:
    """Screen a report by the pack in force when it was received; what cannot be screened goes to a person at once."""
    try:
        decision = recommended(submission, pack_at(submission.received_at))
    except PolicyError as error:
        decision = needs_facts(submission, error)
    await store.add_decision(uow, decision)
    if decision.recommendation:
        await facts.report_recommended(uow, decision)
    else:
        await facts.report_needs_facts(uow, decision)
    await uow.audit("Recommend", decision.report_id, {"state": decision.state})
    return decision


async def confirm(report_id: UUID, seen_version: int, uow: UnitOfWork) -> Decision:
    """The person who acts agrees with the recommendation they saw; refused as ABORTED if it has changed since."""
    decision = await store.decision_to_change(uow, report_id)
    if decision.version != seen_version:
        message = "the decision has changed since it was read: read it again, then decide"
        raise errors.aborted(Reason.CONFLICT, message, version=str(decision.version))
    decision = confirmed(decision, by=acting().subject, at=uow.clock())
    await store.decide(uow, decision)
    await facts.decision_made(uow, decision)
    await uow.audit("ConfirmDecision", decision.report_id, {"version": decision.version})
    return decision
