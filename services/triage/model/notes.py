"""What people note beside a decision. None of it decides anything, and none of it leaves in a fact."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from policy.errors import Refused


class Reliability(StrEnum):
    """How far a source can be relied upon, whether or not what it says is true (R040)."""

    RELIABLE = "RELIABLE"
    MOSTLY_RELIABLE = "MOSTLY_RELIABLE"
    DOUBTFUL = "DOUBTFUL"
    UNRELIABLE = "UNRELIABLE"
    CANNOT_BE_JUDGED = "CANNOT_BE_JUDGED"


class SuspicionOutcome(StrEnum):
    """What a supervisor does with the suspicion that a report was knowingly false (R044)."""

    REFERRED = "REFERRED"
    DISMISSED = "DISMISSED"


@dataclass(frozen=True, slots=True)
class SourceNote:
    """A screener's view of the source."""

    id: UUID
    report_id: UUID
    reliability: Reliability
    note: str = field(repr=False)
    noted_by: str
    noted_at: datetime


@dataclass(frozen=True, slots=True)
class Consultation:
    """A question of a screener to a supervisor, and the answer."""

    id: UUID
    report_id: UUID
    question: str = field(repr=False)
    asked_by: str
    asked_at: datetime
    answer: str = field(default="", repr=False)
    answered_by: str | None = None
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Somebody suspects that a report was knowingly false; the report itself is screened like any other."""

    id: UUID
    report_id: UUID
    grounds: str = field(repr=False)
    flagged_by: str
    flagged_at: datetime
    outcome: SuspicionOutcome | None = None
    settled_because: str = field(default="", repr=False)
    settled_by: str | None = None
    settled_at: datetime | None = None


def answered(consultation: Consultation, answer: str, *, by: str, at: datetime) -> Consultation:
    """The consultation with its answer, which somebody else than the asker gives."""
    if consultation.answered_by:
        raise Refused("WRONG_STATE", "this question was answered before")
    if consultation.asked_by == by:
        raise Refused("FOUR_EYES", "asked this: another person must answer it", "actor")
    return replace(consultation, answer=answer, answered_by=by, answered_at=at)


def settled(suspicion: Suspicion, outcome: SuspicionOutcome, why: str, *, by: str, at: datetime) -> Suspicion:
    """The suspicion referred or dismissed by somebody else than who raised it."""
    if suspicion.outcome:
        raise Refused("WRONG_STATE", "this suspicion was settled before")
    if suspicion.flagged_by == by:
        raise Refused("FOUR_EYES", "raised this suspicion: another person must settle it", "actor")
    return replace(suspicion, outcome=outcome, settled_because=why, settled_by=by, settled_at=at)
