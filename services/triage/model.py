"""The decision on a report: the pack in force at its receipt recommends, a named person decides (R029-R033).

What is recorded can be explained and replayed for years: the facts exactly as they were screened, the pack by its hash,
the recommendation in full, and who decided.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from policy.errors import PolicyError, Refused
from policy.packs import Pack, PackRef
from policy.screening import screen


class DecisionState(StrEnum):
    """RECOMMENDED waits for a person; NEEDS_FACTS does too, and more urgently: no one knows how urgent it is."""

    RECOMMENDED = "RECOMMENDED"
    NEEDS_FACTS = "NEEDS_FACTS"
    DECIDED = "DECIDED"


class Screening(StrEnum):
    """What a report becomes. The evaluator recommends one of the first two; people may decide any."""

    SCREEN_IN = "SCREEN_IN"
    SCREEN_OUT = "SCREEN_OUT"
    ALTERNATIVE = "ALTERNATIVE"
    INFORMATION = "INFORMATION"
    SERVICE = "SERVICE"


@dataclass(frozen=True, slots=True)
class Submission:
    """A report as triage hears of it: coded answers, no word of what was said.

    `facts` are the entries `report` and `children` of the input of screening.
    """

    report_id: UUID
    reference: str
    office: str
    received_at: datetime
    facts: Mapping[str, Any]

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


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a report could not be screened: the code, and the paths of the facts concerned."""

    code: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a person decided. `overridden` if it differs from what was recommended."""

    screening: Screening
    tier: str | None
    decided_by: str
    decided_at: datetime
    overridden: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A report's one decision; exactly one of `recommendation` and `problem` is there. Its id is the report's."""

    report_id: UUID
    reference: str
    office: str
    received_at: datetime
    state: DecisionState
    facts: Mapping[str, Any]
    recommendation: Recommendation | None = None
    problem: Problem | None = None
    verdict: Verdict | None = None
    version: int = 1

    @property
    def alleged_victims(self) -> tuple[str, ...]:
        """The children with a criterion, by their ids within the report."""
        return tuple(child["id"] for child in self.facts["children"] if child["criteria"])

    @property
    def mandated_reporter(self) -> bool:
        """Whether the law obliged the reporter to report, and so to confirm it in writing."""
        return bool(self.facts["report"].get("reporter") == "MANDATED")


def recommended(submission: Submission, pack: Pack) -> Decision:
    """The decision that a pack recommends; `PolicyError` if the facts allow none."""
    facts = submission.screening_input()
    answer = screen(pack, facts)
    recommendation = Recommendation(pack.ref, Screening(answer.screening), answer.tier, answer.as_json())
    return _new(submission, DecisionState.RECOMMENDED, facts, recommendation=recommendation)


def needs_facts(submission: Submission, error: PolicyError) -> Decision:
    """A report nobody can screen as it stands: a person must look, and it waits on top of the queue."""
    problem = Problem(error.code, error.paths)
    return _new(submission, DecisionState.NEEDS_FACTS, submission.screening_input(), problem=problem)


def confirmed(decision: Decision, *, by: str, at: datetime) -> Decision:
    """The decision of a person who agrees with the recommendation."""
    if decision.state is DecisionState.DECIDED:
        raise Refused("WRONG_STATE", "this report was decided before: the decision stays")
    if decision.recommendation is None:
        raise Refused(
            "WRONG_STATE", "nothing is recommended: the facts of this report cannot be screened as they stand"
        )
    agreed = decision.recommendation
    verdict = Verdict(agreed.screening, agreed.tier, decided_by=by, decided_at=at, overridden=False)
    return replace(decision, state=DecisionState.DECIDED, verdict=verdict, version=decision.version + 1)


def _new(
    submission: Submission,
    state: DecisionState,
    facts: Mapping[str, Any],
    *,
    recommendation: Recommendation | None = None,
    problem: Problem | None = None,
) -> Decision:
    return Decision(
        report_id=submission.report_id,
        reference=submission.reference,
        office=submission.office,
        received_at=submission.received_at,
        state=state,
        facts=facts,
        recommendation=recommendation,
        problem=problem,
    )
