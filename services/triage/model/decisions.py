"""The decision on a report: the pack in force at its receipt recommends, a named person decides (R029-R033).

What is recorded can be explained and replayed for years: the facts exactly as they were screened, the pack by its hash,
the recommendation in full, and who decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from policy.errors import PolicyError, Refused
from policy.packs import Pack, PackRef
from policy.screening import FollowUp, screen
from services.triage.model import sampling
from services.triage.model.urgency import Response, Screening, is_less

REVIEW_SCREEN_OUT = "REVIEW_SCREEN_OUT"
"""The task that a second person looks at a child whom nobody goes to see."""


class DecisionState(StrEnum):
    """RECOMMENDED waits for a person; NEEDS_FACTS does too, and more urgently: no one knows how urgent it is.

    MERGED is a duplicate that was closed into the report it repeats.
    """

    RECOMMENDED = "RECOMMENDED"
    NEEDS_FACTS = "NEEDS_FACTS"
    DECIDED = "DECIDED"
    MERGED = "MERGED"


class Review(StrEnum):
    """Where the second look at a child whom nobody goes to see stands."""

    DUE = "DUE"
    UPHELD = "UPHELD"
    REVERSED = "REVERSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One version of a report as triage hears of it: coded answers, no word of what was said.

    `facts` are the entries `report` and `children` of the input of screening; `language` is a BCP 47 tag or empty.
    """

    report_id: UUID
    reference: str
    office: str
    received_at: datetime
    facts: Mapping[str, Any]
    channel: str
    language: str = ""
    interpreter_used: bool = False
    version: int = 1
    amended_at: datetime | None = None

    def screening_input(self) -> dict[str, Any]:
        """The whole input of screening; `received_at` in UTC, so that the same report is always the same bytes."""
        received_at = self.received_at.astimezone(UTC).isoformat()
        return {"received_at": received_at, "office": self.office, **self.facts}


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What the evaluator answered; `whole` is its entire output, as it is kept and replayed."""

    pack: PackRef
    screening: Screening
    tier: str | None
    whole: Mapping[str, Any]

    @property
    def response(self) -> Response:
        """The response it asks for."""
        return Response(self.screening, self.tier)

    @property
    def tasks(self) -> tuple[str, ...]:
        """What must be done besides: CALL_911, RECALL_REPORTER, ..."""
        return tuple(self.whole["tasks"])

    @property
    def cross_reports(self) -> tuple[str, ...]:
        """Who else must be told: LAW_ENFORCEMENT, LICENSING."""
        return tuple(self.whole["cross_reports"])

    @property
    def clocks(self) -> tuple[str, ...]:
        """The kinds of promise whose clock runs from receipt, by name."""
        return tuple(sorted(self.whole["due"]))

    @property
    def follow_up(self) -> FollowUp:
        """What is asked for besides the response if a person agrees."""
        return FollowUp(self.tasks, self.cross_reports, self.clocks)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a report could not be screened: the code, and the paths of the facts concerned."""

    code: str
    paths: tuple[str, ...]


Evaluated = Recommendation | Problem
"""What came of screening one version of a report."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a person decided. `overridden` if it differs from what was recommended; then `reason` says why."""

    screening: Screening
    tier: str | None
    decided_by: str
    decided_at: datetime
    overridden: bool
    follow_up: FollowUp
    reason: str = ""
    approved_by: str | None = None

    @property
    def response(self) -> Response:
        """The response that was decided."""
        return Response(self.screening, self.tier)


