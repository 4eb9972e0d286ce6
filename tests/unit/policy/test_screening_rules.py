"""Screening, upgrades, tasks, cross-reports and the clocks of a decision, row by row of the tables."""

from __future__ import annotations

from typing import Any

import pytest
from screening_desk import DANGER_NOW, child, screened, without

from policy.screening import Decision


def outcome(decision: Decision) -> str:
    return decision.reason or decision.screening


class TestScreening:
    """R029, R030, R033: the first rule that holds."""

    def test_a_newborn_given_up_under_the_law_is_a_safe_haven(self) -> None:
        assert outcome(screened(child("NE2", "NE8"), safe_haven="YES")) == "SAFE_HAVEN"
        assert outcome(screened(child("NE2"), child("PA2", name="c2"), safe_haven="YES")) == "SCREEN_IN"
        assert outcome(screened(child("NE2"), safe_haven="NO")) == "SCREEN_IN"

    @pytest.mark.parametrize("other", ["NE1", "NE3", "NE10", "SA1", "EM1", "OH1", "RK1"])
    def test_any_other_criterion_ends_the_safe_haven(self, other: str) -> None:
        assert outcome(screened(child("NE2", other), safe_haven="YES")) == "SCREEN_IN"

    def test_a_person_who_is_no_child_is_screened_out_unless_a_child_died_or_is_exposed(self) -> None:
        assert outcome(screened(child("PA2"), child_under_18="NO")) == "NO_CHILD"
        assert outcome(screened(child("PA1"), child_under_18="NO")) == "SCREEN_IN"
        assert outcome(screened(child("PA2", other_children_exposed="YES"), child_under_18="NO")) == "SCREEN_IN"

    def test_a_duplicate_that_adds_nothing_and_tells_of_no_danger_is_screened_out(self) -> None:
        assert outcome(screened(child("PA2"), duplicate_of="r-17")) == "DUPLICATE"
        assert outcome(screened(child("PA2"), duplicate_of="r-17", new_information="YES")) == "SCREEN_IN"
        assert outcome(screened(child("PA2"), duplicate_of="r-17", new_information="UNKNOWN")) == "SCREEN_IN"
        assert outcome(screened(child("PA2"), duplicate_of=None)) == "SCREEN_IN"
        assert outcome(screened(child("PA2"), duplicate_of="UNKNOWN")) == "SCREEN_IN"

    @pytest.mark.parametrize("fact", DANGER_NOW)
    def test_danger_now_is_never_a_mere_duplicate(self, fact: str) -> None:
        assert outcome(screened(child("PA2", **{fact: "YES"}), duplicate_of="r-17")) == "SCREEN_IN"

    def test_without_a_criterion_there_is_nothing_to_investigate(self) -> None:
        assert outcome(screened(child())) == "NO_CRITERION"
        assert outcome(screened(child(), resources_only="YES")) == "RESOURCES_ONLY"
        assert screened(child()).tier is None
        assert screened(child()).tier_tree is None
        assert screened(child()).children[0].tier is None

    def test_somebody_with_no_care_of_any_child_concerned_is_for_the_police(self) -> None:
        assert outcome(screened(child("PA2", relation="OTHER"))) == "NOT_CAREGIVER"
        for nearer in ("TRUST", "HOUSEHOLD", "CAREGIVER", "UNKNOWN"):
            assert outcome(screened(child("PA2", relation=nearer))) == "SCREEN_IN"
        assert (
            outcome(screened(child("PA2", relation="OTHER"), child("PA2", name="c2", relation="TRUST"))) == "SCREEN_IN"
        )
        sibling = child(name="c2", relation="CAREGIVER")
        assert outcome(screened(child("PA2", relation="OTHER"), sibling)) == "NOT_CAREGIVER"

    @pytest.mark.parametrize("ours", ["PA5", "SA5", "EM4", "OH1", "RK1", "NE1", "NE10"])
    def test_some_criteria_are_ours_whoever_did_it(self, ours: str) -> None:
        assert outcome(screened(child("PA2", ours, relation="OTHER"))) == "SCREEN_IN"

    def test_another_jurisdiction_gets_its_report(self) -> None:
        decision = screened(child("PA2"), jurisdiction="OUT")
        assert (outcome(decision), decision.tasks) == ("OTHER_JURISDICTION", ("TRANSFER",))
        assert outcome(screened(child("PA2"), jurisdiction="UNKNOWN")) == "SCREEN_IN"

    @pytest.mark.parametrize(
        ("given", "facts", "first"),
        [
            (child("NE2"), {"safe_haven": "YES", "child_under_18": "NO"}, "SAFE_HAVEN"),
            (child(), {"safe_haven": "YES", "resources_only": "YES"}, "SAFE_HAVEN"),
            (child("PA2"), {"child_under_18": "NO", "duplicate_of": "r-17"}, "NO_CHILD"),
            (child(), {"duplicate_of": "r-17", "resources_only": "YES"}, "DUPLICATE"),
            (child(), {"duplicate_of": "r-17"}, "DUPLICATE"),
            (child(), {"resources_only": "YES", "jurisdiction": "OUT"}, "RESOURCES_ONLY"),
            (child(relation="OTHER"), {"jurisdiction": "OUT"}, "NO_CRITERION"),
            (child("PA2", relation="OTHER"), {"jurisdiction": "OUT"}, "NOT_CAREGIVER"),
        ],
        ids=[
            "1 before 2",
            "1 without a criterion",
            "2 before 3",
            "3 before 4",
            "3 before 5",
            "4 before 7",
            "5",
            "6 before 7",
        ],
    )
    def test_the_first_row_that_holds_decides(self, given: dict[str, Any], facts: dict[str, Any], first: str) -> None:
        assert outcome(screened(given, **facts)) == first

    @pytest.mark.parametrize(
        ("given", "facts", "reason", "tier"),
        [
            (child("NE2", alone_now="YES"), {"safe_haven": "YES"}, "SAFE_HAVEN", "T0"),
            (child("PA2", severity=3), {"child_under_18": "NO"}, "NO_CHILD", "T1"),
            (child("PA2", severity=3), {"duplicate_of": "r-17"}, "DUPLICATE", "T1"),
            (child("PA2", relation="OTHER", harm_now="YES"), {}, "NOT_CAREGIVER", "T0"),
            (child("PA2", harm_now="YES"), {"jurisdiction": "OUT"}, "OTHER_JURISDICTION", "T0"),
        ],
    )
    def test_a_report_that_is_screened_out_has_its_tier_too(
        self, given: dict[str, Any], facts: dict[str, Any], reason: str, tier: str
    ) -> None:
        decision = screened(given, **facts)
        assert (decision.reason, decision.tier) == (reason, tier)


