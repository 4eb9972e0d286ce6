"""A model of the shadow slot: a report's facts in, a score out. Pure, and readable by whoever must answer for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import exp
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from policy.canonical import sha256
from policy.errors import PolicyError
from services.triage.model.contradictions import DANGER_NOW

Facts: TypeAlias = Mapping[str, Any]
"""The input of screening: `report` and `children`, as it was screened."""
_Child: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Identity:
    """Which model, exactly; `sha256` is of its parameters in canonical form."""

    name: str
    version: str
    sha256: str


class Model(Protocol):
    """What fits into the slot."""

    @property
    def identity(self) -> Identity:
        """Which model this is."""

    def score(self, facts: Facts) -> float:
        """From 0 to 1: the share of such reports in which the first visit is expected to find a child unsafe."""


POINTS_PER_LOGIT = 10
"""Ten points are one unit of log-odds: about two and a half times the odds."""


@dataclass(frozen=True)
class PointsTable:
    """The baseline: points for what is true of a report, added up, and turned into a share by one curve."""

    name: str
    version: str
    base: int
    points: Mapping[str, int]

    @classmethod
    def load(cls, file: Path) -> PointsTable:
        """A table from its file; `PolicyError` names what in it is not known here."""
        kept = json.loads(file.read_text(encoding="utf-8"))
        if strangers := sorted(kept["points"].keys() - FEATURES.keys()):
            raise PolicyError("MODEL_INVALID", [f"{file.name}: {name}" for name in strangers], "no such features")
        return cls(kept["name"], kept["version"], kept["base"], kept["points"])

    @property
    def identity(self) -> Identity:
        return Identity(self.name, self.version, sha256(self.as_json()))

    def as_json(self) -> dict[str, Any]:
        """The table as its file holds it."""
        return {"name": self.name, "version": self.version, "base": self.base, "points": dict(self.points)}

    def score(self, facts: Facts) -> float:
        total = self.base + sum(self.points.get(name, 0) for name in features(facts))
        return 1 / (1 + exp(-total / POINTS_PER_LOGIT))


def features(facts: Facts) -> Iterator[str]:
    """The names of what is true of a report; nothing of who told it, how, in which language, or where."""
    report = facts.get("report", {})
    alleged = [child for child in facts["children"] if child.get("criteria")] or list(facts["children"])
    return (name for name, holds in FEATURES.items() if holds(report, alleged))


_Holds: TypeAlias = Callable[[Mapping[str, Any], Sequence[_Child]], bool]


def _any(fact: str, *values: object) -> _Holds:
    return lambda _, children: any(child.get("facts", {}).get(fact) in values for child in children)


def _age(youngest: int, below: int) -> _Holds:
    def holds(_: Mapping[str, Any], children: Sequence[_Child]) -> bool:
        ages = (child.get("facts", {}).get("age_months") for child in children)
        return any(isinstance(age, int) and youngest <= age < below for age in ages)

    return holds


def _family(code: str) -> _Holds:
    return lambda _, children: any(name.startswith(code) for child in children for name in child.get("criteria", ()))


def _earlier_reports(fewest: int, most: int) -> _Holds:
    def holds(report: Mapping[str, Any], _: Sequence[_Child]) -> bool:
        told = report.get("prior_reports_12m")
        return isinstance(told, int) and fewest <= told <= most

    return holds


def _danger_now(_: Mapping[str, Any], children: Sequence[_Child]) -> bool:
    return any(child.get("facts", {}).get(fact) == "YES" for child in children for fact in DANGER_NOW)


FEATURES: Mapping[str, _Holds] = {
    "danger now": _danger_now,
    "physical abuse": _family("PA"),
    "sexual abuse": _family("SA"),
    "neglect": _family("NE"),
    "emotional abuse": _family("EM"),
    "in licensed care": _family("OH"),
    "newborn of a parent with a history": _family("RK"),
    "a visible mark": _any("severity", 2),
    "a serious injury": _any("severity", 3, 4),
    "access now": _any("access", "NOW"),
    "access within a day": _any("access", "H24"),
    "no access": _any("access", "NONE"),
    "a protective adult": _any("protective_adult", "YES"),
    "a safe place": _any("safe_place", "YES"),
    "under one year": _age(0, 12),
    "one or two years": _age(12, 36),
    "three to five years": _age(36, 72),
    "caregiver impaired now": _any("caregiver_impaired", "NOW"),
    "caregiver often impaired": _any("caregiver_impaired", "RECURRENT"),
    "afraid to go home": _any("afraid_to_go_home", "YES"),
    "an extreme act": _any("extreme_act", "YES"),
    "a need left untreated": _any("untreated_need", "YES"),
    "a lethal hazard": _any("lethal_hazard", "YES"),
    "severe emotional signs": _any("emotional_signs", "SEVERE"),
    "the alleged person is no caregiver": _any("relation", "OTHER"),
    "one or two reports this year": _earlier_reports(1, 2),
    "three or more reports this year": _earlier_reports(3, 10_000),
}
"""What may earn points: of the report and its alleged victims (of all children if nothing is alleged)."""

BASELINE = Path(__file__).with_name("baseline.json")


def load(name: str) -> Model:
    """The model of this name; `PolicyError` if there is none."""
    if name != "baseline":
        raise PolicyError("MODEL_MISSING", ["HOTLINE_SHADOW_MODEL"], "there is only `baseline`, or `off`")
    return PointsTable.load(BASELINE)
