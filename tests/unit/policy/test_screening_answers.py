"""What was asked, what was not, what nobody knew: no decision on a guess."""

from __future__ import annotations

import json
from typing import Any

import pytest
from screening_desk import CALM_CHILD, DANGER_NOW, PACK, child, report, screened, without

from policy.canonical import canonical
from policy.errors import PolicyError
from policy.screening import ScreeningError, Unknown, screen
from policy.screening.rules import LARGEST_INTEGER

EXAMPLE: dict[str, Any] = {
    "received_at": "2026-11-22T17:30:00-06:00",
    "office": "cook-north",
    "report": {
        "child_under_18": "YES",
        "reporter": "MANDATED",
        "can_be_located": "YES",
        "setting": "HOME",
        "flight_risk": "WITHIN_HOURS",
        "prior_reports_12m": 1,
    },
    "children": [
        {
            "id": "c1",
            "criteria": ["PA2"],
            "facts": {
                "danger_now": "NO",
                "age_months": 108,
                "relation": "CAREGIVER",
                "severity": 2,
                "access": "UNKNOWN",
                "protective_adult": "NO",
                "safe_place": "NO",
                "afraid_to_go_home": "YES",
                "last_incident_days": 1,
            },
        }
    ],
}


def error_of(facts: Any) -> PolicyError:
    with pytest.raises(ScreeningError) as caught:
        screen(PACK, facts)
    return caught.value


def unknowns(*children: dict[str, Any], **facts: Any) -> dict[str, Any]:
    return {item.fact: item.resolved for item in screened(*children, **facts).unknowns}


class TestTheExample:
    """R029-R033, R108."""

    def test_is_decided_exactly(self) -> None:
        answer = screen(PACK, EXAMPLE).as_json()
        explanation = answer.pop("explanation")
        assert answer == {
            "pack": {"id": "seed-default", "version": "1.0.0", "sha256": PACK.sha256},
            "evaluator": "1",
            "facts_sha256": "237395b56a3179217b75e09ad0d269863dc45fde6b680917daa1b2fc7f2235b7",
            "screening": "SCREEN_IN",
            "reason": None,
            "tier_tree": "T1",
            "tier": "T0",
            "children": [{"id": "c1", "tier": "T1", "lines": ["PA:P7", "PA:P8", "PA:P10"]}],
            "upgrades": ["U4"],
            "tasks": [],
            "cross_reports": [],
            "incomplete": [],
            "due": {
                "SCREENING_DECISION": "2026-11-22T18:00:00-06:00",
                "FIRST_CONTACT": "2026-11-23T17:30:00-06:00",
                "ON_SCENE": "2026-11-22T19:30:00-06:00",
                "FINDING": "2027-01-21T17:30:00-06:00",
                "REPORTER_CONFIRMATION": "2026-11-24T17:30:00-06:00",
            },
            "unknowns": [{"child": "c1", "fact": "access", "resolved": "H24"}],
        }
        assert any("PA:P7" in sentence and "access H24" in sentence for sentence in explanation)
        assert any("access is unknown" in sentence and "safe direction" in sentence for sentence in explanation)

    def test_does_not_depend_on_the_order_in_which_it_was_written(self) -> None:
        turned = json.loads(json.dumps(EXAMPLE, sort_keys=True))
        turned["children"][0]["facts"] = dict(reversed(turned["children"][0]["facts"].items()))
        assert screen(PACK, turned).canonical() == screen(PACK, EXAMPLE).canonical()

    def test_is_explained_with_what_was_assumed_where_it_mattered(self) -> None:
        facts = {**EXAMPLE, "children": [without(EXAMPLE["children"][0], "severity")]}
        explanation = screen(PACK, facts).explanation
        assert any("severity was not given" in sentence and "2 was assumed" in sentence for sentence in explanation)
        assert not any("lethal_hazard" in sentence for sentence in explanation)
        assert any("jurisdiction was not given" in sentence for sentence in explanation)


