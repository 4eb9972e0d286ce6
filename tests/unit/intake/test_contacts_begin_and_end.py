"""A contact from its first ring to its outcome."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from policy.errors import Refused
from services.intake.model.contacts import (
    Channel,
    Contact,
    ContactState,
    DangerNow,
    Outcome,
    closed,
    opened,
)

NOW = datetime(2026, 11, 22, 17, 30, tzinfo=UTC)
NOTHING: frozenset[Outcome] = frozenset()


def a_contact(received_at: datetime = NOW) -> Contact:
    return opened(
        contact_id=UUID(int=1),
        channel=Channel.VOICE,
        office="cook-north",
        received_at=received_at,
        danger_now=DangerNow.NOT_ASKED,
        language="",
        at=NOW,
    )


def test_a_contact_keeps_the_time_of_its_first_ring() -> None:
    """R021."""
    assert a_contact(NOW - timedelta(days=3)).received_at == NOW - timedelta(days=3)


def test_a_channel_whose_clock_runs_a_little_ahead_loses_no_contact() -> None:
    assert a_contact(NOW + timedelta(minutes=2)).received_at == NOW


def test_a_contact_of_the_future_is_refused_by_field() -> None:
    with pytest.raises(Refused) as refused:
        a_contact(NOW + timedelta(minutes=2, microseconds=1))
    assert (refused.value.reason, refused.value.field) == ("IMPOSSIBLE_TIME", "received_at")


def test_a_contact_ends_with_an_outcome_a_reason_and_a_time() -> None:
    """R022."""
    ended = closed(a_contact(), Outcome.INFORMATION, "office hours", made=NOTHING, at=NOW)
    assert ended == replace(
        a_contact(),
        state=ContactState.CLOSED,
        outcome=Outcome.INFORMATION,
        reason="office hours",
        closed_at=NOW,
        version=2,
    )


def test_a_closed_contact_stays_as_it_was_closed() -> None:
    ended = closed(a_contact(), Outcome.WRONG_NUMBER, "", made=NOTHING, at=NOW)
    with pytest.raises(Refused, match="WRONG_STATE") as refused:
        closed(ended, Outcome.OTHER, "", made=NOTHING, at=NOW)
    assert refused.value.field is None


MADE = {Outcome.REPORT, Outcome.CALLBACK, Outcome.VOICEMAIL, Outcome.COMPLAINT}


@pytest.mark.parametrize("outcome", sorted(MADE))
def test_no_contact_ends_as_something_that_was_never_made(outcome: Outcome) -> None:
    with pytest.raises(Refused, match=f"WRONG_STATE: the contact has no {outcome} yet"):
        closed(a_contact(), outcome, "", made=NOTHING, at=NOW)
    assert closed(a_contact(), outcome, "", made=frozenset({outcome}), at=NOW).outcome is outcome


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - MADE))
def test_every_other_outcome_stands_by_itself(outcome: Outcome) -> None:
    assert closed(a_contact(), outcome, "", made=NOTHING, at=NOW).outcome is outcome
