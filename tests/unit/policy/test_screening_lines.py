"""Every line of every tree of seed-default: an example that matches it, and each one step short of it that does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from screening_desk import PACK, child, screened

from policy.screening.compiling import rules_of

Facts = dict[str, Any]


@dataclass(frozen=True)
class Example:
    """A line, the criteria that bring its tree, facts that match it, and changes of them that no longer do.

    A fact in capitals is one of the report.
    """

    line: str
    tier: str
    criteria: str
    facts: Facts
    short: tuple[Facts, ...] = ()
    also: tuple[Facts, ...] = field(default=())


REACHED = {"access": "H24", "protective_adult": "NO", "safe_place": "NO"}
"""The alleged person reaches the child within a day, and nobody protects it."""

NOT_REACHED = ({"access": "LATER"}, {"protective_adult": "YES"}, {"safe_place": "YES"})

EXAMPLES = [
    Example(
        "PA:P1",
        "T0",
        "PA2",
        {"harm_now": "YES"},
        ({"harm_now": "NO"},),
        ({"harm_now": "NO", "threat_within_hours": "YES"},),
    ),
    Example(
        "PA:P2",
        "T0",
        "PA1",
        {"other_children_exposed": "YES", "access": "H24"},
        ({"other_children_exposed": "NO"}, {"access": "LATER"}),
        ({"access": "NOW"},),
    ),
    Example(
        "PA:P3",
        "T0",
        "PA2",
        {**REACHED, "severity": 3},
        ({"severity": 2}, *NOT_REACHED),
        (
            {"severity": 4},
            {"severity": 0, "emergency_care": "YES"},
            {"access": "NONE", "other_children_exposed": "YES"},
        ),
    ),
    Example("PA:P4", "T1", "PA2", {"severity": 3}, ({"severity": 2},), ({"severity": 0, "emergency_care": "YES"},)),
    Example("PA:P5", "T0", "PA4", {"extreme_act": "YES", "access": "NOW"}, ({"access": "H24"}, {"extreme_act": "NO"})),
    Example(
        "PA:P6", "T1", "PA4", {"extreme_act": "YES", "access": "H24"}, ({"access": "LATER"}, {"extreme_act": "NO"})
    ),
    Example("PA:P7", "T1", "PA2", {**REACHED, "severity": 2}, ({"severity": 1}, *NOT_REACHED)),
    Example("PA:P8", "T1", "PA2", {**REACHED, "afraid_to_go_home": "YES"}, ({"afraid_to_go_home": "NO"}, *NOT_REACHED)),
    Example(
        "PA:P9",
        "T1",
        "PA3",
        {**REACHED, "age_months": 71},
        ({"age_months": 72}, *NOT_REACHED),
        ({"age_months": 72, "vulnerable": "YES"},),
    ),
    Example("PA:P10", "T2", "PA2", REACHED, NOT_REACHED),
    Example("PA:P11", "T4", "PA2", {"last_incident_days": 181}, ({"last_incident_days": 180}, {"access": "LATER"})),
    Example("PA:P12", "T3", "PA2", {"access": "LATER"}, ({**REACHED},)),
    Example(
        "SA:S1",
        "T0",
        "SA5",
        {"trafficking_control_now": "YES"},
        ({"trafficking_control_now": "NO"},),
        ({"harm_now": "YES"},),
    ),
    Example(
        "SA:S2",
        "T0",
        "SA1",
        {**REACHED, "access": "NOW"},
        ({"access": "H24"}, {"protective_adult": "YES"}, {"safe_place": "YES"}),
    ),
    Example("SA:S3", "T1", "SA1", {"hours_since_sexual_contact": 120}, ({"hours_since_sexual_contact": 121},)),
    Example("SA:S4", "T1", "SA1", REACHED, NOT_REACHED),
    Example("SA:S5", "T1", "SA2", {"physical_sign_sexual": "YES"}, ({"physical_sign_sexual": "NO"},)),
    Example(
        "SA:S6",
        "T2",
        "SA1",
        {"access": "H24", "age_months": 71},
        ({"access": "LATER"}, {"age_months": 72}),
        ({"age_months": 72, "afraid_to_go_home": "YES"}, {"age_months": 72, "vulnerable": "YES"}),
    ),
    Example("SA:S7", "T2", "SA3", {"known_offender_in_home": "YES"}, ({"known_offender_in_home": "NO"},)),
    Example(
        "SA:S8",
        "T4",
        "SA1",
        {"last_incident_days": 181, "safe_place": "NO"},
        (
            {"last_incident_days": 180},
            {"access": "LATER"},
            {"protective_adult": "NO"},
            {"other_children_exposed": "YES"},
            {"physical_sign_sexual": "YES"},
        ),
        ({"safe_place": "YES", "protective_adult": "NO"},),
    ),
    Example(
        "SA:S9",
        "T3",
        "SA1",
        {"access": "LATER"},
        ({"known_offender_in_home": "YES"}, {"access": "NONE", "last_incident_days": 181}),
    ),
    Example(
        "NE:N1",
        "T0",
        "NE1",
        {"alone_now": "YES"},
        ({"alone_now": "NO"}, {"alone_now": "NO", "abandoned": "YES", "adult_present": "YES"}),
        (
            {"alone_now": "NO", "vital_need_unmet": "YES"},
            {"alone_now": "NO", "abandoned": "YES", "adult_present": "NO"},
        ),
    ),
    Example("NE:N2", "T0", "NE5", {"emergency_care": "YES"}, ({"emergency_care": "NO"},)),
    Example(
        "NE:N3",
        "T0",
        "NE6",
        {"caregiver_impaired": "NOW", "sole_carer": "YES", "age_months": 71},
        ({"caregiver_impaired": "RECURRENT"}, {"sole_carer": "NO"}, {"age_months": 72}),
    ),
    Example(
        "NE:N4",
        "T0",
        "NE4",
        {"lethal_hazard": "YES", "hazard_active": "YES", "age_months": 71},
        ({"lethal_hazard": "NO"}, {"hazard_active": "NO"}, {"age_months": 72}),
    ),
    Example("NE:N5", "T1", "NE4", {"lethal_hazard": "YES"}, ({"lethal_hazard": "NO"},)),
    Example(
        "NE:N6",
        "T1",
        "NE8",
        {"exposed_newborn": "YES", "discharge_within_24h": "YES", "safe_discharge_plan": "NO", "hospital_hold": "NO"},
        (
            {"exposed_newborn": "NO"},
            {"discharge_within_24h": "NO"},
            {"safe_discharge_plan": "YES"},
            {"hospital_hold": "YES"},
        ),
    ),
    Example(
        "NE:N7",
        "T1",
        "NE5",
        {"untreated_need": "YES", "age_months": 71},
        ({"untreated_need": "NO"}, {"age_months": 72}),
        ({"untreated_need": "NO", "weight_loss": "YES"},),
    ),
    Example("NE:N8", "T1", "NE6", {"caregiver_impaired": "NOW"}, ({"caregiver_impaired": "RECURRENT"},)),
    Example(
        "NE:N9",
        "T2",
        "NE5",
        {"untreated_need": "YES"},
        ({"untreated_need": "NO"},),
        ({"untreated_need": "NO", "weight_loss": "YES"},),
    ),
    Example(
        "NE:N10",
        "T2",
        "NE8",
        {"exposed_newborn": "YES", "safe_discharge_plan": "NO"},
        ({"exposed_newborn": "NO"}, {"safe_discharge_plan": "YES"}),
    ),
    Example(
        "NE:N11",
        "T2",
        "NE6",
        {"vulnerable": "YES"},
        ({"vulnerable": "NO"},),
        ({"vulnerable": "NO", "age_months": 71},),
    ),
    Example("NE:N12", "T2", "NE1", {"PRIOR_REPORTS_12M": 3}, ({"PRIOR_REPORTS_12M": 2},)),
    Example("NE:N13", "T4", "NE10", {}, ({"PRIOR_REPORTS_12M": 3}, {"weight_loss": "YES"})),
    Example("NE:N14", "T2", "NE1", {"age_months": 71}, ({"age_months": 72}, {"age_months": 71, "weight_loss": "YES"})),
    Example("NE:N15", "T3", "NE1", {}, ({"vulnerable": "YES"},)),
    Example(
        "EM:E1",
        "T0",
        "EM3",
        {"threat_to_kill": "YES", "safe_adult_now": "NO"},
        ({"threat_to_kill": "NO"}, {"safe_adult_now": "YES"}),
        ({"threat_to_kill": "NO", "child_suicidal": "YES"},),
    ),
    Example("EM:E2", "T0", "EM2", {"violence_now": "YES"}, ({"violence_now": "NO"},)),
    Example(
        "EM:E3",
        "T1",
        "EM2",
        {"weapon_or_strangulation": "YES", "access": "H24"},
        ({"weapon_or_strangulation": "NO"}, {"access": "LATER"}),
        ({"weapon_or_strangulation": "NO", "child_injured_or_intervening": "YES"},),
    ),
    Example(
        "EM:E4",
        "T1",
        "EM1",
        {"emotional_signs": "SEVERE", "access": "H24"},
        ({"emotional_signs": "SOME"}, {"access": "LATER"}),
        ({"emotional_signs": "NONE", "extreme_act": "YES"},),
    ),
    Example("EM:E4", "T1", "EM4", {}),
    Example(
        "EM:E5",
        "T2",
        "EM3",
        {"threat_to_kill": "YES"},
        ({"threat_to_kill": "NO"},),
        ({"threat_to_kill": "NO", "child_suicidal": "YES"},),
    ),
    Example("EM:E5", "T2", "EM2", {**REACHED, "age_months": 71}, ({"age_months": 72}, *NOT_REACHED)),
    Example(
        "EM:E6",
        "T4",
        "EM2",
        {"offender_excluded_by_order": "YES"},
        ({"offender_excluded_by_order": "NO"}, {"threat_to_kill": "YES"}),
    ),
    Example("EM:E7", "T3", "EM2", {}, ({"offender_excluded_by_order": "YES"},)),
    Example("OH:O1", "T1", "OH1", {"ALLEGED_ON_DUTY": "YES"}, ({"ALLEGED_ON_DUTY": "NO"},)),
    Example("OH:O2", "T3", "OH1", {"ALLEGED_ON_DUTY": "NO"}, ({"ALLEGED_ON_DUTY": "YES"},)),
    Example("RK:R1", "T1", "RK1", {"age_months": 0}, ({"age_months": 1},)),
    Example("RK:R2", "T2", "RK1", {"age_months": 1}, ({"age_months": 0},)),
]


def lines_of(*criteria: str, **facts: Any) -> tuple[str, ...]:
    """The lines that match one child; facts in capitals are the report's."""
    of_report = {key.lower(): value for key, value in facts.items() if key.isupper()}
    of_child = {key: value for key, value in facts.items() if not key.isupper()}
    return screened(child(*criteria, **of_child), **of_report).children[0].lines