@dataclass(frozen=True, slots=True)
class OverrideRequest:
    """A downward override from T1 that waits for a manager."""

    id: UUID
    response: Response
    reason: str
    requested_by: str
    requested_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A report's one decision, whose id is the report's. Exactly one of `recommendation` and `problem` is there.

    `screeners` are all who ever took or decided it: none of them may be the second pair of eyes.
    """

    report_id: UUID
    reference: str
    office: str
    received_at: datetime
    state: DecisionState
    facts: Mapping[str, Any]
    channel: str | None = None
    language: str = ""
    interpreter_used: bool = False
    report_version: int = 1
    recommendation: Recommendation | None = None
    problem: Problem | None = None
    verdict: Verdict | None = None
    taken_by: str | None = None
    screeners: tuple[str, ...] = ()
    request: OverrideRequest | None = None
    review: Review | None = None
    reviewed_by: str | None = None
    merged_into: UUID | None = None
    version: int = 1

    @property
    def alleged_victims(self) -> tuple[str, ...]:
        """The children with a criterion, by their ids within the report."""
        return tuple(child["id"] for child in self.facts["children"] if child["criteria"])

    @property
    def mandated_reporter(self) -> bool:
        """Whether the law obliged the reporter to report, and so to confirm it in writing."""
        return bool(self.facts["report"].get("reporter") == "MANDATED")

    @property
    def standing(self) -> Response | None:
        """The response as it stands: what a person decided, else what is recommended; None if nothing is."""
        if self.verdict:
            return self.verdict.response
        return self.recommendation.response if self.recommendation else None

    @property
    def drawn_for_review(self) -> bool:
        """Whether a screen-out is reviewed by lot, though no rule of the pack asks for it."""
        return self.verdict is not None and (
            REVIEW_SCREEN_OUT in self.verdict.follow_up.tasks
            and self.recommendation is not None
            and self.recommendation.screening is Screening.SCREEN_OUT
            and REVIEW_SCREEN_OUT not in self.recommendation.tasks
        )

    @property
    def lower_offered(self) -> bool:
        """Whether an amendment left what was decided more urgent than what is recommended now."""
        return (
            self.verdict is not None
            and not self.verdict.overridden
            and self.recommendation is not None
            and is_less(self.recommendation.response, self.verdict.response)
        )

    def next(self, **changes: Any) -> Decision:
        """The decision's next version with these changes."""
        return replace(self, version=self.version + 1, **changes)


def evaluated(submission: Submission, pack: Pack) -> Recommendation:
    """What a pack recommends for a report; `PolicyError` if the facts allow nothing."""
    answer = screen(pack, submission.screening_input())
    return Recommendation(pack.ref, Screening(answer.screening), answer.tier, answer.as_json())


def not_evaluated(error: PolicyError) -> Problem:
    """Why nothing is recommended."""
    return Problem(error.code, error.paths)


def opened(submission: Submission, result: Evaluated) -> Decision:
    """The decision of a report that triage hears of for the first time; it waits for a person."""
    return Decision(
        report_id=submission.report_id,
        reference=submission.reference,
        office=submission.office,
        received_at=submission.received_at,
        channel=submission.channel,
        language=submission.language,
        interpreter_used=submission.interpreter_used,
        facts=submission.screening_input(),
        **_waiting(result),
    )


def rescreened(decision: Decision, submission: Submission, result: Evaluated) -> Decision:
    """The decision after an amendment of its report; the clock stays the first receipt's (R038).

    What is not decided follows the new recommendation. What is decided stands, unless the amended facts ask for more
    than was decided and more than was recommended before, or cannot be screened: then it waits for a person again.
    Nothing is ever lowered by itself. A duplicate that tells something new waits again on its own.
    """
    screened: dict[str, Any] = {
        "facts": submission.screening_input(),
        "report_version": submission.version,
        "interpreter_used": submission.interpreter_used,
        "request": None,
    }
    if isinstance(result, Recommendation) and _stands(decision, result):
        return decision.next(**screened, recommendation=result, problem=None)
    return decision.next(**screened, **_waiting(result), verdict=None, review=None, merged_into=None)


def taken(decision: Decision, *, by: str) -> Decision:
    """A screener works on it; whoever took it before is still one of its screeners."""
    _refuse_unless_waiting(decision)
    if decision.taken_by == by:
        raise Refused("WRONG_STATE", "you have taken this report already")
    return decision.next(taken_by=by, screeners=_with(decision.screeners, by))


