"""Reports that nobody ever made: realistic facts for benches, training and tests, the same for the same seed.

    python -m tools.invented_reports COUNT [--seed N] [--pack PACK] > recorded.jsonl

writes decisions as `hotline replay --in` reads them. A report is drawn from a table of situations; the shares are rough
guesses at a statewide hotline's mix and claim nothing about real families. Beside the facts stands what the first visit
would have found, which no rule of a pack decides: it is what a statistical model learns from.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from policy.canonical import canonical_plain
from policy.packs import DEFAULT_PACK, Pack, Packs
from policy.screening import ScreeningError, screen

Weights = Mapping[Any, float]

_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
_OFFICES = {"maple": 5, "harbor": 4, "prairie": 3, "lakeside": 2, "summit": 1}
_CHANNELS = {"VOICE": 70, "WEB": 16, "MOBILE": 5, "EMAIL": 4, "SMS": 3, "TTY": 1, "SOCIAL": 1}
_LANGUAGES = {"en": 82, "es": 11, "pl": 2, "ar": 2, "uk": 1, "zh": 1, "so": 1}
_REPORTERS = {"MANDATED": 68, "PERMISSIVE": 20, "ANONYMOUS": 10, "UNKNOWN": 2}
_ANYWHERE = {"HOME": 80, "KIN_OR_FOSTER": 6, "SCHOOL": 5, "DAY_CARE": 3, "FACILITY": 2, "OTHER": 4}
_ACCESS = {"NOW": 35, "H24": 30, "LATER": 20, "NONE": 15}
_CLOSE = {"NOW": 70, "H24": 30}
_AFAR = {"LATER": 40, "NONE": 60}
_HALF: Weights = {"YES": 1, "NO": 1}
_MOSTLY: Weights = {"YES": 4, "NO": 1}
_SELDOM: Weights = {"YES": 1, "NO": 6}
_YES: Weights = {"YES": 1}


@dataclass(frozen=True)
class Invented:
    """One report: where and how it came, its screening facts, and whether the first visit found a child unsafe."""

    report_id: str
    county: str
    office: str
    channel: str
    language: str
    facts: dict[str, Any]
    unsafe: bool


@dataclass(frozen=True)
class Situation:
    """What may have happened: how often, with which criteria and facts of the child, and how often it is unsafe.

    `danger` are the danger-now facts that are YES; `ages` a range in months.
    """

    weight: float
    unsafe: float
    criteria: tuple[str, ...]
    facts: Mapping[str, Weights]
    danger: tuple[str, ...] = ()
    ages: tuple[int, int] = (0, 215)
    report: Mapping[str, Weights] | None = None


SITUATIONS = (
    # Nothing alleged: advice, a need, a worry that meets no criterion.
    Situation(22, 0.01, (), {}, report={"resources_only": _YES}),
    Situation(32, 0.03, (), {"afraid_to_go_home": _SELDOM}),
    # Physical abuse: a mark long ago, a bruise, an injury that needs a hospital, a beating that goes on.
    Situation(5, 0.10, ("PA3",), {"severity": {0: 2, 1: 3}, "access": _AFAR, "last_incident_days": {30: 1, 200: 2}}),
    Situation(9, 0.35, ("PA2",), {"severity": {1: 2, 2: 3}, "access": _ACCESS, "afraid_to_go_home": _HALF}),
    Situation(2, 0.75, ("PA2", "PA4"), {"severity": {3: 3, 4: 1}, "access": _CLOSE, "extreme_act": _HALF}),
    Situation(1, 0.90, ("PA2",), {"severity": {2: 1, 3: 1}, "access": {"NOW": 1}}, ("harm_now",)),
    Situation(1, 0.70, ("PA2",), {"severity": {2: 1}, "nonmobile_injury": _YES, "access": _CLOSE}, ages=(0, 5)),
    # Sexual abuse: disclosed late, disclosed now, somebody else's child.
    Situation(3, 0.20, ("SA2",), {"access": _AFAR, "last_incident_days": {60: 1, 400: 1}}, ages=(36, 215)),
    Situation(
        3,
        0.65,
        ("SA1",),
        {"access": _CLOSE, "hours_since_sexual_contact": {20: 1, 90: 1, 400: 1}, "physical_sign_sexual": _SELDOM},
        ages=(24, 215),
    ),
    Situation(2, 0.10, ("SA1",), {"relation": {"OTHER": 1}, "access": _ACCESS}, ages=(60, 215)),
    # Neglect, most of what comes: absence from school, a dirty home, no supervision, an impaired carer, a child alone.
    Situation(5, 0.05, ("NE10",), {"sole_carer": _HALF}, ages=(72, 200)),
    Situation(10, 0.20, ("NE4",), {"lethal_hazard": _SELDOM, "hazard_active": _HALF}),
    Situation(11, 0.30, ("NE1",), {"adult_present": _HALF, "vulnerable": _SELDOM}),
    Situation(9, 0.45, ("NE6",), {"caregiver_impaired": {"NOW": 1, "RECURRENT": 3}, "sole_carer": _MOSTLY}),
    Situation(4, 0.40, ("NE3", "NE5"), {"untreated_need": _MOSTLY, "weight_loss": _HALF}, ages=(0, 96)),
    Situation(2, 0.85, ("NE1",), {"adult_present": {"NO": 1}}, ("alone_now",), ages=(0, 110)),
    Situation(
        2,
        0.45,
        ("NE8",),
        {"exposed_newborn": _YES, "safe_discharge_plan": _HALF, "discharge_within_24h": _HALF, "hospital_hold": _HALF},
        ages=(0, 0),
    ),
    # Emotional abuse and violence at home.
    Situation(7, 0.35, ("EM2",), {"weapon_or_strangulation": _SELDOM, "child_injured_or_intervening": _SELDOM}),
    Situation(1.5, 0.85, ("EM2",), {"access": {"NOW": 1}}, ("violence_now",)),
    Situation(3, 0.15, ("EM1",), {"emotional_signs": {"NONE": 1, "SOME": 3, "SEVERE": 1}}, ages=(48, 215)),
    Situation(1, 0.60, ("EM4",), {"safe_adult_now": _HALF}, ("child_suicidal",), ages=(96, 215)),
    # Institutions, and newborns of parents with a history.
    Situation(
        1.5, 0.30, ("PA2", "OH1"), {"severity": {1: 2, 2: 1}}, report={"setting": {"FACILITY": 1, "DAY_CARE": 1}}
    ),
    Situation(0.5, 0.60, ("RK1",), {}, ages=(0, 1), report={"prior_severe_harm": _YES}),
)
_SITUATION_WEIGHTS = [situation.weight for situation in SITUATIONS]


def invented(count: int, seed: int) -> Iterator[Invented]:
    """`count` reports, always the same for a seed."""
    rng = random.Random(seed)  # noqa: S311 - the same reports for the same seed is the point
    for _ in range(count):
        yield _report(rng)


def as_recorded(report: Invented, pack: Pack) -> dict[str, Any]:
    """The report as a decision that was recorded under `pack`, in the form replay reads."""
    try:
        made = screen(pack, report.facts)
        output, problem = made.as_json(), None
    except ScreeningError as error:
        output, problem = None, {"code": error.code, "paths": list(error.paths)}
    return {
        "report_id": report.report_id,
        "county": report.county,
        "office": report.office,
        "channel": report.channel,
        "language": report.language,
        "facts": report.facts,
        "pack": {"id": pack.id, "version": pack.version, "sha256": pack.sha256},
        "output": output,
        "problem": problem,
    }


def _report(rng: random.Random) -> Invented:
    situation = rng.choices(SITUATIONS, _SITUATION_WEIGHTS)[0]
    county, channel = _one(rng, _OFFICES), _one(rng, _CHANNELS)
    reporter = _one(rng, _REPORTERS)
    # Who writes, or stays nameless, is asked less and knows less.
    ignorance = 0.03 + (0.06 if channel not in ("VOICE", "TTY") else 0) + (0.08 if reporter == "ANONYMOUS" else 0)
    children = [_child(rng, situation, index, ignorance) for index in range(_one(rng, {1: 62, 2: 26, 3: 9, 4: 3}))]
    received_at = _YEAR + timedelta(seconds=rng.randrange(365 * 86_400))
    office = f"{county}-{_one(rng, {'north': 1, 'south': 1})}"
    facts = {
        "received_at": received_at.isoformat(),
        "office": office,
        "report": _report_facts(rng, situation, reporter),
        "children": children,
    }
    report_id = str(UUID(int=rng.getrandbits(128), version=4))
    unsafe = rng.random() < _chance(situation, children)
    return Invented(report_id, county, office, channel, _one(rng, _LANGUAGES), facts, unsafe)


def _report_facts(rng: random.Random, situation: Situation, reporter: str) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "child_under_18": "NO" if rng.random() < 0.01 else "YES",
        "reporter": reporter,
        "can_be_located": _one(rng, {"YES": 93, "NO": 4, "UNKNOWN": 3}),
        "setting": _one(rng, _ANYWHERE),
        "prior_reports_12m": _one(rng, {0: 62, 1: 20, 2: 9, 3: 5, 5: 3, "UNKNOWN": 1}),
    }
    rare = {"jurisdiction": ("OUT", 0.02), "police_holds_child": ("YES", 0.02), "evidence_at_risk": ("YES", 0.02)}
    rare |= {"flight_risk": ("SOON", 0.02), "prior_severe_harm": ("YES", 0.02), "safe_haven": ("YES", 0.001)}
    facts |= {name: value for name, (value, chance) in rare.items() if rng.random() < chance}
    if rng.random() < 0.03:
        facts |= {"duplicate_of": str(UUID(int=rng.getrandbits(128), version=4)), "new_information": _one(rng, _HALF)}
    return facts | {name: _one(rng, weights) for name, weights in (situation.report or {}).items()}


def _child(rng: random.Random, situation: Situation, index: int, ignorance: float) -> dict[str, Any]:
    """The first child is the one the contact is about; its brothers and sisters are often not alleged to be harmed."""
    concerned = index == 0 or rng.random() < 0.45
    youngest, oldest = situation.ages if index == 0 else (0, 215)
    facts: dict[str, Any] = {
        "danger_now": "NO",
        "age_months": round(rng.triangular(youngest, oldest, (2 * youngest + oldest) / 3)),
        "relation": _one(rng, {"CAREGIVER": 86, "HOUSEHOLD": 9, "TRUST": 4, "OTHER": 1}),
        "access": _one(rng, _ACCESS),
        "protective_adult": _one(rng, {"YES": 45, "NO": 55}),
        "safe_place": _one(rng, {"YES": 22, "NO": 78}),
    }
    if concerned:
        facts |= {name: _one(rng, weights) for name, weights in situation.facts.items()}
        facts |= dict.fromkeys(situation.danger, "YES")
    for name in facts:
        if name not in situation.danger and name != "danger_now" and rng.random() < ignorance:
            facts[name] = "UNKNOWN"
    if concerned and rng.random() < 0.002:
        del facts["access"]  # nobody asked: such a report waits for a person
    return {"id": f"c{index + 1}", "criteria": list(situation.criteria) if concerned else [], "facts": facts}


def _chance(situation: Situation, children: list[dict[str, Any]]) -> float:
    """How likely the first visit finds a child unsafe: the situation, moved by what the facts tell of the children."""
    odds = situation.unsafe / (1 - situation.unsafe)
    for child in children[:1]:
        facts = child["facts"]
        odds *= {"NOW": 1.6, "H24": 1.2, "LATER": 0.7, "NONE": 0.4}.get(facts.get("access"), 1.0)
        odds *= 0.6 if facts["protective_adult"] == "YES" else 1.2
        odds *= 0.7 if facts["safe_place"] == "YES" else 1.1
        odds *= 1.5 if isinstance(facts["age_months"], int) and facts["age_months"] < 36 else 1.0
    return odds / (1 + odds)


def _one(rng: random.Random, weights: Weights) -> Any:
    return rng.choices(list(weights), list(weights.values()))[0]


def main() -> int:
    """Write decisions to standard output, one a line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pack", default=DEFAULT_PACK)
    given = parser.parse_args()
    pack = Packs().get(given.pack)
    for report in invented(given.count, given.seed):
        sys.stdout.buffer.write(canonical_plain(as_recorded(report, pack)) + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
