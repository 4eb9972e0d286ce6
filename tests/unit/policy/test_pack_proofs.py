"""`packs check` proves what ships, and finds what is wrong with a pack that only looks right."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from screening_desk import PACK

from policy.errors import PackInvalid
from policy.packs import Pack, Packs
from policy.screening.difference import changed_entries, changed_tiers
from policy.screening.proof import prove
from policy.screening.space import Axis, Space


def changed(change: Callable[[Any], None]) -> Pack:
    document = copy.deepcopy(PACK.document)
    change(document)
    return replace(PACK, document=document)


def failures(pack: Pack) -> list[str]:
    return [failure for part in prove(pack) for failure in part.failures]


def line(document: Any, family: str, name: str) -> dict[str, Any]:
    tree = next(tree for tree in document["trees"] if tree["id"] == family)
    found: dict[str, Any] = next(item for item in tree["lines"] if item["id"] == name)
    return found


def entry(document: Any, table: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(item for item in document[table] if item["id"] == name)
    return found


@pytest.mark.parametrize("pack", Packs().all(), ids=lambda pack: f"{pack.id}-{pack.version}")
def test_every_shipped_pack_is_proven(pack: Pack) -> None:
    """R108: over all combinations of what its trees read."""
    parts = list(prove(pack))
    assert [failure for part in parts for failure in part.failures] == []
    assert sum(part.combinations for part in parts) > 6_000_000


def test_a_planted_line_that_is_not_monotone_is_found_with_a_counterexample() -> None:
    def plant(document: Any) -> None:
        line(document, "NE", "N9")["when"] = "(untreated_need || weight_loss) && !emergency_care && !lethal_hazard"
        line(document, "NE", "N5")["when"] = "lethal_hazard && adult_present"

    found = failures(changed(plant))
    assert any("adult_present NO instead of YES lowers T1 (N5" in failure for failure in found)
    assert any(
        failure.startswith("tree NE: not monotone: lethal_hazard YES instead of NO lowers T2 (N9)") for failure in found
    )


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda d: line(d, "PA", "P12").update(when="severity >= 1"), "tree PA: no line matches"),
        (lambda d: line(d, "PA", "P6").update(when="extreme_act && access == 'NOW'"), "line P6 is dead"),
        (lambda d: line(d, "SA", "S7").update(when="access == 'NONE' && near"), "line S7 is dead"),
        (
            lambda d: line(d, "OH", "O1").update(tier="T4"),
            "not monotone: alleged_on_duty YES instead of NO lowers T3 (O2) to T4",
        ),
        (lambda d: entry(d, "derived", "unprotected").update(by="protective_adult"), "unprotected is not monotone"),
        (lambda d: entry(d, "any_child", "under_36").update(by="age_months >= 36"), "under_36 is not monotone"),
        (
            lambda d: entry(d, "child_facts", "protective_adult").update(unknown="YES"),
            "protective_adult: UNKNOWN is read as YES, which is less urgent",
        ),
        (
            lambda d: entry(d, "child_facts", "severity").update(unknown=7),
            "severity: UNKNOWN is read as 7, which is no answer",
        ),
        (lambda d: entry(d, "child_facts", "access").update(unknown="SOON"), "access: UNKNOWN is read as SOON"),
        (
            lambda d: entry(d, "child_facts", "extreme_act").update(unknown={"by": "!PA4"}),
            "the reading of extreme_act is not monotone",
        ),
        (lambda d: entry(d, "child_facts", "sole_carer").update(id="race"), "race may not be asked"),
        (lambda d: d["screening"].pop(), "screening: no rule holds"),
        (lambda d: entry(d, "screening", "NO_CHILD").update(when="child_under_18"), "takes a report out"),
        (
            lambda d: entry(d, "screening", "OTHER_JURISDICTION").update(when="!criterion"),
            "the rule OTHER_JURISDICTION is dead",
        ),
        (
            lambda d: entry(d, "upgrades", "U3")["raises"][0].update(when="!evidence_at_risk"),
            "upgrades: evidence_at_risk YES instead of NO",
        ),
        (lambda d: entry(d, "tasks", "TRANSFER").update(when="NO_CHILD && !NO_CHILD"), "TRANSFER is set for no report"),
        (lambda d: line(d, "PA", "P1").update(cite=["NOWHERE"]), "trees.PA.P1 names NOWHERE"),
        (lambda d: d["clocks"]["FINDING"].update(ladder=[{"use": "nowhere"}]), "clocks.FINDING names nowhere"),
        (
            lambda d: d["clocks"]["FIRST_CONTACT"].update(
                due=[{"tiers": ["T0"], "days": 1}, {"tiers": ["T1", "T2", "T3", "T4"], "hours": 20}]
            ),
            "T0 is due later than T1",
        ),
        (lambda d: d["sentences"].update(line="{chlid}"), "sentences.line names chlid"),
        (lambda d: d["sentences"].update(line="{child"), "sentences.line cannot be filled in"),
        (lambda d: d["sentences"].update(line="{child:d}"), "sentences.line says how a value is written"),
        (lambda d: line(d, "PA", "P1").update(tier="T9"), "trees.PA.P1 names T9"),
        (lambda d: entry(d, "upgrades", "U1")["raises"][0].update(to="T9"), "upgrades.U1 names T9"),
        (lambda d: d.update(families=[*d["families"], "ZZ"]), "families names ZZ"),
        (lambda d: d["trees"][0]["lines"].append(line(d, "PA", "P1")), "trees.PA.lines: P1 is there 2 times"),
        (lambda d: line(d, "SA", "S1").update(id="P1"), "what the report's conditions read: P1 is there 2 times"),
        (lambda d: d["criteria"].append(d["criteria"][0]), "criteria: PA1 is there 2 times"),
        (lambda d: entry(d, "report_facts", "safe_haven").update(id="harm_now"), "harm_now is there 2 times"),
        (lambda d: entry(d, "derived", "near").update(id="setting"), "setting is there 2 times"),
        (lambda d: d["upgrades"].append(d["upgrades"][0]), "upgrades: U0 is there 2 times"),
        (lambda d: d["tasks"].append({**d["tasks"][0], "when": "true"}), "tasks: CALL_911 is there 2 times"),
        (lambda d: d["tasks"][0].update(id="T0"), "T0 is there 2 times"),
        (lambda d: d["ladders"]["urgent"]["rungs"].append(d["ladders"]["urgent"]["rungs"][0]), "owner is there 2"),
    ],
)
def test_what_is_wrong_is_said(change: Callable[[Any], None], complaint: str) -> None:
    def renamed(document: Any) -> None:
        change(document)
        if "race" in complaint:
            n3 = line(document, "NE", "N3")
            n3["when"] = n3["when"].replace("sole_carer", "race")

    found = failures(changed(renamed))
    assert any(complaint in failure for failure in found), found


OFFICES: Any = {
    "a county that is not there": ({"offices": {"metro": {"county": "nowhere"}}}, "offices.metro names nowhere"),
    "a ladder that is not there": (
        {"offices": {"metro": {"clocks": {"FINDING": {"ladder": [{"use": "nope"}]}}}}},
        "offices.metro.clocks.FINDING names nope",
    ),
    "a calendar that is not there": (
        {"counties": {"cook": {"clocks": {"FINDING": {"calendar": "nope"}}}}},
        "counties.cook.clocks.FINDING names nope",
    ),
    "a tier that is not there": (
        {"offices": {"metro": {"clocks": {"FINDING": {"due": [{"tiers": ["T9"], "days": 1}]}}}}},
        "offices.metro.clocks.FINDING names T9",
    ),
    "a clock of its own": (
        {"offices": {"metro": {"clocks": {"TEA": PACK.document["clocks"]["FINDING"]}}}},
        "offices.metro names TEA",
    ),
    "no due time for a tier": (
        {"offices": {"metro": {"clocks": {"FIRST_CONTACT": {"due": [{"tiers": ["T0"], "hours": 1}]}}}}},
        "offices.metro: pack seed-default 1.0.0 has no due time for FIRST_CONTACT, tier T1",
    ),
    "the more urgent later": (
        {
            "counties": {"cook": {"clocks": {"FIRST_CONTACT": {"due": [{"tiers": ["T0"], "days": 9}, {"hours": 20}]}}}},
            "offices": {"metro": {"county": "cook"}},
        },
        "T0 is due later than T1",
    ),
}


@pytest.mark.parametrize(("own", "complaint"), OFFICES.values(), ids=OFFICES)
def test_what_an_office_or_a_county_changes_is_proven_too(own: dict[str, Any], complaint: str) -> None:
    """R102."""
    found = failures(changed(lambda document: document.update(own)))
    assert any(complaint in failure for failure in found), found


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda d: line(d, "PA", "P7").update(when='severity >= "2"'), "trees.PA.P7"),
        (lambda d: entry(d, "derived", "near").update(by="access"), "derived.near"),
        (lambda d: entry(d, "any_child", "emergency").update(by="access"), "any_child.emergency"),
        (lambda d: entry(d, "upgrades", "U6")["raises"][0].update(when="prior_reports_12m && PA"), "upgrades.U6"),
    ],
)
def test_a_condition_that_has_no_value_is_named_by_its_place(change: Callable[[Any], None], place: str) -> None:
    with pytest.raises(PackInvalid) as caught:
        list(prove(changed(change)))
    assert caught.value.paths == (f"seed-default@1.0.0: {place}",)


def test_unknown_may_be_read_as_a_word_by_what_is_ticked() -> None:
    def read(words: str) -> list[str]:
        return failures(changed(lambda d: entry(d, "child_facts", "access").update(unknown={"by": words})))

    assert read('PA2 ? "NOW" : "H24"') == []
    assert any("the reading of access is not monotone" in failure for failure in read('PA2 ? "H24" : "NOW"'))
    assert "access: UNKNOWN is read as SOON, which is no answer to it" in read('PA2 ? "SOON" : "H24"')


def test_a_space_holds_every_combination_once() -> None:
    axes = [Axis("a", (False, True)), Axis("b", (0, 1, 2)), Axis("c", ("x", "y"), ordered=False)]
    space = Space(axes)
    assert space.size == 12
    seen = set()
    for a, b, c in product(*(axis.values for axis in axes)):
        found = space.where(
            ["a", "b", "c"], lambda chosen, want=(a, b, c): (chosen["a"], chosen["b"], chosen["c"]) == want
        )
        assert found.bit_count() == 1
        assert space.first(found) == {"a": a, "b": b, "c": c}
        seen.add(found)
    assert len(seen) == 12
    risen = space.where(["b"], lambda chosen: chosen["b"] in (0, 2))
    falls = [(axis.name, less, more, where.bit_count()) for axis, less, more, where in space.fallen(risen)]
    assert falls == [("b", 0, 1, 4)]


def test_a_difference_names_entries_and_counts_the_tiers_that_move() -> None:
    """R109: what a change alters."""
    after = changed(lambda document: line(document, "OH", "O2").update(tier="T2"))
    assert list(changed_entries(PACK.document, after.document)) == ["changed  trees.OH.lines.O2.tier: T3 becomes T2"]
    assert list(changed_tiers(PACK, after)) == [
        "tree OH: T3 becomes T2 in 1 of 2 combinations, such as alleged_on_duty NO"
    ]
    assert list(changed_tiers(PACK, PACK)) == []