def confirmed(decision: Decision, *, by: str, at: datetime) -> Decision:
    """The decision of a person who agrees with the recommendation."""
    _refuse_unless_waiting(decision)
    agreed = recommendation_of(decision)
    return decided(decision, agreed.response, follow_up=agreed.follow_up, by=by, at=at)


def decided(
    decision: Decision,
    response: Response,
    *,
    follow_up: FollowUp,
    by: str,
    at: datetime,
    reason: str = "",
    approved_by: str | None = None,
) -> Decision:
    """The decision with a person's verdict. Where nobody goes to see the child, a second person looks at it: if a rule
    of the pack says so, and at a random tenth of the others.
    """
    if not response.somebody_goes and sampling.drawn_for_review(decision.report_id):
        follow_up = replace(follow_up, tasks=tuple(_with(follow_up.tasks, REVIEW_SCREEN_OUT)))
    verdict = Verdict(
        response.screening,
        response.tier,
        decided_by=by,
        decided_at=at,
        overridden=response != recommendation_of(decision).response,
        follow_up=follow_up,
        reason=reason,
        approved_by=approved_by,
    )
    to_review = not response.somebody_goes and REVIEW_SCREEN_OUT in follow_up.tasks
    return decision.next(
        state=DecisionState.DECIDED,
        verdict=verdict,
        screeners=_with(decision.screeners, by),
        request=None,
        review=Review.DUE if to_review else None,
        reviewed_by=None,
    )


def merged(duplicate: Decision, into: Decision) -> Decision:
    """The duplicate closed into the report that it repeats, which must be about to be answered no less urgently.

    Neither may be one that could not be screened: nobody knows how urgent that is.
    """
    if duplicate.report_id == into.report_id:
        raise Refused("INVALID_REQUEST", "is the report itself: name the one that it repeats", "into_report_id")
    if duplicate.state is DecisionState.MERGED:
        raise Refused("WRONG_STATE", "this report was merged before")
    if into.state is DecisionState.MERGED:
        raise Refused("WRONG_STATE", "was merged itself: name the report that it was merged into", "into_report_id")
    here, there = duplicate.standing, into.standing
    if here is None or there is None or is_less(there, here):
        message = "is answered less urgently than this report asks for: amend that one, or decide on this one"
        raise Refused("DOWNGRADE_NOT_ALLOWED", message, "into_report_id")
    return duplicate.next(state=DecisionState.MERGED, merged_into=into.report_id, request=None, review=None)


def recommendation_of(decision: Decision) -> Recommendation:
    """What is recommended; refused where the facts cannot be screened, with where that lies."""
    if decision.recommendation is None:
        problem = decision.problem
        where = f" ({problem.code}: {', '.join(problem.paths)})" if problem else ""
        message = f"nothing is recommended: the facts of this report cannot be screened as they stand{where}: amend it"
        raise Refused("WRONG_STATE", message)
    return decision.recommendation


def _stands(decision: Decision, result: Recommendation) -> bool:
    """Whether what was decided stands although the facts have changed."""
    before = decision.recommendation
    if decision.verdict is None or before is None or decision.state is not DecisionState.DECIDED:
        return False
    return not (is_less(decision.verdict.response, result.response) and is_less(before.response, result.response))


def _waiting(result: Evaluated) -> dict[str, Any]:
    if isinstance(result, Problem):
        return {"state": DecisionState.NEEDS_FACTS, "recommendation": None, "problem": result}
    return {"state": DecisionState.RECOMMENDED, "recommendation": result, "problem": None}


def _refuse_unless_waiting(decision: Decision) -> None:
    if decision.state is DecisionState.DECIDED:
        raise Refused("WRONG_STATE", "this report was decided before: the decision stays")
    if decision.state is DecisionState.MERGED:
        raise Refused("WRONG_STATE", "this report was merged into another: that one is decided")


def _with(names: Iterable[str], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*names, name)))
