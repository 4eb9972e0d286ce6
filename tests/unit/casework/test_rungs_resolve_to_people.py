"""Who is on a rung at an instant, and why."""

from dataclasses import replace

import pytest

from policy.ladders import Who
from policy.promise import Owner, OwnerKind
from services.casework.model.workforce import Passed, Person, Queue, Workforce

OFFICE = "lake-east"


def person(staff_id: str, role: str, under: str | None = None, office: str = OFFICE) -> Person:
    return Person(staff_id, frozenset({role}), office, under)


WORKER = person("worker", "INVESTIGATOR", "supervisor")
SUPERVISOR = person("supervisor", "SUPERVISOR", "manager")
MANAGER = person("manager", "MANAGER", "director")
DIRECTOR = person("director", "DIRECTOR", office="capital")
EVERYBODY = (WORKER, SUPERVISOR, MANAGER, DIRECTOR)

WORKERS = Owner(OwnerKind.PERSON, "worker")
QUEUE = Owner(OwnerKind.QUEUE, f"INVESTIGATOR:{OFFICE}")


def without(*absent: Person) -> Workforce:
    return Workforce(replace(p, absent="on leave" if p in absent else "") for p in EVERYBODY)


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (Who.OWNER, "worker"),
        (Who.SUPERVISOR, "supervisor"),
        (Who.MANAGER, "manager"),
        (Who.DIRECTOR, "director"),
    ],
)
@pytest.mark.parametrize("owner", [WORKERS, QUEUE])
def test_with_everybody_there_each_rung_is_the_next_one_up(who: Who, expected: str, owner: Owner) -> None:
    assert without().on_rung(who, owner, OFFICE).people == (expected,)


def test_an_absent_owner_is_passed_over_to_the_supervisor() -> None:
    answer = without(WORKER).on_rung(Who.OWNER, WORKERS, OFFICE)

    assert answer.people == ("supervisor",)
    assert answer.why == "owner absent: the owner's supervisor"


def test_an_owner_nobody_registered_is_passed_over_to_the_offices_supervisors() -> None:
    answer = without().on_rung(Who.OWNER, Owner(OwnerKind.PERSON, "stranger"), OFFICE)

    assert answer.people == ("supervisor",)
    assert answer.why.startswith("owner not registered")


@pytest.mark.parametrize(
    ("who", "absent"), [(Who.SUPERVISOR, SUPERVISOR), (Who.MANAGER, MANAGER), (Who.DIRECTOR, DIRECTOR)]
)
@pytest.mark.parametrize("owner", [WORKERS, QUEUE])
def test_any_other_rung_is_empty_when_its_person_is_absent_and_says_so(who: Who, absent: Person, owner: Owner) -> None:
    answer = without(absent).on_rung(who, owner, OFFICE)

    assert answer.people == ()
    assert "absent" in answer.why or "is present" in answer.why


def test_owner_and_supervisor_absent_leaves_the_owners_rung_empty() -> None:
    assert without(WORKER, SUPERVISOR).on_rung(Who.OWNER, WORKERS, OFFICE).people == ()


def test_a_queue_is_everybody_present_of_the_role_and_office() -> None:
    staff = [
        person("b", "SCREENER"),
        person("a", "SCREENER"),
        person("c", "SCREENER", office="elsewhere"),
        replace(person("d", "SCREENER"), absent="on leave"),
        person("e", "INVESTIGATOR"),
    ]

    answer = Workforce(staff).on_rung(Who.OWNER, Owner(OwnerKind.QUEUE, f"SCREENER:{OFFICE}"), OFFICE)

    assert answer.people == ("a", "b")


def test_the_manager_is_the_next_manager_up_the_chain_however_far() -> None:
    lead = person("lead", "SUPERVISOR", "supervisor")
    worker = person("worker", "INVESTIGATOR", "lead")

    answer = Workforce([worker, lead, SUPERVISOR, MANAGER]).on_rung(Who.MANAGER, WORKERS, OFFICE)

    assert answer.people == ("manager",)


def test_without_a_manager_above_the_offices_managers_are_told() -> None:
    worker = person("worker", "INVESTIGATOR")

    answer = Workforce([worker, MANAGER]).on_rung(Who.MANAGER, WORKERS, OFFICE)

    assert answer.people == ("manager",)


def test_people_who_supervise_each_other_do_not_hang_the_ladder() -> None:
    one, two = person("worker", "INVESTIGATOR", "two"), person("two", "INVESTIGATOR", "worker")

    assert Workforce([one, two]).on_rung(Who.MANAGER, WORKERS, OFFICE).people == ()


def test_every_director_present_is_told_whatever_the_office() -> None:
    other = person("other", "DIRECTOR", office="river")

    assert Workforce([DIRECTOR, other]).on_rung(Who.DIRECTOR, WORKERS, OFFICE).people == ("director", "other")


def test_a_queue_reads_as_it_is_written() -> None:
    assert Queue.parse("SCREENER:lake-east").name == "SCREENER:lake-east"


def test_where_a_rotation_runs_its_queue_is_who_has_duty() -> None:
    staff = [person("a", "SCREENER"), person("b", "SCREENER")]
    duties = {Queue("SCREENER", OFFICE): ("b",)}

    answer = Workforce(staff, duties).on_rung(Who.OWNER, Owner(OwnerKind.QUEUE, f"SCREENER:{OFFICE}"), OFFICE)

    assert (answer.people, answer.why) == (("b",), f"SCREENER of {OFFICE} on duty")


def test_whoever_has_duty_and_is_absent_is_passed_over_with_the_reason() -> None:
    staff = [person("a", "SCREENER"), replace(person("b", "SCREENER"), absent="sick until Friday")]
    duties = {Queue("SCREENER", OFFICE): ("b",)}

    answer = Workforce(staff, duties).on_rung(Who.OWNER, Owner(OwnerKind.QUEUE, f"SCREENER:{OFFICE}"), OFFICE)

    assert answer.people == ()
    assert answer.passed == (Passed("b", "sick until Friday"),)


def test_an_absent_supervisor_is_stood_in_for_by_whoever_has_supervisors_duty() -> None:
    stand_in = person("stand-in", "SUPERVISOR")
    people = [WORKER, replace(SUPERVISOR, absent="on leave"), stand_in, MANAGER]

    answer = Workforce(people, {Queue("SUPERVISOR", OFFICE): ("stand-in",)}).on_rung(Who.SUPERVISOR, WORKERS, OFFICE)

    assert answer.people == ("stand-in",)
    assert answer.passed == (Passed("supervisor", "on leave"),)


def test_one_director_has_duty_and_the_others_sleep() -> None:
    other = person("other", "DIRECTOR", office="river")
    duties = {Queue("DIRECTOR", "river"): ("other",)}

    assert Workforce([DIRECTOR, other], duties).on_rung(Who.DIRECTOR, WORKERS, OFFICE).people == ("other",)


def test_calls_of_an_absent_owner_go_to_the_nearest_above_who_is_there() -> None:
    """R084, R086."""
    assert without(WORKER).takes_over_from("worker", OFFICE) == Owner(OwnerKind.PERSON, "supervisor")
    assert without(WORKER, SUPERVISOR).takes_over_from("worker", OFFICE) == Owner(OwnerKind.PERSON, "manager")
    nobody = without(*EVERYBODY).takes_over_from("worker", OFFICE)
    assert nobody == Owner(OwnerKind.QUEUE, f"SUPERVISOR:{OFFICE}")