class TestUpgrades:
    """R031, R039: upgrades come in order and are listed only when they changed the tier."""

    @pytest.mark.parametrize(
        "fact", ["harm_now", "threat_within_hours", "alone_now", "vital_need_unmet", "violence_now"]
    )
    def test_u0_danger_of_any_child_is_immediate(self, fact: str) -> None:
        sibling = child(name="c2", **{fact: "YES"})
        decision = screened(child("NE10"), sibling)
        assert (decision.tier_tree, decision.tier, decision.upgrades) == ("T4", "T0", ("U0",))

    @pytest.mark.parametrize("fact", ["threat_to_kill", "child_suicidal"])
    def test_u0_a_threatened_life_is_danger_unless_a_safe_adult_is_there(self, fact: str) -> None:
        alone = child("NE10", **{fact: "YES", "safe_adult_now": "NO"})
        assert screened(alone).tier == "T0"
        safe = child("NE10", **{fact: "YES", "safe_adult_now": "YES"})
        assert (screened(safe).tier, screened(safe).upgrades) == ("T4", ())

    def test_u0_serious_harm_or_emergency_of_any_child_is_at_least_t1(self) -> None:
        assert screened(child("NE10"), child(name="c2", severity=3)).tier == "T1"
        assert screened(child("NE10"), child(name="c2", severity=2)).tier == "T4"
        assert screened(child("EM1", emergency_care="YES")).tier == "T1"

    @pytest.mark.parametrize(
        ("facts", "tier", "upgrade"),
        [
            ({"police_request_immediate": "YES"}, "T0", "U1"),
            ({"police_holds_child": "YES"}, "T1", "U2"),
            ({"evidence_at_risk": "YES"}, "T1", "U3"),
            ({"flight_risk": "WITHIN_HOURS"}, "T0", "U4"),
            ({"flight_risk": "SOON"}, "T1", "U4"),
        ],
    )
    def test_u1_to_u4_raise_to_their_tier(self, facts: dict[str, Any], tier: str, upgrade: str) -> None:
        decision = screened(child("NE1"), **facts)
        assert (decision.tier_tree, decision.tier, decision.upgrades) == ("T3", tier, (upgrade,))

    def test_u5_an_earlier_child_was_severely_harmed_and_this_one_is_under_six_years(self) -> None:
        assert screened(child("EM1", age_months=71), prior_severe_harm="YES").tier == "T1"
        assert screened(child("EM1", age_months=72), prior_severe_harm="YES").tier == "T3"
        toddler_without = child(name="c2", age_months=10)
        assert screened(child("EM1", age_months=72), toddler_without, prior_severe_harm="YES").tier == "T3"

    def test_u6_three_reports_within_a_year_about_a_child_under_three_are_one_tier_more(self) -> None:
        assert screened(child("EM1", age_months=35), prior_reports_12m=3).tier == "T2"
        assert screened(child("EM1", age_months=36), prior_reports_12m=3).tier == "T3"
        assert screened(child("EM1", age_months=35), prior_reports_12m=2).tier == "T3"
        after_another = screened(child("EM1", age_months=35), prior_reports_12m=3, evidence_at_risk="YES")
        assert (after_another.tier, after_another.upgrades) == ("T0", ("U3", "U6"))

    def test_an_upgrade_that_changes_nothing_is_not_listed(self) -> None:
        decision = screened(child("PA2", harm_now="YES"), police_request_immediate="YES", flight_risk="WITHIN_HOURS")
        assert (decision.tier, decision.upgrades) == ("T0", ())

    @pytest.mark.parametrize(
        "facts", [{"police_holds_child": "YES"}, {"evidence_at_risk": "YES"}, {"prior_severe_harm": "YES"}]
    )
    def test_u2_u3_and_u5_are_not_listed_where_the_tier_is_t1_already(self, facts: dict[str, Any]) -> None:
        decision = screened(child("NE4", lethal_hazard="YES", age_months=71, hazard_active="NO"), **facts)
        assert (decision.tier_tree, decision.tier, decision.upgrades) == ("T1", "T1", ())

    @pytest.mark.parametrize("criterion", ["PA5", "RK1"])
    def test_u5_reads_unknown_earlier_harm_as_what_is_ticked(self, criterion: str) -> None:
        young = child(criterion, age_months=71)
        assert screened(young, prior_severe_harm="UNKNOWN").upgrades == ("U5",)
        assert screened(child("EM1", age_months=71), prior_severe_harm="UNKNOWN").upgrades == ()

    def test_u6_is_about_children_of_whom_something_is_alleged(self) -> None:
        decision = screened(child("EM1"), child(name="c2", age_months=10), prior_reports_12m=3)
        assert (decision.tier, decision.upgrades) == ("T3", ())

    def test_the_report_has_the_most_urgent_tier_of_all_children_and_families(self) -> None:
        decision = screened(child("NE10"), child("RK1", "OH1", name="c2", age_months=3))
        assert [each.tier for each in decision.children] == ["T4", "T2"]
        assert decision.tier_tree == "T2"


