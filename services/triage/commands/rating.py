"""The second, blind rating of reports that were drawn for it (R040)."""

from __future__ import annotations

from uuid import UUID

from chassis import errors
from chassis.errors import Reason
from chassis.identity import acting
from chassis.unit_of_work import UnitOfWork
from services.triage.model import ratings
from services.triage.model.decisions import Decision
from services.triage.model.ratings import Rating
from services.triage.model.urgency import Response
from services.triage.store import decisions
from services.triage.store import ratings as store


async def take(report_id: UUID, uow: UnitOfWork) -> tuple[Rating, Decision]:
    """Rate this report: from now on, and until it is rated, its decision is not shown to who acts."""
    decision = await decisions.decision_to_change(uow, report_id)
    rating = ratings.taken(decision, by=acting().subject)
    assert decision.verdict is not None
    if not await store.take(uow, rating, decision.verdict.response):
        message = "this report is rated by somebody already: one second rating is enough"
        raise errors.failed_precondition(Reason.WRONG_STATE, message)
    await uow.audit("TakeRating", report_id)
    return rating, decision


async def rate(report_id: UUID, response: Response, uow: UnitOfWork) -> Rating:
    """The judgement of the person who took the rating."""
    rating = ratings.rated(await store.rating_to_change(uow, report_id), response, by=acting().subject, at=uow.clock())
    await store.rate(uow, rating)
    await uow.audit("RateReport", report_id)
    return rating


async def refuse_to_blind(report_id: UUID, uow: UnitOfWork) -> None:
    """Who rates a report blind is not shown its decision."""
    if await store.rates_blind(uow, report_id, acting().subject):
        message = "you rate this report: its decision is shown to you once you have"
        raise errors.failed_precondition("BLIND", message)