def matching() -> Iterator[Any]:
    for example in EXAMPLES:
        for number, change in enumerate(({}, *example.also)):
            yield pytest.param(example, change, id=f"{example.line}-{example.criteria}-{number}")


def missing() -> Iterator[Any]:
    for example in EXAMPLES:
        for change in example.short:
            changed = "-".join(f"{name}_{value}" for name, value in change.items())
            yield pytest.param(example, change, id=f"{example.line}-{example.criteria}-{changed}")


@pytest.mark.parametrize(("example", "change"), list(matching()))
def test_a_line_matches_its_example(example: Example, change: Facts) -> None:
    """R029, R031, R039."""
    assert example.line in lines_of(example.criteria, **{**example.facts, **change})


@pytest.mark.parametrize(("example", "change"), list(missing()))
def test_a_line_does_not_match_one_step_short_of_it(example: Example, change: Facts) -> None:
    """R029, R031, R039."""
    assert example.line not in lines_of(example.criteria, **{**example.facts, **change})


def test_every_line_of_the_pack_has_an_example_with_its_tier() -> None:
    """R029."""
    shown = {example.line: example.tier for example in EXAMPLES}
    rules = rules_of(PACK)
    assert shown == {f"{line.family}:{line.id}": rules.tiers[line.tier] for line in rules.lines}


