"""Reports as triage sees them, for tests of its model; every answer may be changed by naming it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from policy.packs import DEFAULT_PACK, Packs
from services.triage.model.decisions import Decision, Submission, confirmed, evaluated, opened

RANG = datetime(2026, 11, 2, 17, 30, tzinfo=UTC)
PACK = Packs().in_force(DEFAULT_PACK, RANG)
FACTS: dict[str, Any] = {
    "report": {"child_under_18": "YES", "reporter": "MANDATED", "can_be_located": "YES"},
    "children": [
        {
            "id": "c1",
            "criteria": ["PA2"],
            "facts": {"danger_now": "NO", "age_months": 108, "relation": "CAREGIVER", "access": "H24", "severity": 2,
                      "protective_adult": "NO", "safe_place": "NO"},
        },
        {"id": "c2", "criteria": [], "facts": {}},
    ],
}  # fmt: skip
REPORT = Submission(
    report_id=UUID(int=1), reference="K7M2-9QXA", office="cook-north", received_at=RANG, facts=FACTS, channel="VOICE"
)
SCREENER, SUPERVISOR, MANAGER = "staff-1", "staff-2", "staff-3"


def told(
    children: Sequence[Mapping[str, str | int]] = (), *, report: Mapping[str, str | int] | None = None, **answers: Any
) -> Submission:
    """The report with other answers of its first child or its own, or with more alleged victims."""
    first = FACTS["children"][0]
    changed = first | {"facts": first["facts"] | answers}
    others = [first | {"id": f"c{n}", "facts": first["facts"] | more} for n, more in enumerate(children, start=2)]
    return replace(REPORT, facts={"report": FACTS["report"] | (report or {}), "children": [changed, *others]})


def nothing_told() -> Submission:
    """The report with nothing alleged: screened out by the pack, without a tier, and no rule asks for a review."""
    children = [{"id": "c1", "criteria": [], "facts": {"danger_now": "NO", "age_months": 90}}]
    return replace(REPORT, facts={"report": FACTS["report"] | {"reporter": "PERMISSIVE"}, "children": children})


def waiting(submission: Submission = REPORT) -> Decision:
    """A report as the pack in force at its receipt recommends."""
    return opened(submission, evaluated(submission, PACK))


def confirmed_by(person: str, submission: Submission = REPORT, *, at: datetime = RANG) -> Decision:
    """A report as somebody confirmed it."""
    return confirmed(waiting(submission), by=person, at=at)
