"""Reference numbers survive a bad line (R028)."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.errors import Refused
from services.intake.model.references import reference_from, reference_typed

SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
references = st.uuids().map(reference_from)


def test_a_reference_is_two_groups_of_four_with_the_check_symbol_last() -> None:
    # 32 in base 32 is 10, and 32 modulo 37 is 32, which would be the check symbol `*`: five numbers are passed over.
    assert reference_from(UUID(int=0)) == "0000-0000"
    assert reference_from(UUID(int=31)) == "0000-00ZZ"
    assert reference_from(UUID(int=32)) == "0000-0150"


def test_what_came_over_a_bad_line_is_understood() -> None:
    assert reference_typed("k7m2 9qxa") == "K7M2-9QXA"
    assert reference_typed("oooo-olsm") == "0000-01SM"


@given(references)
def test_every_symbol_can_be_read_out(reference: str) -> None:
    assert len(reference) == 9
    assert set(reference.replace("-", "")) <= set(SYMBOLS)


@given(references)
def test_what_was_given_is_understood(reference: str) -> None:
    assert reference_typed(reference) == reference


@given(references, st.data())
def test_what_people_type_is_understood(reference: str, data: st.DataObject) -> None:
    heard = {"0": "0oO", "1": "1iIlL"}
    symbols = reference.replace("-", "")
    typed = "".join(
        data.draw(st.sampled_from([*heard.get(symbol, symbol + symbol.lower())]))
        + data.draw(st.sampled_from(["", "-", " "]))
        for symbol in symbols
    )
    assert reference_typed(typed) == reference


@given(references, st.integers(0, 7), st.sampled_from(SYMBOLS))
def test_one_wrong_symbol_is_found(reference: str, place: int, wrong: str) -> None:
    symbols = reference.replace("-", "")
    spoiled = symbols[:place] + wrong + symbols[place + 1 :]
    if spoiled == symbols:
        assert reference_typed(spoiled) == reference
    else:
        with pytest.raises(Refused, match="wrong symbol"):
            reference_typed(spoiled)


@given(references, st.integers(0, 6))
def test_two_swapped_neighbours_are_found(reference: str, place: int) -> None:
    symbols = reference.replace("-", "")
    swapped = symbols[:place] + symbols[place + 1] + symbols[place] + symbols[place + 2 :]
    if swapped == symbols:
        assert reference_typed(swapped) == reference
    else:
        with pytest.raises(Refused, match="swapped"):
            reference_typed(swapped)


@pytest.mark.parametrize("typed", ["", "K7M29Q", "K7M2-9QXA-1", "K7M2-9U00", "ÄÖÜ?-1234", "K7M2_9QXP"])
def test_what_cannot_be_a_reference_is_refused_by_field(typed: str) -> None:
    with pytest.raises(Refused, match="no reference number") as refused:
        reference_typed(typed)
    assert refused.value.field == "reference"
    assert typed == "" or typed not in str(refused.value)
