"""The certificates and addenda of an office are one chain: what is missing, replaced or moved in it shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from certificate_desk import KEY, kept, signed
from promise_desk import clock

from policy.canonical import canonical
from policy.certificate import Link, addendum, delivered, entered_after_closing, sign
from policy.promise import Attempt


def test_a_certificate_taken_out_of_a_chain_shows(check: Callable[..., Any]) -> None:
    first = signed(kept("0:12"))
    replaced = signed(kept("0:13"))
    second = signed(kept("0:14"), number=2, previous=replaced["sha256"])

    done = check(first, second)

    assert done.returncode == 1
    assert "is not what it was linked to" in done.stdout


def chain(length: int) -> list[dict[str, Any]]:
    documents: list[dict[str, Any]] = []
    for number in range(1, length + 1):
        documents.append(signed(kept(), number, documents[-1]["sha256"] if documents else None))
    return documents


def test_a_certificate_missing_between_two_shows(check: Callable[..., Any]) -> None:
    """R101: both neighbours hold by themselves."""
    first, _, third, _, _, sixth = chain(6)

    told, refused = check(first, third, sixth), check(first, third, sixth, options=["--whole"])

    assert (told.returncode, refused.returncode) == (0, 1)
    assert "note   office cook-north: numbers 2, 4-5 missing" in told.stdout
    assert "WRONG  office cook-north: numbers 2, 4-5 missing" in refused.stdout


def test_a_whole_chain_begins_with_its_first(check: Callable[..., Any]) -> None:
    first, second, third = chain(3)

    assert check(first, second, third, options=["--whole"]).returncode == 0
    cut = check(second, third, options=["--whole"])
    assert cut.returncode == 1
    assert "number 1 missing" in cut.stdout
    assert "missing" not in check(second, third).stdout


def test_a_number_given_twice_shows(check: Callable[..., Any]) -> None:
    done = check(signed(kept("0:12")), signed(kept("0:13")))

    assert "was given to two documents" in done.stdout


SAID = Attempt("lead-1", "REACHED", clock("0:11"), "found in the telephone log")


def added(to: dict[str, Any], link: Link | None = None, office: str = "cook-north", **changed: Any) -> dict[str, Any]:
    """An addendum that follows its certificate at once, unless said otherwise."""
    statement = entered_after_closing(SAID, clock("2:00")) | changed
    link = link or Link(to["body"]["chain"]["number"] + 1, to["sha256"])
    return sign(addendum(to["sha256"], statement, office=office, link=link), KEY)


def test_certificates_and_what_was_added_to_them_hold_as_one_chain(check: Callable[..., Any]) -> None:
    first = signed(kept("0:12"))
    entered = added(first)
    second = signed(kept("0:14"), number=3, previous=entered["sha256"])
    told = addendum(
        second["sha256"],
        delivered([(1, "owner", "owner-1")], clock("0:15")),
        office="cook-north",
        link=Link(4, second["sha256"]),
    )

    done = check(second, sign(told, KEY), entered, first)

    assert done.returncode == 0, done.stdout
    assert f"addendum ENTERED_AFTER_CLOSING to {first['sha256'][:16]}, number 2" in done.stdout


def test_an_addendum_taken_out_of_a_chain_shows(check: Callable[..., Any]) -> None:
    first = signed(kept("0:12"))
    second = signed(kept("0:14"), number=3, previous=added(first)["sha256"])
    replaced = added(first, outcome="NO_ANSWER")

    done = check(first, replaced, second)

    assert done.returncode == 1
    assert "is not what it was linked to" in done.stdout


def test_one_byte_changed_in_an_addendum_shows(check: Callable[..., Any]) -> None:
    first = signed(kept())
    whole = canonical(added(first))
    assert check(first, whole).returncode == 0

    done = check(first, whole.replace(b"telephone", b"telephane"))

    assert done.returncode == 1
    assert "the hash does not belong to the body" in done.stdout


def test_an_addendum_to_nothing_shows(check: Callable[..., Any]) -> None:
    done = check(signed(kept()), added(signed(kept("0:13")), Link(9, "0" * 64)))

    assert done.returncode == 1
    assert "not among those given" in done.stdout


@pytest.mark.parametrize(
    "elsewhere",
    [{"office": "cook-south", "link": Link(2, "0" * 64)}, {"link": Link(1, None)}],
    ids=["office", "before"],
)
def test_an_addendum_outside_its_certificates_chain_shows(check: Callable[..., Any], elsewhere: dict[str, Any]) -> None:
    certificate = signed(kept(), number=2, previous="0" * 64)

    done = check(certificate, added(certificate, **elsewhere))

    assert done.returncode == 1
    assert "it does not come after its certificate, in the same chain" in done.stdout


@pytest.mark.parametrize(
    "changed",
    [{"what": "KEPT"}, {"late_reason": ""}, {"occurred_at": "2026-03-03T00:00:00Z"}],
    ids=lambda c: next(iter(c)),
)
def test_an_addendum_that_says_what_none_may_say_is_wrong(check: Callable[..., Any], changed: dict[str, Any]) -> None:
    first = signed(kept())

    assert check(first, added(first, **changed)).returncode == 1
