"""What triage's facts make casework owe, and what they keep."""

from __future__ import annotations

from chassis.expected import Expectations, Owed
from hotline.triage.v1.triage_events_pb2 import DecisionMade, ReportNeedsFacts, ReportRecommended

_DECISION = Owed(["SCREENING_DECISION"], "report", "submitted")
_KEPT = Owed(["SCREENING_DECISION"], "report", "submitted", closed=True)
_RECALL = Owed(["RECALL_REPORTER"], "report", "submitted")


def _recommended(fact: ReportRecommended) -> list[Owed]:
    return [_DECISION, _RECALL] if "RECALL_REPORTER" in fact.tasks else [_DECISION]


EXPECTATIONS: Expectations = {
    ReportRecommended.DESCRIPTOR.full_name: _recommended,
    ReportNeedsFacts.DESCRIPTOR.full_name: lambda _: [_DECISION],
    DecisionMade.DESCRIPTOR.full_name: lambda _: [_KEPT],
}