class TestTasks:
    """R034, R040."""

    @pytest.mark.parametrize(
        "given",
        [
            child("NE10", harm_now="YES"),
            child("NE10", emergency_care="YES"),
            child("SA5", trafficking_control_now="YES"),
            child("NE2", abandoned="YES", adult_present="NO"),
            child("NE6", caregiver_impaired="NOW", sole_carer="YES", vulnerable="YES"),
            child("NE4", lethal_hazard="YES", hazard_active="YES", vulnerable="YES"),
        ],
        ids=["danger", "emergency", "S1", "N1", "N3", "N4"],
    )
    def test_emergency_services_are_called_whatever_the_result(self, given: dict[str, Any]) -> None:
        assert "CALL_911" in screened(given).tasks
        assert "CALL_911" in screened(given, jurisdiction="OUT").tasks

    def test_emergency_services_are_not_called_for_a_tier_alone(self) -> None:
        assert screened(child("PA4", extreme_act="YES", access="NOW")).tier == "T0"
        assert "CALL_911" not in screened(child("PA4", extreme_act="YES", access="NOW")).tasks
        assert "CALL_911" in screened(child(alone_now="YES")).tasks

    @pytest.mark.parametrize("fact", DANGER_NOW)
    def test_unknown_danger_calls_the_reporter_back_or_flags_the_supervisor(self, fact: str) -> None:
        unknown = child("NE1", **{fact: "UNKNOWN"})
        assert screened(unknown).tasks == ("RECALL_REPORTER",)
        assert screened(unknown, reporter="ANONYMOUS").tasks == ("SUPERVISOR_FLAG",)
        small = child("NE1", **{fact: "UNKNOWN", "age_months": 71})
        assert screened(small).tasks == ("RECALL_REPORTER", "SUPERVISOR_FLAG")

    def test_an_age_of_six_years_ends_the_flag_of_a_known_reporter(self) -> None:
        assert screened(child("NE1", harm_now="UNKNOWN", age_months=72)).tasks == ("RECALL_REPORTER",)

    def test_danger_that_was_not_asked_calls_back_too(self) -> None:
        decision = screened(without(child("NE1", alone_now="YES"), "harm_now"))
        assert (decision.incomplete, decision.tasks) == (
            ("children[0].facts.harm_now",),
            ("CALL_911", "RECALL_REPORTER"),
        )
        assert decision.due["RECALL_REPORTER"].isoformat() == "2026-11-22T18:00:00-06:00"

    @pytest.mark.parametrize("fact", ["harm_now", "emergency_care"])
    def test_emergency_services_are_called_for_a_sibling_of_whom_nothing_is_alleged(self, fact: str) -> None:
        assert screened(child("NE10"), child(name="c2", **{fact: "YES"})).tasks == ("CALL_911",)

    def test_a_screen_out_in_danger_or_of_high_tier_is_flagged_and_reviewed(self) -> None:
        assert screened(child("PA2", severity=3), jurisdiction="OUT").tasks == (
            "SUPERVISOR_FLAG",
            "TRANSFER",
            "REVIEW_SCREEN_OUT",
        )
        assert screened(child(threat_to_kill="YES")).tasks == ("SUPERVISOR_FLAG", "REVIEW_SCREEN_OUT")
        assert screened(child("NE10"), jurisdiction="OUT").tasks == ("TRANSFER",)

    @pytest.mark.parametrize(
        ("given", "facts", "reviewed"),
        [
            (child(age_months=35), {}, True),
            (child(age_months=36), {}, False),
            (child(age_months="UNKNOWN"), {}, True),
            (child(), {"reporter": "MANDATED"}, True),
            (child(), {"prior_reports_12m": 3}, True),
            (child(), {"prior_reports_12m": 2}, False),
            (child(violence_now="UNKNOWN"), {}, True),
        ],
    )
    def test_screen_outs_that_a_second_person_reviews(
        self, given: dict[str, Any], facts: dict[str, Any], reviewed: bool
    ) -> None:
        assert ("REVIEW_SCREEN_OUT" in screened(given, **facts).tasks) is reviewed

    @pytest.mark.parametrize("answer", ["NO", "UNKNOWN"])
    def test_a_child_that_cannot_be_located_is_looked_for_and_never_screened_out(self, answer: str) -> None:
        decision = screened(child("NE1"), can_be_located=answer)
        assert (decision.screening, decision.tasks) == ("SCREEN_IN", ("LOCATE",))
        assert "LOCATE" not in screened(child(), can_be_located=answer).tasks


