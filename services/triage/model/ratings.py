"""Two people judge the same report, each on their own: how often do they agree (R040)?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from policy.errors import Refused
from services.triage.model.decisions import Decision
from services.triage.model.sampling import drawn_for_rating
from services.triage.model.urgency import Response


@dataclass(frozen=True, slots=True)
class Rating:
    """A second, blind judgement of a report; without `response` it is not given yet."""

    report_id: UUID
    reference: str
    office: str
    received_at: datetime
    rater: str
    response: Response | None = None
    rated_at: datetime | None = None


def taken(decision: Decision, *, by: str) -> Rating:
    """A second person rates a decided report that was drawn; nobody who screened or reviewed it may."""
    if not drawn_for_rating(decision.report_id):
        raise Refused("WRONG_STATE", "this report was not drawn for a second rating")
    if decision.verdict is None:
        raise Refused("WRONG_STATE", "this report is not decided: a second rating never stands in the way of the first")
    if by in (*decision.screeners, decision.verdict.approved_by, decision.reviewed_by):
        raise Refused("FOUR_EYES", "took part in this decision: another person must rate it", "actor")
    return Rating(decision.report_id, decision.reference, decision.office, decision.received_at, by)


def rated(rating: Rating, response: Response, *, by: str, at: datetime) -> Rating:
    """The rating as the person who took it gives it."""
    if rating.rater != by:
        raise Refused("FOUR_EYES", "did not take this rating: who took it must give it", "actor")
    if rating.response:
        raise Refused("WRONG_STATE", "this report was rated before: a rating stays")
    return replace(rating, response=response, rated_at=at)