class TestExplanations:
    """R108: every step says the facts it rests on and of which child, and no others."""

    @pytest.mark.parametrize(
        ("children", "facts", "step", "told"),
        [
            ([child("NE10"), child(name="c2", harm_now="YES")], {}, "U0", "child c2: harm_now YES"),
            ([child("NE10"), child(name="c2", severity=3)], {}, "U0", "child c2: severity 3"),
            (
                [child("EM1", age_months=71)],
                {"prior_severe_harm": "YES"},
                "U5",
                "prior_severe_harm YES; child c1: age_months 71",
            ),
            (
                [child("EM1", age_months=35)],
                {"prior_reports_12m": 3},
                "U6",
                "prior_reports_12m 3; child c1: age_months 35",
            ),
            ([child("PA2", relation="OTHER"), child(name="c2")], {}, "SCREEN_OUT", "child c1: relation OTHER"),
            ([child("PA2", relation="OTHER")], {}, "LAW_ENFORCEMENT", "NOT_CAREGIVER"),
            ([child("PA1"), child("SA2", name="c2")], {}, "LAW_ENFORCEMENT", "child c1: PA1; child c2: SA2"),
            ([child("NE1")], {"setting": "SCHOOL"}, "LICENSING", "setting SCHOOL"),
            (
                [child("PA2")],
                {"duplicate_of": "r-17"},
                "SCREEN_OUT",
                "new_information NO, duplicate_of given; child c1: danger_now NO",
            ),
            ([child("NE1", alone_now="YES")], {}, "CALL_911", "child c1: alone_now YES, NE:N1"),
            (
                [child("NE1", harm_now="UNKNOWN")],
                {},
                "RECALL_REPORTER",
                "reporter PERMISSIVE; child c1: harm_now UNKNOWN",
            ),
            ([child(age_months=35)], {}, "REVIEW_SCREEN_OUT", "child c1: age_months 35"),
            ([child("PA2", severity=3)], {"jurisdiction": "OUT"}, "REVIEW_SCREEN_OUT", "T1"),
            ([child("NE1", age_months=71)], {}, "Child c1, NE:N14", "age_months 71"),
            ([child("NE1", vulnerable="YES")], {}, "Child c1, NE:N14", "vulnerable YES"),
            ([child("EM2", offender_excluded_by_order="YES")], {}, "Child c1, EM:E6", "offender_excluded_by_order YES"),
        ],
    )
    def test_tell_what_a_step_rests_on(
        self, children: list[dict[str, Any]], facts: dict[str, Any], step: str, told: str
    ) -> None:
        sentence = next(each for each in screened(*children, **facts).explanation if each.startswith(step))
        assert sentence.partition("(")[2].partition(")")[0] == told

    def test_tell_what_was_assumed_wherever_a_step_rests_on_it(self) -> None:
        facts = report(without(child("PA2"), "other_children_exposed"), child_under_18="NO")
        del facts["report"]["reporter"]
        explanation = screen(PACK, facts).explanation
        assert (
            "Child c1: other_children_exposed was not given (other children are exposed); NO was assumed."
            in explanation
        )
        lost = report(child("NE1", alone_now="UNKNOWN"))
        del lost["report"]["can_be_located"], lost["report"]["reporter"]
        assert screen(PACK, lost).explanation[-2:] == (
            "The report: can_be_located was not given (the child can be located); NO was assumed.",
            "The report: reporter was not given (the kind of reporter); PERMISSIVE was assumed.",
        )

    def test_are_silent_about_what_changed_nothing(self) -> None:
        steps = [each for each in screened(child("NE10"), flight_risk="SOON").explanation if " is due " not in each]
        assert [each.partition("(")[2].partition(")")[0] for each in steps] == [
            "",
            "safe_discharge_plan YES",
            "flight_risk SOON",
        ]