class TestCrossReports:
    """R054."""

    @pytest.mark.parametrize(
        ("given", "told"),
        [
            (child("PA1"), True),
            *((child(f"SA{number}"), True) for number in range(1, 7)),
            (child("PA2", severity=3), True),
            (child("PA2", severity=2), False),
            (child("NE1", severity=3), False),
            (child("PA2", relation="OTHER"), True),
        ],
    )
    def test_police_are_told(self, given: dict[str, Any], told: bool) -> None:
        assert ("LAW_ENFORCEMENT" in screened(given).cross_reports) is told

    def test_police_are_told_of_harm_to_the_very_child_with_the_physical_criterion(self) -> None:
        decision = screened(child("PA2", severity=1), child("NE1", name="c2", severity=3))
        assert decision.cross_reports == ()

    @pytest.mark.parametrize("setting", ["KIN_OR_FOSTER", "FACILITY", "SCHOOL", "DAY_CARE"])
    def test_licensing_is_told_of_licensed_places_when_something_is_alleged(self, setting: str) -> None:
        assert screened(child("NE1"), setting=setting).cross_reports == ("LICENSING",)
        assert screened(child(), setting=setting).cross_reports == ()

    def test_licensing_is_told_of_institutional_care_wherever_it_happened(self) -> None:
        assert screened(child("OH1"), setting="HOME").cross_reports == ("LICENSING",)
        assert screened(child("NE1"), setting="OTHER").cross_reports == ()


class TestClocks:
    """R031, R032, and the ruling that clocks run from receipt."""

    def test_screened_in_at_t0(self) -> None:
        decision = screened(child("PA2", harm_now="YES"), reporter="MANDATED")
        assert {kind: at.isoformat() for kind, at in decision.due.items()} == {
            "SCREENING_DECISION": "2026-11-22T18:00:00-06:00",
            "FIRST_CONTACT": "2026-11-23T17:30:00-06:00",
            "ON_SCENE": "2026-11-22T19:30:00-06:00",
            "FINDING": "2027-01-21T17:30:00-06:00",
            "REPORTER_CONFIRMATION": "2026-11-24T17:30:00-06:00",
        }

    def test_screened_in_at_a_lower_tier_by_anyone(self) -> None:
        decision = screened(child("NE1"))
        assert {kind: at.isoformat() for kind, at in decision.due.items()} == {
            "SCREENING_DECISION": "2026-11-22T21:30:00-06:00",
            "FIRST_CONTACT": "2026-11-27T17:30:00-06:00",
            "FINDING": "2027-01-21T17:30:00-06:00",
        }

    def test_screened_out_only_the_decision_is_owed_and_the_call_back_if_danger_is_unknown(self) -> None:
        assert list(screened(child()).due) == ["SCREENING_DECISION"]
        decision = screened(child(alone_now="UNKNOWN"))
        assert decision.due["RECALL_REPORTER"].isoformat() == "2026-11-22T18:00:00-06:00"
