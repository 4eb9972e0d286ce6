"""Which promises nobody can keep by saying so: the act itself keeps them, where it is recorded with all it needs."""

from __future__ import annotations

from collections.abc import Mapping

from policy.errors import Refused
from policy.promise import Attempt, Promise

KEPT_BY: Mapping[str, str] = {
    "SCREENING_DECISION": "the decision in triage",
    "SCREEN_OUT_REVIEW": "the review in triage (ReviewScreenOut)",
    "VOICEMAIL_CHECK": "CheckMessage",
    "ASSIGNMENT_ACK": "AcceptAssignment",
    "ON_SCENE": "RecordContact",
    "FIRST_CONTACT": "RecordContact",
    "FINDING": "RecordFinding",
}


def by_hand(promise: Promise, attempt: Attempt) -> Attempt:
    """The attempt, if a person may enter it; WRONG_STATE if its outcome belongs to another act, which says more."""
    act = KEPT_BY.get(promise.kind)
    if act and attempt.outcome in promise.terms.stops_on:
        raise Refused("WRONG_STATE", f"{promise.kind} is kept by {act}: record there what was done", "outcome")
    return attempt