@pytest.mark.parametrize(
    ("criterion", "facts"), [("NE6", {}), ("NE7", {}), ("NE1", {"caregiver_impaired": "RECURRENT"})]
)
def test_n11_knows_three_ways_of_a_caregiver_who_does_not_protect(criterion: str, facts: Facts) -> None:
    assert "NE:N11" in lines_of(criterion, vulnerable="YES", **facts)
    assert "NE:N11" not in lines_of(criterion, vulnerable="NO", **facts)


def test_n13_is_for_absence_from_school_or_a_newborn_with_a_plan_and_nothing_else() -> None:
    assert lines_of("NE10") == ("NE:N13",)
    assert lines_of("NE8", safe_discharge_plan="YES") == ("NE:N13",)
    assert lines_of("NE8", "NE10", safe_discharge_plan="YES") == ("NE:N13",)
    assert "NE:N13" not in lines_of("NE8", safe_discharge_plan="NO")
    for other in ("NE1", "NE2", "NE3", "NE4", "NE5", "NE6", "NE7", "NE9"):
        assert "NE:N13" not in lines_of("NE10", other)


def test_e6_is_for_nearness_to_violence_and_nothing_else_emotional() -> None:
    for other in ("EM1", "EM3", "EM4"):
        assert "EM:E6" not in lines_of("EM2", other, offender_excluded_by_order="YES")
    assert "EM:E6" in lines_of("EM2", "PA3", offender_excluded_by_order="YES")


@pytest.mark.parametrize(
    ("line", "criterion", "facts"),
    [
        ("PA:P2", "PA2", {"other_children_exposed": "YES", "access": "H24"}),
        ("PA:P9", "PA2", {**REACHED, "age_months": 71}),
        ("PA:P12", "PA2", {"last_incident_days": 181}),
        ("EM:E5", "EM1", {**REACHED, "age_months": 71}),
    ],
    ids=["P2 without PA1", "P9 without PA3", "P12 where P11 matched", "E5 without EM2"],
)
def test_a_line_does_not_match_without_its_criterion_or_beside_a_fallback(
    line: str, criterion: str, facts: Facts
) -> None:
    """R029, R031."""
    assert line not in lines_of(criterion, **facts)


def test_an_injury_of_a_child_that_does_not_crawl_is_serious_and_a_death_most_serious() -> None:
    """R039: severity is at least 3 with nonmobile_injury and 4 with PA1."""
    assert "PA:P4" in lines_of("PA2", nonmobile_injury="YES", severity=0)
    assert "PA:P4" in lines_of("PA1", severity=0)


def test_lines_stand_in_table_order_over_families() -> None:
    assert lines_of("EM2", "PA2", **REACHED, severity=2, age_months=71) == ("PA:P7", "PA:P10", "EM:E5")
