"""What is told of many things in the room of one value of a message."""

import pytest

from policy.brevity import ROOM, shortly


@pytest.mark.parametrize("count", [1, 3, 5, 40, 10_000])
def test_a_list_is_shortened_to_what_a_message_holds_and_says_how_much_is_missing(count: int) -> None:
    written = shortly([f"SUPERVISOR of INVESTIGATOR:office-{n}" for n in range(count)])

    named = written.count("SUPERVISOR")
    assert len(written) <= ROOM
    assert named == count or written.endswith(f", and {count - named} more")


def test_of_what_does_not_fit_at_all_it_says_how_many_there_are() -> None:
    assert shortly(["x" * 200, "y" * 200]) == "2 of them"
