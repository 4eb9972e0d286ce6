"""Who is owed a call, and how fast (R080, R081)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from policy.errors import Refused
from services.intake.model.callbacks import CallerClass, SafeTime, after_hanging_up, is_owed_after, requested
from services.intake.model.contacts import Channel, Contact, ContactState, DangerNow, Outcome

RANG = datetime(2026, 11, 22, 17, 30, tzinfo=UTC)
CALLED = Contact(
    id=UUID(int=1), channel=Channel.VOICE, office="cook-north", received_at=RANG, danger_now=DangerNow.NOT_ASKED
)
HUNG_UP = replace(
    CALLED, state=ContactState.CLOSED, outcome=Outcome.ABANDONED, closed_at=RANG + timedelta(minutes=4), version=2
)


@pytest.mark.parametrize("caller", sorted(set(CallerClass) - {CallerClass.SUPERIOR}))
@pytest.mark.parametrize("urgent", [True, False])
def test_a_call_is_as_urgent_as_it_was_said_to_be(caller: CallerClass, urgent: bool) -> None:
    callback = requested(
        CALLED, callback_id=UUID(int=2), reference="0000-0000", urgent=urgent, caller_class=caller, staff_id=None
    )
    assert callback.urgent is urgent


def test_a_superiors_call_is_urgent_by_itself() -> None:
    """R080."""
    callback = requested(
        CALLED,
        callback_id=UUID(int=2),
        reference="0000-0000",
        urgent=False,
        caller_class=CallerClass.SUPERIOR,
        staff_id=UUID(int=3),
    )
    assert callback.urgent


def test_a_caller_waits_since_the_first_ring() -> None:
    assert after_hanging_up(HUNG_UP, callback_id=UUID(int=2), reference="0000-0000").received_at == RANG


def test_whoever_gave_up_waiting_is_called_back_if_the_number_is_known() -> None:
    """R024."""
    assert is_owed_after(HUNG_UP, address_known=True, made=frozenset())
    assert not is_owed_after(HUNG_UP, address_known=False, made=frozenset())


def test_nobody_is_owed_two_calls_for_one_contact() -> None:
    assert not is_owed_after(HUNG_UP, address_known=True, made=frozenset({Outcome.CALLBACK}))
    assert is_owed_after(HUNG_UP, address_known=True, made=frozenset({Outcome.REPORT}))


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - {Outcome.ABANDONED}))
def test_nobody_who_was_helped_is_called_back_unasked(outcome: Outcome) -> None:
    assert not is_owed_after(replace(HUNG_UP, outcome=outcome), address_known=True, made=frozenset())


@pytest.mark.parametrize(
    ("danger", "urgent"), [(DangerNow.YES, True), (DangerNow.NO, False), (DangerNow.NOT_ASKED, False)]
)
def test_a_caller_who_hung_up_is_called_back_urgently_if_a_child_is_in_danger(danger: DangerNow, urgent: bool) -> None:
    callback = after_hanging_up(replace(HUNG_UP, danger_now=danger), callback_id=UUID(int=2), reference="0000-0000")
    assert (callback.urgent, callback.caller_class, callback.staff_id) == (urgent, CallerClass.CITIZEN, None)


@pytest.mark.parametrize(
    "safe",
    [
        SafeTime(RANG + timedelta(hours=2), RANG + timedelta(hours=2)),
        SafeTime(RANG + timedelta(hours=2), RANG + timedelta(hours=1)),
        SafeTime(None, RANG),
    ],
)
def test_a_safe_time_ends_after_it_begins(safe: SafeTime) -> None:
    with pytest.raises(Refused) as refused:
        requested(
            CALLED,
            callback_id=UUID(int=2),
            reference="0000-0000",
            urgent=False,
            caller_class=CallerClass.CLIENT,
            staff_id=None,
            safe=safe,
        )

    assert (refused.value.reason, refused.value.field) == ("IMPOSSIBLE_TIME", "safe_until")


@pytest.mark.parametrize("safe", [SafeTime(), SafeTime(RANG), SafeTime(None, RANG + timedelta(hours=1))])
def test_either_side_of_a_safe_time_may_be_open(safe: SafeTime) -> None:
    callback = requested(
        CALLED,
        callback_id=UUID(int=2),
        reference="0000-0000",
        urgent=False,
        caller_class=CallerClass.CLIENT,
        staff_id=None,
        safe=safe,
    )

    assert callback.safe == safe
