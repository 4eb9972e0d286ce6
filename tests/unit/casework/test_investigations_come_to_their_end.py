"""An investigation as the model has it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from policy.errors import Refused
from services.casework.model.investigations import (
    Contact,
    ContactResult,
    Finding,
    Investigation,
    State,
    accepted,
    asks_for_more,
    assessed,
    assigned,
    closed,
    contact_refused,
    contacted,
    finding_refused,
    first_contact,
    found,
    owed,
    promised,
    raised,
    reopened,
)

NOON = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
NOW = NOON + timedelta(hours=6)
OPEN = Investigation("i", "r", "7ZK4", "lake-east", NOON, NOON, "T1", ("c1", "c2"))
ASSIGNED = assigned(OPEN, "worker", NOW)
ALTERNATIVE = replace(ASSIGNED, alternative=True)


def contact(child: str, result: ContactResult, minutes: int) -> Contact:
    return Contact(child, result, NOON + timedelta(minutes=minutes))


def after(*contacts: Contact) -> Investigation:
    investigation = ASSIGNED
    for made in contacts:
        investigation = contacted(investigation, made, NOW)
    return investigation


@pytest.mark.parametrize(
    ("tier", "clocks", "kinds"),
    [
        ("T0", (), ("ON_SCENE", "FIRST_CONTACT", "FINDING")),
        ("T3", (), ("FIRST_CONTACT", "FINDING")),
        ("T1", ("REPORTER_CONFIRMATION",), ("FIRST_CONTACT", "FINDING", "REPORTER_CONFIRMATION")),
    ],
)
def test_what_is_promised_depends_on_the_tier_and_on_who_reported(
    tier: str, clocks: tuple[str, ...], kinds: tuple[str, ...]
) -> None:
    assert promised(tier, clocks) == kinds


def test_first_contact_is_complete_when_the_last_child_was_first_covered() -> None:
    seen, sought = ContactResult.SEEN_IN_PERSON, ContactResult.GOOD_FAITH_ATTEMPT
    half = after(contact("c1", seen, 10), contact("c1", seen, 50))
    whole = contacted(half, contact("c2", sought, 30), NOW)

    assert first_contact(half) is None
    complete = first_contact(whole)
    assert complete is not None
    assert complete.occurred_at == NOON + timedelta(minutes=30)
    assert not complete.everyone_seen
    assert whole.state is State.CONTACTED


def test_a_child_first_sought_and_then_seen_counts_as_seen() -> None:
    seen, sought = ContactResult.SEEN_IN_PERSON, ContactResult.GOOD_FAITH_ATTEMPT

    complete = first_contact(after(contact("c1", sought, 5), contact("c2", seen, 9), contact("c1", seen, 40)))

    assert complete is not None
    assert complete.everyone_seen
    assert complete.occurred_at == NOON + timedelta(minutes=9)


def test_arriving_is_not_yet_seeing() -> None:
    there = ContactResult.ON_SCENE

    assert first_contact(after(contact("c1", there, 5), contact("c2", there, 5))) is None


@pytest.mark.parametrize("at", [NOON - timedelta(seconds=1), NOW + timedelta(seconds=1)])
def test_nothing_happens_before_receipt_or_in_the_future(at: datetime) -> None:
    with pytest.raises(Refused, match="IMPOSSIBLE_TIME"):
        contacted(ASSIGNED, Contact("c1", ContactResult.SEEN_IN_PERSON, at), NOW)


def test_only_the_worker_accepts() -> None:
    assert accepted(ASSIGNED, "worker", NOW).state is State.ACCEPTED
    with pytest.raises(Refused, match="WRONG_STATE"):
        accepted(ASSIGNED, "somebody-else", NOW)


def test_no_finding_before_every_child_is_covered() -> None:
    half = after(contact("c1", ContactResult.SEEN_IN_PERSON, 5))

    with pytest.raises(Refused, match="WRONG_STATE"):
        found(half, Finding.SUBSTANTIATED, NOW, NOW)


def test_reassignment_forgets_no_child_that_was_seen() -> None:
    seen = ContactResult.SEEN_IN_PERSON
    both = after(contact("c1", seen, 5), contact("c2", seen, 6))

    moved = assigned(both, "second", NOW)

    assert moved.state is State.CONTACTED
    assert moved.contacted == ("c1", "c2")


def test_each_step_is_one_version() -> None:
    seen = ContactResult.SEEN_IN_PERSON
    both = after(contact("c1", seen, 5), contact("c2", seen, 6))

    assert [i.version for i in (OPEN, ASSIGNED, both, found(both, Finding.SUBSTANTIATED, NOW, NOW))] == [1, 2, 4, 5]


def test_a_closed_investigation_stays_closed() -> None:
    over = closed(OPEN, "decided SCREEN_OUT")

    with pytest.raises(Refused, match="WRONG_STATE"):
        assigned(over, "worker", NOW)
    with pytest.raises(Refused, match="WRONG_STATE"):
        closed(over, "again")
    with pytest.raises(Refused, match="WRONG_STATE"):
        contacted(replace(over, worker_id="worker"), contact("c1", ContactResult.SEEN_IN_PERSON, 5), NOW)


def test_a_later_decision_makes_it_more_urgent_and_never_less() -> None:
    """R038."""
    urgent = raised(OPEN, "T0", OPEN.alleged_victims)

    assert (urgent.tier, urgent.version) == ("T0", 2)
    assert raised(urgent, "T3", OPEN.alleged_victims) is urgent


def test_a_child_that_comes_to_light_later_is_to_be_seen_too() -> None:
    seen = ContactResult.SEEN_IN_PERSON
    both = accepted(after(contact("c1", seen, 5), contact("c2", seen, 6)), "worker", NOW)

    wider = raised(both, "T1", ("c1", "c3"))

    assert wider.alleged_victims == ("c1", "c2", "c3")
    assert (both.state, wider.state) == (State.CONTACTED, State.ACCEPTED)
    assert owed(wider, (), {"FIRST_CONTACT": NOON}) == ("FIRST_CONTACT", "FINDING")
    assert raised(assigned(both, "another", NOW), "T1", ("c3",)).state is State.ASSIGNED


def test_what_was_kept_before_it_was_closed_without_a_finding_stays_kept() -> None:
    seen = ContactResult.SEEN_IN_PERSON
    kept = {"FIRST_CONTACT": NOON, "REPORTER_CONFIRMATION": NOON}
    over = closed(after(contact("c1", seen, 5), contact("c2", seen, 6)), "decided SCREEN_OUT")

    again = reopened(over, "T0", over.alleged_victims, NOW)

    assert (again.state, again.worker_id, again.received_at) == (State.OPEN, None, OPEN.received_at)
    assert owed(again, ("REPORTER_CONFIRMATION",), kept) == ("ON_SCENE", "FINDING")


def test_after_a_finding_everything_is_done_again_for_the_children() -> None:
    seen = ContactResult.SEEN_IN_PERSON
    kept = dict.fromkeys(("ON_SCENE", "FIRST_CONTACT", "FINDING", "REPORTER_CONFIRMATION"), NOON)
    over = found(after(contact("c1", seen, 5), contact("c2", seen, 6)), Finding.UNSUBSTANTIATED, NOW, NOW)

    again = reopened(over, "T0", over.alleged_victims, NOW)

    assert again.contacted == ()
    assert again.finding is Finding.UNSUBSTANTIATED
    assert owed(again, ("REPORTER_CONFIRMATION",), kept) == ("ON_SCENE", "FIRST_CONTACT", "FINDING")


@pytest.mark.parametrize(
    ("tier", "children", "more"),
    [("T1", ("c1", "c2"), False), ("T2", ("c1",), False), ("T0", ("c1", "c2"), True), ("T1", ("c1", "c3"), True)],
)
def test_a_finding_answers_what_the_investigation_was_about_and_nothing_more(
    tier: str, children: tuple[str, ...], more: bool
) -> None:
    seen = ContactResult.SEEN_IN_PERSON
    over = found(after(contact("c1", seen, 5), contact("c2", seen, 6)), Finding.UNSUBSTANTIATED, NOW, NOW)

    assert asks_for_more(over, tier, children) is more


def test_an_investigation_closed_without_a_finding_answers_nothing() -> None:
    assert asks_for_more(closed(OPEN, "decided SCREEN_OUT"), "T4", ("c1",))


def test_an_open_investigation_is_not_opened_again() -> None:
    with pytest.raises(Refused, match="WRONG_STATE"):
        reopened(OPEN, "T0", OPEN.alleged_victims, NOW)


@pytest.mark.parametrize(("was_accepted", "state"), [(True, State.ACCEPTED), (False, State.ASSIGNED)])
def test_a_contact_nobody_vouches_for_leaves_it_as_before_first_contact(was_accepted: bool, state: State) -> None:
    done = after(contact("c1", ContactResult.SEEN_IN_PERSON, 5), contact("c2", ContactResult.SEEN_IN_PERSON, 9))
    without = replace(done, contacts=done.contacts[:1])

    refused = contact_refused(without, accepted=was_accepted)

    assert (refused.state, refused.version) == (state, done.version + 1)
    assert contact_refused(done, accepted=was_accepted).state is State.CONTACTED


def test_after_a_finding_nobody_vouches_for_it_is_open_as_before() -> None:
    done = after(contact("c1", ContactResult.SEEN_IN_PERSON, 5), contact("c2", ContactResult.SEEN_IN_PERSON, 9))

    refused = finding_refused(found(done, Finding.SUBSTANTIATED, NOW, NOW))

    assert replace(refused, version=done.version) == done
    with pytest.raises(Refused, match="not closed by a finding"):
        finding_refused(done)


def seen(investigation: Investigation) -> Investigation:
    for child in investigation.alleged_victims:
        investigation = contacted(investigation, contact(child, ContactResult.SEEN_IN_PERSON, 10), NOW)
    return investigation


def test_an_alternative_response_owes_all_but_a_finding() -> None:
    """R033."""
    clocks = ("REPORTER_CONFIRMATION",)
    assert owed(ALTERNATIVE, clocks, {}) == ("FIRST_CONTACT", "REPORTER_CONFIRMATION")
    assert owed(replace(ALTERNATIVE, tier="T0"), (), {}) == ("ON_SCENE", "FIRST_CONTACT")


def test_an_alternative_response_ends_when_every_child_was_seen_and_with_no_finding() -> None:
    with pytest.raises(Refused, match="2 are not"):
        assessed(ALTERNATIVE)
    with pytest.raises(Refused, match="makes no finding"):
        found(seen(ALTERNATIVE), Finding.UNSUBSTANTIATED, NOON, NOW)
    over = assessed(seen(ALTERNATIVE))
    assert (over.state, over.finding, over.closed_because) == (State.CLOSED, None, "ASSESSED")
    with pytest.raises(Refused, match="closed"):
        assessed(over)


def test_an_investigation_ends_with_its_finding_only() -> None:
    with pytest.raises(Refused, match="its finding closes it"):
        assessed(seen(ASSIGNED))


def test_a_later_decision_makes_it_the_other_kind_of_response() -> None:
    investigated = raised(ALTERNATIVE, "T1", OPEN.alleged_victims)
    assert (investigated.alternative, investigated.version) == (False, ALTERNATIVE.version + 1)
    assert "FINDING" in owed(investigated, (), {})
    assert raised(investigated, "T1", OPEN.alleged_victims, alternative=True).alternative
    assert raised(ALTERNATIVE, "T1", OPEN.alleged_victims, alternative=True) is ALTERNATIVE


def test_an_assessment_answers_what_asks_for_no_finding_and_no_more() -> None:
    over = assessed(seen(ALTERNATIVE))
    assert not asks_for_more(over, "T1", OPEN.alleged_victims, alternative=True)
    assert asks_for_more(over, "T0", OPEN.alleged_victims, alternative=True)
    assert asks_for_more(over, "T1", OPEN.alleged_victims)
    again = reopened(over, "T1", OPEN.alleged_victims, NOW)
    assert (again.alternative, again.contacts, again.counts_from) == (False, (), NOW)
