"""Reports for the tests of screening: a child of whom all is known and nothing is urgent, changed fact by fact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policy.packs import Packs
from policy.screening import Decision, screen

PACK = Packs().get("seed-default", "1.0.0")

CALM_REPORT: Mapping[str, Any] = {
    "child_under_18": "YES",
    "jurisdiction": "IN",
    "can_be_located": "YES",
    "reporter": "PERMISSIVE",
    "setting": "HOME",
    "resources_only": "NO",
    "safe_haven": "NO",
    "police_request_immediate": "NO",
    "police_holds_child": "NO",
    "evidence_at_risk": "NO",
    "prior_severe_harm": "NO",
    "alleged_on_duty": "NO",
    "new_information": "NO",
    "flight_risk": "NO",
    "prior_reports_12m": 0,
    "duplicate_of": None,
}

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

CALM_CHILD: Mapping[str, Any] = {
    "age_months": 120,
    "relation": "CAREGIVER",
    **dict.fromkeys(DANGER_NOW, "NO"),
    "access": "NONE",
    "protective_adult": "YES",
    "safe_place": "YES",
    "severity": 0,
    "last_incident_days": 10,
    "hours_since_sexual_contact": 100000,
    "caregiver_impaired": "NO",
    "emotional_signs": "NONE",
    "sole_carer": "NO",
    "hazard_active": "NO",
    "discharge_within_24h": "NO",
    "adult_present": "YES",
    "safe_discharge_plan": "YES",
    "hospital_hold": "YES",
    "safe_adult_now": "YES",
    "offender_excluded_by_order": "NO",
    "nonmobile_injury": "NO",
    "extreme_act": "NO",
    "exposed_newborn": "NO",
    "untreated_need": "NO",
    "abandoned": "NO",
    "other_children_exposed": "NO",
    "vulnerable": "NO",
    "afraid_to_go_home": "NO",
    "lethal_hazard": "NO",
    "weight_loss": "NO",
    "physical_sign_sexual": "NO",
    "known_offender_in_home": "NO",
    "trafficking_control_now": "NO",
    "weapon_or_strangulation": "NO",
    "child_injured_or_intervening": "NO",
}


def child(*criteria: str, name: str = "c1", **facts: Any) -> dict[str, Any]:
    """A child with these criteria, calm but for these facts."""
    return {"id": name, "criteria": list(criteria), "facts": {**CALM_CHILD, **facts}}


def report(*children: dict[str, Any], received_at: str = "2026-11-22T17:30:00-06:00", **facts: Any) -> dict[str, Any]:
    """A report about these children, calm but for these facts."""
    return {"received_at": received_at, "report": {**CALM_REPORT, **facts}, "children": list(children)}


def screened(*children: dict[str, Any], **facts: Any) -> Decision:
    """The recommendation of seed-default."""
    return screen(PACK, report(*children, **facts))


def without(given: dict[str, Any], *facts: str) -> dict[str, Any]:
    """A child of whom these facts were not given."""
    return {**given, "facts": {key: value for key, value in given["facts"].items() if key not in facts}}
