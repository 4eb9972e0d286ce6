"""When a person decides otherwise than the pack recommends (R030, R033).

Upward, anyone may who works on reports; who screens may also call the same response by another name. Downward is one
tier, by a supervisor who did not screen the report, on conditions that are checked here; from T1 a manager, who is a
third person, must approve; from T0 there is no way down.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from policy.due import due_at
from policy.errors import Refused
from policy.packs import Pack
from policy.screening import follow_up
from services.triage.model.decisions import Decision, DecisionState, OverrideRequest, decided, recommendation_of
from services.triage.model.urgency import Response, Screening, is_less, place

REASON_DOWNWARD = 80
"""Characters that a reason for less urgency has at least."""

_MOST_URGENT, _NEEDS_APPROVAL = "T0", "T1"
# Who could reach the child, and who stands between: not knowing this, nobody can say that there is more time.
_MUST_BE_KNOWN = ("access", "protective_adult", "safe_place")


@dataclass(frozen=True, slots=True)
class Override:
    """What a person wants instead; `tier` None keeps the tier as it stands."""

    screening: Screening
    tier: str | None
    reason: str
    history_reviewed: bool


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What else counts when a response is lowered: the report's own pack, and whether anybody was there yet."""

    pack: Pack
    contacted: bool


def response_of(decision: Decision, override: Override) -> Response:
    """The response that an override asks for; refused if there is nothing to override, or it would change nothing."""
    if decision.state is DecisionState.MERGED:
        raise Refused("WRONG_STATE", "this report was merged into another: that one is decided")
    recommended = recommendation_of(decision)
    standing = decision.verdict.response if decision.verdict else recommended.response
    response = Response(override.screening, override.tier or standing.tier)
    if response == standing:
        known = "was decided" if decision.verdict else "is recommended: confirm it"
        raise Refused("WRONG_STATE", f"this is what {known}")
    if response.somebody_goes and response.tier is None:
        raise Refused("INVALID_REQUEST", "is needed: where somebody goes, it must be by some time", "tier")
    return response


def raises(decision: Decision, response: Response) -> bool:
    """Whether a response is more than what stands, and in nothing less than what is recommended or decided."""
    standing = _asked_for(decision)[-1]
    return is_less(standing, response) and not lowers(decision, response)


def lowers(decision: Decision, response: Response) -> bool:
    """Whether a response is less than what is recommended or decided."""
    return any(is_less(response, than) for than in _asked_for(decision))


def overridden(
    decision: Decision,
    override: Override,
    circumstances: Circumstances,
    *,
    request_id: UUID,
    by: str,
    at: datetime,
) -> Decision:
    """The decision as the person wants it, or with their request if a manager must approve it first."""
    response = response_of(decision, override)
    if not override.reason.strip():
        raise Refused("REASON_REQUIRED", "must say why the decision differs", "reason")
    if lowers(decision, response):
        _refuse_to_lower(decision, response, override, by)
        _refuse_too_late(decision, circumstances, at)
        if _NEEDS_APPROVAL in {than.tier for than in _asked_for(decision)}:
            request = OverrideRequest(request_id, response, override.reason, requested_by=by, requested_at=at)
            return decision.next(request=request)
    pack = circumstances.pack
    wanted = follow_up(pack, decision.facts, response.screening, response.tier)
    return decided(decision, response, follow_up=wanted, by=by, at=at, reason=override.reason)


def approved(decision: Decision, circumstances: Circumstances, *, by: str, at: datetime) -> Decision:
    """The decision that was requested, as a third person lets it pass; the conditions must still hold."""
    request = _request_of(decision)
    _refuse_same_eyes(decision, by)
    if by == request.requested_by:
        raise Refused("FOUR_EYES", "requested this: a manager who did not must approve it", "actor")
    _refuse_too_late(decision, circumstances, at)
    response = request.response
    return decided(
        decision,
        response,
        follow_up=follow_up(circumstances.pack, decision.facts, response.screening, response.tier),
        by=request.requested_by,
        at=at,
        reason=request.reason,
        approved_by=by,
    )


def refused(decision: Decision) -> Decision:
    """The decision without the request: it stays as it stood."""
    _request_of(decision)
    return decision.next(request=None)


def _refuse_to_lower(decision: Decision, response: Response, override: Override, by: str) -> None:
    asked_for = _asked_for(decision)
    if _MOST_URGENT in {than.tier for than in asked_for}:
        raise Refused("DOWNGRADE_NOT_ALLOWED", "T0 is never lowered; if the facts were wrong, amend the report", "tier")
    if not decision.screeners:
        message = "has no screener yet: one must take or confirm the report before another person lowers it"
        raise Refused("FOUR_EYES", message, "report_id")
    _refuse_same_eyes(decision, by)
    if any(place(response.tier) > place(than.tier) + 1 for than in asked_for):
        raise Refused("DOWNGRADE_NOT_ALLOWED", "may be one tier less urgent, no more", "tier")
    if len(override.reason.strip()) < REASON_DOWNWARD:
        raise Refused("REASON_REQUIRED", f"must be {REASON_DOWNWARD} characters or more for less urgency", "reason")
    if not override.history_reviewed:
        message = "must be true: review the prior history of the child and its caregivers first"
        raise Refused("DOWNGRADE_NOT_ALLOWED", message, "history_reviewed")
    for path in _unknown(decision):
        raise Refused("DOWNGRADE_NOT_ALLOWED", "is unknown: while it is, nobody can say that there is time", path)


def _refuse_too_late(decision: Decision, circumstances: Circumstances, at: datetime) -> None:
    if circumstances.contacted:
        raise Refused("DOWNGRADE_NOT_ALLOWED", "somebody was with the child already: the investigation decides now")
    standing = min(_asked_for(decision), key=lambda response: place(response.tier))
    clock = circumstances.pack.clock("FIRST_CONTACT", standing.tier, decision.office) if standing.tier else None
    if clock and at >= due_at(clock, decision.received_at):
        raise Refused("DOWNGRADE_NOT_ALLOWED", "the first contact is overdue: it is too late to give it more time")


def _refuse_same_eyes(decision: Decision, by: str) -> None:
    if by in decision.screeners:
        raise Refused("FOUR_EYES", "screened this report: another person must decide on this", "actor")


def _request_of(decision: Decision) -> OverrideRequest:
    if decision.request is None:
        raise Refused("WRONG_STATE", "no override of this report waits for approval")
    return decision.request


def _asked_for(decision: Decision) -> tuple[Response, ...]:
    recommended = recommendation_of(decision).response
    return (recommended, decision.verdict.response) if decision.verdict else (recommended,)


def _unknown(decision: Decision) -> Iterator[str]:
    """Where the facts do not say who can reach a child, or who protects it."""
    places = {child["id"]: place for place, child in enumerate(decision.facts["children"])}
    for unknown in recommendation_of(decision).whole["unknowns"]:
        if unknown["fact"] in _MUST_BE_KNOWN:
            yield f"children[{places[unknown['child']]}].facts.{unknown['fact']}"