class TestUnknown:
    """The safe direction; R011."""

    @pytest.mark.parametrize(
        ("fact", "read_as"),
        [
            ("age_months", 0),
            ("relation", "CAREGIVER"),
            *((fact, "NO") for fact in DANGER_NOW),
            ("access", "H24"),
            ("protective_adult", "NO"),
            ("safe_place", "NO"),
            ("severity", 1),
            ("last_incident_days", 0),
            ("hours_since_sexual_contact", 100000),
            ("caregiver_impaired", "NO"),
            ("emotional_signs", "SOME"),
            *((fact, "YES") for fact in ("sole_carer", "hazard_active", "discharge_within_24h")),
            *((fact, "NO") for fact in ("adult_present", "safe_discharge_plan", "hospital_hold", "safe_adult_now")),
            ("offender_excluded_by_order", "NO"),
            *((fact, "NO") for fact in ("nonmobile_injury", "extreme_act", "exposed_newborn", "untreated_need")),
            *((fact, "NO") for fact in ("abandoned", "other_children_exposed", "vulnerable", "afraid_to_go_home")),
            *((fact, "NO") for fact in ("lethal_hazard", "weight_loss", "physical_sign_sexual")),
            *((fact, "NO") for fact in ("known_offender_in_home", "trafficking_control_now")),
            *((fact, "NO") for fact in ("weapon_or_strangulation", "child_injured_or_intervening")),
        ],
    )
    def test_of_a_child_is_read_as(self, fact: str, read_as: str | int) -> None:
        assert unknowns(child("EM1", **{fact: "UNKNOWN"})) == {fact: read_as}

    @pytest.mark.parametrize(
        ("fact", "read_as"),
        [
            ("child_under_18", "YES"),
            ("jurisdiction", "IN"),
            ("can_be_located", "NO"),
            ("reporter", "PERMISSIVE"),
            ("setting", "HOME"),
            *((fact, "NO") for fact in ("resources_only", "safe_haven", "police_request_immediate")),
            *((fact, "NO") for fact in ("police_holds_child", "evidence_at_risk", "prior_severe_harm")),
            ("alleged_on_duty", "YES"),
            ("new_information", "YES"),
            ("flight_risk", "NO"),
            ("prior_reports_12m", 0),
            ("duplicate_of", None),
        ],
    )
    def test_of_the_report_is_read_as(self, fact: str, read_as: str | int | None) -> None:
        assert unknowns(child("EM1"), **{fact: "UNKNOWN"}) == {fact: read_as}

    @pytest.mark.parametrize(
        ("fact", "criterion", "read_as"),
        [
            ("severity", "PA2", 2),
            ("extreme_act", "PA4", "YES"),
            ("exposed_newborn", "NE8", "YES"),
            ("untreated_need", "NE5", "YES"),
            ("abandoned", "NE2", "YES"),
            ("other_children_exposed", "PA1", "YES"),
        ],
    )
    def test_follows_what_is_ticked(self, fact: str, criterion: str, read_as: str | int) -> None:
        assert unknowns(child(criterion, **{fact: "UNKNOWN"}))[fact] == read_as

    def test_hours_since_a_sexual_contact_follow_the_last_incident(self) -> None:
        assert unknowns(child("SA1", hours_since_sexual_contact="UNKNOWN", last_incident_days=5)) == {
            "hours_since_sexual_contact": 120
        }
        both = child("SA1", hours_since_sexual_contact="UNKNOWN", last_incident_days="UNKNOWN")
        assert unknowns(both) == {"last_incident_days": 0, "hours_since_sexual_contact": 0}

    @pytest.mark.parametrize(("age", "read_as"), [(5, "YES"), (6, "NO"), ("UNKNOWN", "NO")])
    def test_an_injury_of_an_infant_is_of_one_whose_age_was_given(self, age: int | str, read_as: str) -> None:
        given = child("PA2", nonmobile_injury="UNKNOWN", age_months=age)
        assert unknowns(given)["nonmobile_injury"] == read_as

    @pytest.mark.parametrize("criterion", ["PA5", "RK1"])
    def test_earlier_severe_harm_follows_what_is_ticked_for_any_child(self, criterion: str) -> None:
        assert unknowns(child("EM1"), child(criterion, name="c2"), prior_severe_harm="UNKNOWN") == {
            "prior_severe_harm": "YES"
        }

    def test_a_child_of_unknown_age_is_vulnerable(self) -> None:
        assert "NE:N14" in screened(child("NE1", age_months="UNKNOWN")).children[0].lines

    def test_is_listed_in_page_order_the_reports_first(self) -> None:
        decision = screened(
            child("EM1", vulnerable="UNKNOWN", age_months="UNKNOWN"),
            child(name="c2", access="UNKNOWN"),
            flight_risk="UNKNOWN",
            jurisdiction="UNKNOWN",
        )
        assert decision.unknowns == (
            Unknown(None, "jurisdiction", "IN"),
            Unknown(None, "flight_risk", "NO"),
            Unknown("c1", "age_months", 0),
            Unknown("c1", "vulnerable", "NO"),
            Unknown("c2", "access", "H24"),
        )


REQUIRED_WITH_A_CRITERION = ("age_months", "relation", *DANGER_NOW, "access", "protective_adult", "safe_place")


