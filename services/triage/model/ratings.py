"""Two people judge the same report, each on their own: how often do they agree (R040)?"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from policy.errors import Refused
from services.triage.model.decisions import Decision
from services.triage.model.sampling import drawn_for_rating
from services.triage.model.urgency import Response

_NORMAL_95 = 1.959963984540054


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


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often pairs of judgements agree, and beyond chance; `kappa` and its 95 % interval are None if undefined."""

    pairs: int
    agreed: int
    kappa: float | None = None
    interval: tuple[float, float] | None = None


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


def agreement(pairs: Sequence[tuple[str, str]]) -> Agreement:
    """Percent agreement and Cohen's kappa of pairs of judgements, with the large-sample interval of Fleiss, Cohen and
    Everitt (1969)."""
    total = len(pairs)
    agreed = sum(first == second for first, second in pairs)
    if not total:
        return Agreement(0, 0)
    first, second = Counter(pair[0] for pair in pairs), Counter(pair[1] for pair in pairs)
    by_chance = sum(first[word] * second[word] for word in first) / total**2
    if math.isclose(by_chance, 1.0):
        return Agreement(total, agreed)
    observed = agreed / total
    kappa = (observed - by_chance) / (1 - by_chance)
    variance = 0.0
    for (one, other), count in Counter(pairs).items():
        if one == other:
            weight = (1 - by_chance) - (second[one] + first[one]) / total * (1 - observed)
        else:
            weight = (second[one] + first[other]) / total * (1 - observed)
        variance += count / total * weight**2
    variance -= (observed * by_chance - 2 * by_chance + observed) ** 2
    margin = _NORMAL_95 * math.sqrt(max(variance, 0.0) / total) / (1 - by_chance) ** 2
    return Agreement(total, agreed, kappa, (max(-1.0, kappa - margin), min(1.0, kappa + margin)))
