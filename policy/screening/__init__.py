"""Screening: is a report for us, and how fast must the child be seen? The tool recommends; a named person decides."""

from policy.screening.answers import ScreeningError, received
from policy.screening.counterfactual import Counterfactual, why
from policy.screening.decision import ChildDecision, Decision, Unknown
from policy.screening.evaluate import EVALUATOR, SOMEBODY_GOES, FollowUp, follow_up, screen

__all__ = [
    "EVALUATOR",
    "SOMEBODY_GOES",
    "ChildDecision",
    "Counterfactual",
    "Decision",
    "FollowUp",
    "ScreeningError",
    "Unknown",
    "follow_up",
    "received",
    "screen",
    "why",
]