class TestNotAsked:
    """No decision while a required fact is not asked; R011."""

    @pytest.mark.parametrize("fact", REQUIRED_WITH_A_CRITERION)
    def test_a_required_fact_of_a_child_with_a_criterion(self, fact: str) -> None:
        error = error_of(report(without(child("NE1"), fact)))
        assert (error.code, error.paths) == ("NOT_ASKED", (f"children[0].facts.{fact}",))
        written_out = error_of(report(child("NE1", **{fact: "NOT_ASKED"})))
        assert written_out.paths == error.paths

    @pytest.mark.parametrize("fact", sorted(CALM_CHILD.keys() - set(REQUIRED_WITH_A_CRITERION)))
    def test_an_optional_fact_is_read_as_unknown_and_not_listed(self, fact: str) -> None:
        decision = screened(without(child("NE1"), fact))
        assert decision.unknowns == ()
        assert decision.incomplete == ()

    @pytest.mark.parametrize("fact", ["age_months", *DANGER_NOW])
    def test_danger_and_age_are_required_of_every_child_if_nothing_is_alleged(self, fact: str) -> None:
        error = error_of(report(child(), without(child(name="c2"), fact)))
        assert error.paths == (f"children[1].facts.{fact}",)

    def test_nothing_is_required_of_a_child_while_something_is_alleged_of_another(self) -> None:
        sibling = {"id": "c2", "criteria": [], "facts": {}}
        decision = screened(child("NE1"), sibling)
        assert (decision.tier, decision.tasks, decision.unknowns) == ("T3", (), ())

    def test_of_the_report_only_whether_it_is_a_child(self) -> None:
        error = error_of({**report(child("NE1")), "report": {}})
        assert (error.code, error.paths) == ("NOT_ASKED", ("report.child_under_18",))

    def test_one_no_answers_every_danger_fact_that_is_not_given(self) -> None:
        quick = without(child("NE1", danger_now="NO", emergency_care="YES"), *(set(DANGER_NOW) - {"emergency_care"}))
        assert screened(quick).children[0].lines[0] == "NE:N2"
        known = without(child("NE1", danger_now="NO", alone_now="UNKNOWN"), *(set(DANGER_NOW) - {"alone_now"}))
        assert [item.fact for item in screened(known).unknowns] == ["alone_now"]

    @pytest.mark.parametrize("answer", ["YES", "UNKNOWN", "NOT_ASKED", True, 0])
    def test_nothing_but_no_answers_them_all(self, answer: Any) -> None:
        error = error_of(report(child("NE1", danger_now=answer)))
        assert (error.code, error.paths) == ("BAD_VALUE", ("children[0].facts.danger_now",))

    @pytest.mark.parametrize(("age", "asked"), [(59, False), (60, True), ("UNKNOWN", True)])
    def test_a_small_child_need_not_be_asked_about_suicide(self, age: int | str, asked: bool) -> None:
        given = without(child("NE1", age_months=age), "child_suicidal")
        if asked:
            assert error_of(report(given)).paths == ("children[0].facts.child_suicidal",)
        else:
            assert screened(given).tasks == ()

    def test_all_that_was_not_asked_is_named_at_once(self) -> None:
        facts = report(without(child("NE1"), "access"), without(child("PA2", name="c2"), "relation"))
        del facts["report"]["child_under_18"]
        assert error_of(facts).paths == (
            "report.child_under_18",
            "children[0].facts.access",
            "children[1].facts.relation",
        )

    def test_a_child_in_danger_now_does_not_wait_for_questions(self) -> None:
        decision = screened(without(child("NE1", alone_now="YES"), "access", "relation"))
        assert decision.tier == "T0"
        assert decision.incomplete == ("children[0].facts.relation", "children[0].facts.access")
        assert [item.fact for item in decision.unknowns] == ["relation", "access"]
        assert any("access was not asked" in sentence for sentence in decision.explanation)

    def test_t0_without_danger_now_waits(self) -> None:
        facts = report(without(child("NE1"), "access"), police_request_immediate="YES")
        assert error_of(facts).code == "NOT_ASKED"

    def test_danger_now_below_t0_waits(self) -> None:
        given = without(child("NE10", threat_to_kill="YES", safe_adult_now="YES"), "access")
        assert error_of(report(given)).code == "NOT_ASKED"


