"""What triage's facts make casework owe, and what they keep."""

from __future__ import annotations

from chassis.contract import instant, word
from chassis.expected import Expectations, Owed
from hotline.triage.v1.triage_events_pb2 import DecisionMade, ReportMerged, ReportNeedsFacts, ReportRecommended
from hotline.triage.v1.triage_service_pb2 import Screening
from policy.screening import SOMEBODY_GOES

_DECISION = ["SCREENING_DECISION"]
_KEPT = Owed(_DECISION, "report", "submitted", closed=True)
_RECALL = Owed(["RECALL_REPORTER"], "report", "submitted")


def _decision(fact: ReportRecommended | ReportNeedsFacts) -> Owed:
    """Owed once, and anew where the report was amended after it was decided."""
    if fact.HasField("amended_at"):
        return Owed(_DECISION, "report", f"amended {instant(fact.amended_at).isoformat()}", unless_open=True)
    return Owed(_DECISION, "report", "submitted")


def _recommended(fact: ReportRecommended) -> list[Owed]:
    return [_decision(fact), _RECALL] if "RECALL_REPORTER" in fact.tasks else [_decision(fact)]


def _decided(fact: DecisionMade) -> list[Owed]:
    if word(Screening, fact.screening) not in SOMEBODY_GOES and "REVIEW_SCREEN_OUT" in fact.tasks:
        review = Owed(["SCREEN_OUT_REVIEW"], "report", f"decided {instant(fact.decided_at).isoformat()}")
        return [_KEPT, review]
    return [_KEPT]


EXPECTATIONS: Expectations = {
    ReportRecommended.DESCRIPTOR.full_name: _recommended,
    ReportNeedsFacts.DESCRIPTOR.full_name: lambda fact: [_decision(fact)],
    DecisionMade.DESCRIPTOR.full_name: _decided,
    ReportMerged.DESCRIPTOR.full_name: lambda _: [_KEPT],
}
