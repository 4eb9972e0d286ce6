"""Which rungs reach nobody, who hears of it, and whether callers were answered."""

from dataclasses import replace
from datetime import timedelta

import pytest

from policy.ladders import Who
from policy.workforce import Answering
from services.casework.model.answering import Answered, too_few
from services.casework.model.sweeps import gaps, told_of_office
from services.casework.model.workforce import Person, Workforce

OFFICE = "lake-east"
TARGET = Answering(percent=90, over=timedelta(hours=1), of_at_least=5)


def person(staff_id: str, role: str, under: str | None = None) -> Person:
    return Person(staff_id, frozenset({role}), OFFICE, under)


WORKER = person("worker", "INVESTIGATOR", "supervisor")
SUPERVISOR = person("supervisor", "SUPERVISOR", "manager")
MANAGER = person("manager", "MANAGER", "director")
DIRECTOR = person("director", "DIRECTOR")
LADDERS = {"FIRST_CONTACT": (Who.OWNER, Who.SUPERVISOR, Who.MANAGER, Who.DIRECTOR)}


def found(*people: Person) -> list[str]:
    return [gap.about for gap in gaps(Workforce(people), OFFICE, LADDERS)]


def test_with_everybody_there_and_reachable_nothing_is_missing() -> None:
    assert found(WORKER, SUPERVISOR, MANAGER, DIRECTOR) == []


def test_every_ladder_is_tried_of_the_queue_and_of_each_person() -> None:
    away = replace(MANAGER, absent="on leave")

    assert found(WORKER, SUPERVISOR, away, DIRECTOR) == [f"MANAGER of INVESTIGATOR:{OFFICE}", "MANAGER of worker"]


def test_somebody_without_a_proven_contact_method_reaches_nobody() -> None:
    """OnCall #1326, #1511: a responder with no contact method."""
    mute = replace(DIRECTOR, reachable=False)

    assert found(WORKER, SUPERVISOR, MANAGER, mute) == [f"DIRECTOR of INVESTIGATOR:{OFFICE}", "DIRECTOR of worker"]


def test_an_office_without_leaders_has_a_director_told_and_without_any_the_last_resort() -> None:
    assert told_of_office(Workforce([WORKER, SUPERVISOR, MANAGER, DIRECTOR]), OFFICE) == ("supervisor", "manager")
    assert told_of_office(Workforce([WORKER, DIRECTOR]), OFFICE) == ("director",)
    assert told_of_office(Workforce([WORKER]), OFFICE) == ("",)


def test_leaders_whom_nobody_can_reach_have_a_director_told_too_and_where_nobody_can_be_the_last_resort() -> None:
    mute, above = replace(SUPERVISOR, reachable=False), replace(MANAGER, reachable=False)
    beyond = replace(DIRECTOR, reachable=False)
    assert told_of_office(Workforce([mute, MANAGER, DIRECTOR]), OFFICE) == ("supervisor", "manager")
    assert told_of_office(Workforce([mute, above, DIRECTOR]), OFFICE) == ("supervisor", "manager", "director")
    assert told_of_office(Workforce([mute, above, beyond]), OFFICE) == ("supervisor", "manager", "director", "")
    assert told_of_office(Workforce([mute]), OFFICE) == ("supervisor", "")


@pytest.mark.parametrize(
    ("calls", "answered", "expected"),
    [(0, 0, False), (4, 0, False), (10, 9, False), (10, 8, True)],
)
def test_a_few_calls_alone_raise_no_alarm_and_the_target_itself_is_enough(
    calls: int, answered: int, expected: bool
) -> None:
    """R026."""
    assert too_few(Answered(calls, answered, calls - answered, 0, 0), TARGET) is expected