class TestMistakes:
    """Nothing is guessed: each mistake is an error that names its place."""

    @pytest.mark.parametrize(
        ("facts", "code", "path"),
        [
            ({**report(child("NE1")), "ofice": "x"}, "UNKNOWN_KEY", "ofice"),
            (report(child("NE1"), race="X"), "UNKNOWN_KEY", "report.race"),
            (report(child("NE1", religion="X")), "UNKNOWN_KEY", "children[0].facts.religion"),
            (report({**child("NE1"), "name": "X"}), "UNKNOWN_KEY", "children[0].name"),
            (report(child("NE1"), flight_risk="MAYBE"), "BAD_VALUE", "report.flight_risk"),
            (report(child("NE1"), prior_reports_12m=-1), "BAD_VALUE", "report.prior_reports_12m"),
            (report(child("NE1"), prior_reports_12m=True), "BAD_VALUE", "report.prior_reports_12m"),
            (report(child("NE1"), prior_reports_12m=1.0), "BAD_VALUE", "report.prior_reports_12m"),
            (report(child("NE1"), prior_reports_12m=2**53), "BAD_VALUE", "report.prior_reports_12m"),
            (report(child("NE1"), duplicate_of=7), "BAD_VALUE", "report.duplicate_of"),
            (report(child("NE1"), duplicate_of="a name with blanks"), "BAD_VALUE", "report.duplicate_of"),
            (report(child("NE1", age_months=216)), "BAD_VALUE", "children[0].facts.age_months"),
            (report(child("NE1", age_months="12")), "BAD_VALUE", "children[0].facts.age_months"),
            (report(child("NE1", severity=5)), "BAD_VALUE", "children[0].facts.severity"),
            (report(child("NE1", harm_now=True)), "BAD_VALUE", "children[0].facts.harm_now"),
            (report(child("NE1", harm_now=["NO"])), "BAD_VALUE", "children[0].facts.harm_now"),
            (report(child("NE1", harm_now=None)), "BAD_VALUE", "children[0].facts.harm_now"),
            (report(child("NE99")), "BAD_VALUE", "children[0].criteria[0]"),
            (report(child("NE1", "NE1")), "BAD_VALUE", "children[0].criteria[1]"),
            (report({**child("NE1"), "criteria": "NE1"}), "BAD_VALUE", "children[0].criteria"),
            (report({**child("NE1"), "facts": []}), "BAD_VALUE", "children[0].facts"),
            (report(child("NE1"), child("NE1")), "DUPLICATE_CHILD", "children[1].id"),
            (report({"criteria": [], "facts": {}}), "MISSING_KEY", "children[0].id"),
            (report(child("NE1", name="first last")), "BAD_VALUE", "children[0].id"),
            (report(), "NO_CHILD", "children"),
            ({"received_at": "2026-11-22T17:30:00-06:00", "report": {}}, "NO_CHILD", "children"),
            ({"report": {}, "children": [child()]}, "MISSING_KEY", "received_at"),
            (report(child("NE1"), received_at="2026-11-22T17:30:00"), "BAD_VALUE", "received_at"),
            (report(child("NE1"), received_at="2026-02-30T17:30:00Z"), "BAD_VALUE", "received_at"),
            (report(child("NE1"), received_at="9999-12-31T23:59:59-06:00"), "BAD_VALUE", "received_at"),
            (report(child("NE1"), received_at="0001-01-01T00:00:00+06:00"), "BAD_VALUE", "received_at"),
            (report(child("NE1", last_incident_days=2**26)), "BAD_VALUE", "children[0].facts.last_incident_days"),
            ({**report(child("NE1")), "office": 7}, "BAD_VALUE", "office"),
            ({**report(child("NE1")), "report": None}, "BAD_VALUE", "report"),
        ],
    )
    def test_name_their_place(self, facts: Any, code: str, path: str) -> None:
        error = error_of(facts)
        assert (error.code, error.paths) == (code, (path,))
        assert error.message

    @pytest.mark.parametrize("received_at", ["1900-01-01T00:00:00Z", "2199-12-31T23:59:59-06:00"])
    def test_the_first_and_the_last_receipt_are_none(self, received_at: str) -> None:
        assert screen(PACK, report(child("NE1"), received_at=received_at)).due

    def test_the_longest_time_is_none_and_stays_an_exact_number(self) -> None:
        longest = child("SA1", last_incident_days=LARGEST_INTEGER, hours_since_sexual_contact="UNKNOWN")
        decision = screened(longest)
        assert decision.unknowns[0].resolved == 24 * LARGEST_INTEGER
        assert decision.canonical() == canonical(decision.as_json())

    def test_of_values_never_quote_the_value(self) -> None:
        assert "Zelda" not in str(error_of(report(child("NE1"), flight_risk="Zelda")))
