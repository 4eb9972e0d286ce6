"""Who is given an investigation."""

from hypothesis import given
from hypothesis import strategies as st

from services.casework.model.workforce import Candidate, choose

candidates = st.lists(
    st.builds(Candidate, st.text("abc", min_size=1, max_size=3), st.integers(0, 5)), unique_by=lambda c: c.staff_id
)


def test_the_one_with_the_least_open_investigations_is_chosen_and_it_says_why() -> None:
    choice = choose([Candidate("a", 3), Candidate("b", 1), Candidate("c", 2)])

    assert choice is not None
    assert (choice.staff_id, choice.why) == ("b", "least open investigations (1) of 3 present")


def test_nobody_there_nobody_chosen() -> None:
    assert choose([]) is None


@given(candidates)
def test_nobody_with_less_to_do_is_passed_over_and_order_does_not_matter(present: list[Candidate]) -> None:
    choice = choose(present)

    if choice is None:
        assert present == []
        return
    loads = {candidate.staff_id: candidate.load for candidate in present}
    assert loads[choice.staff_id] == min(loads.values())
    assert choose(reversed(present)) == choice
