"""A report as it is taken."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from policy.errors import Refused
from services.intake.model.contacts import Channel, Contact, ContactState, DangerNow, Outcome
from services.intake.model.reports import (
    ChildFacts,
    Participant,
    ParticipantRole,
    Report,
    Reporter,
    ScreeningFacts,
    Statement,
    submitted,
)

RANG = datetime(2026, 11, 22, 17, 30, tzinfo=UTC)
WRITTEN = RANG + timedelta(minutes=20)
CONTACT = Contact(id=UUID(int=1), channel=Channel.TTY, office="cook-north", received_at=RANG, danger_now=DangerNow.NO)
STATEMENT = Statement(
    facts=ScreeningFacts({"child_under_18": "YES"}, (ChildFacts("c1", ("PA2",), {"age_months": 108}),)),
    participants=(
        Participant("c1", ParticipantRole.ALLEGED_VICTIM, "Wren Example", "1 Invented Lane"),
        Participant("a1", ParticipantRole.CAREGIVER, "", ""),
    ),
    narrative="Said that it happened again.",
    reporter=Reporter("Robin Example", "555 0100"),
    interpreter_used=True,
)


def a_report(contact: Contact = CONTACT, statement: Statement = STATEMENT) -> Report:
    return submitted(contact, statement, report_id=UUID(int=2), reference="0000-0000", at=WRITTEN)


def test_the_clocks_of_a_report_run_from_its_contact_not_from_when_it_was_written() -> None:
    report = a_report()
    assert (report.received_at, report.recorded_at) == (RANG, WRITTEN)
    assert (report.office, report.channel) == ("cook-north", Channel.TTY)


def test_a_caller_who_hangs_up_early_costs_no_report() -> None:
    ended = replace(CONTACT, state=ContactState.CLOSED, outcome=Outcome.ABANDONED, closed_at=RANG)
    assert a_report(ended).narrative == STATEMENT.narrative


@pytest.mark.parametrize(
    ("reporter", "anonymous"),
    [(Reporter("", ""), True), (Reporter("Robin Example", ""), False), (Reporter("", "555 0100"), False)],
)
def test_a_reporter_is_anonymous_until_something_tells_who_it_is(reporter: Reporter, anonymous: bool) -> None:
    """R012, R014."""
    assert a_report(statement=replace(STATEMENT, reporter=reporter)).anonymous is anonymous


def test_an_alleged_victim_has_screening_facts() -> None:
    stranger = Participant("c2", ParticipantRole.ALLEGED_VICTIM, "", "")
    muddled = replace(STATEMENT, participants=(*STATEMENT.participants, stranger))
    with pytest.raises(Refused) as refused:
        a_report(statement=muddled)
    assert (refused.value.reason, refused.value.field) == ("INVALID_REQUEST", "participants[2].id")


@pytest.mark.parametrize(
    "others",
    [
        (),
        (Participant("p1", ParticipantRole.ALLEGED_PERPETRATOR, "", ""),),
        (
            Participant("p1", ParticipantRole.ALLEGED_PERPETRATOR, "", ""),
            Participant("p2", ParticipantRole.ALLEGED_PERPETRATOR, "Thorn Example", ""),
        ),
    ],
    ids=["nobody is suspected", "somebody nobody knows", "somebody nobody knows and another"],
)
def test_an_allegation_needs_no_known_perpetrator(others: tuple[Participant, ...]) -> None:
    """ca-cwds/Sandbox #9, #16: an allegation was impossible until both roles existed."""
    victim = STATEMENT.participants[0]
    assert a_report(statement=replace(STATEMENT, participants=(victim, *others))).participants == (victim, *others)


@pytest.mark.parametrize(
    ("muddled", "path"),
    [
        (replace(STATEMENT, facts=replace(STATEMENT.facts, children=STATEMENT.facts.children * 2)), "facts.children"),
        (replace(STATEMENT, participants=STATEMENT.participants * 2), "participants"),
    ],
)
def test_one_id_names_one_person(muddled: Statement, path: str) -> None:
    with pytest.raises(Refused, match="stands twice") as refused:
        a_report(statement=muddled)
    assert refused.value.field == path


def test_nothing_that_tells_who_somebody_is_shows_when_a_report_is_printed() -> None:
    shown = repr(STATEMENT) + repr(a_report())
    for secret in ("Wren", "Invented Lane", "Robin", "555", "happened again"):
        assert secret not in shown
