"""A second person looks at a screen-out: the children whom nobody is going to see."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from policy.errors import Refused
from policy.packs import Pack
from policy.screening import follow_up
from services.triage.model.decisions import Decision, Review, Verdict, decided
from services.triage.model.urgency import Response, Screening


def upheld(decision: Decision, *, by: str) -> Decision:
    """The screen-out stands."""
    _refuse_to_review(decision, by)
    return decision.next(review=Review.UPHELD, reviewed_by=by)


def overturned(decision: Decision, *, by: str) -> Decision:
    """The screen-out does not stand; `screened_in` is the decision that follows."""
    _refuse_to_review(decision, by)
    return decision.next(review=Review.REVERSED, reviewed_by=by)


def screened_in(decision: Decision, tier: str | None, *, pack: Pack, by: str, at: datetime, reason: str) -> Decision:
    """The reviewer's own decision after a reversal, with the clock of the original receipt."""
    response = Response(Screening.SCREEN_IN, tier or (decision.verdict.tier if decision.verdict else None))
    if response.tier is None:
        raise Refused("INVALID_REQUEST", "is needed: who is screened in must be seen by some time", "tier")
    wanted = follow_up(pack, decision.facts, response.screening, response.tier)
    after = decided(decision, response, follow_up=wanted, by=by, at=at, reason=reason)
    return replace(after, review=decision.review, reviewed_by=decision.reviewed_by)


def _refuse_to_review(decision: Decision, by: str) -> None:
    verdict = decision.verdict
    if decision.review is not Review.DUE or verdict is None:
        raise Refused("WRONG_STATE", "no review of this report is due")
    if by in _who_decided(decision, verdict):
        raise Refused("FOUR_EYES", "took part in this decision: another person must review it", "actor")


def _who_decided(decision: Decision, verdict: Verdict) -> set[str | None]:
    return {*decision.screeners, verdict.decided_by, verdict.approved_by}
