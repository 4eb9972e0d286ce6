"""Answers that cannot both be true (R040). They change no decision: a person is shown them, and asks again.

They stand here and not in a pack: they follow from what the facts mean, not from any state's policy, and a pack that
forgot one would only hide it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

YES, NO = "YES", "NO"
DANGER_NOW = (
    "harm_now",
    "threat_within_hours",
    "emergency_care",
    "alone_now",
    "vital_need_unmet",
    "threat_to_kill",
    "child_suicidal",
    "violence_now",
)
"""The facts that say that a child is in danger now, as every pack marks them."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Where the two answers stand, and why they cannot both be true."""

    paths: tuple[str, str]
    because: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two answers about one child that exclude each other."""

    fact: str
    value: str | int
    other: str
    other_value: str | int
    because: str


PAIRS = (
    Pair("safe_place", YES, "alone_now", YES, "a child in a safe place is not alone and in danger"),
    Pair("protective_adult", YES, "alone_now", YES, "a child with a protective adult is not alone"),
    Pair("adult_present", YES, "alone_now", YES, "a child with an adult present is not alone"),
    Pair("safe_place", YES, "access", "NOW", "a safe place is one that the alleged person cannot reach"),
    Pair("hospital_hold", YES, "discharge_within_24h", YES, "a child that is held is not discharged"),
    Pair("severity", 0, "emergency_care", YES, "what needs emergency care is not harmless"),
    Pair("severity", 0, "nonmobile_injury", YES, "an injury is not nothing"),
    Pair("access", "NONE", "known_offender_in_home", YES, "who lives in the home has access"),
    Pair("access", "NONE", "trafficking_control_now", YES, "who controls the child now has access"),
    *(Pair("danger_now", NO, fact, YES, "there is danger now after all") for fact in DANGER_NOW),
)
"""Every two answers that exclude each other."""


def contradictions(facts: Mapping[str, Any]) -> tuple[Contradiction, ...]:
    """Every pair of answers of the input of screening that exclude each other, child by child."""
    return tuple(found for place, child in enumerate(facts["children"]) for found in _of_child(place, child["facts"]))


def _of_child(place: int, answers: Mapping[str, str | int]) -> Iterator[Contradiction]:
    for pair in PAIRS:
        if answers.get(pair.fact) == pair.value and answers.get(pair.other) == pair.other_value:
            path = f"children[{place}].facts"
            yield Contradiction((f"{path}.{pair.fact}", f"{path}.{pair.other}"), pair.because)
