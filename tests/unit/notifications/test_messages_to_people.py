"""One message from its order to its end, on a clock that the test moves."""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from policy.ladders import Channel
from services.notifications import model
from services.notifications.model import Answer, Attempt, Code, Notification, Order, State

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LEASE = timedelta(seconds=60)
ORDER = Order(
    key="promise/1/owner/worker",
    staff_id=UUID(int=7),
    template="RUNG",
    values={},
    reference="R-1",
    promise_id=UUID(int=9),
    not_after=NOON + timedelta(hours=1),
)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@pytest.fixture
def queued() -> Notification:
    return model.queued(ORDER, new_id=UUID(int=1), mail_domain="hotline.invalid", traceparent=None, now=NOON)


def handed_over(
    message: Notification, at: datetime = NOON, reachable: Collection[Channel] = frozenset(Channel)
) -> Notification:
    return model.handed_over(message, reachable, lease=LEASE, now=at)


def test_a_new_message_waits_for_a_sender_at_once(queued: Notification) -> None:
    assert (queued.state, queued.try_at, queued.version) == (State.QUEUED, NOON, 1)


def test_the_message_id_follows_from_the_messages_own_id(queued: Notification) -> None:
    assert queued.message_id == "<00000000-0000-0000-0000-000000000001@hotline.invalid>"


def test_an_accepted_mail_is_sent_and_that_is_a_new_version(queued: Notification) -> None:
    sent = model.answered(handed_over(queued), Attempt(Answer.ACCEPTED), after(1))
    assert (sent.state, sent.sent_at, sent.version) == (State.SENT, after(1), 2)
    assert not sent.repeated


def test_a_sender_that_says_nothing_loses_the_message_after_its_lease(queued: Notification) -> None:
    assert handed_over(queued).try_at == NOON + LEASE


def test_a_message_taken_over_from_a_dead_sender_says_that_it_is_repeated(queued: Notification) -> None:
    again = handed_over(handed_over(queued), NOON + LEASE)
    assert (again.repeated, again.attempts, again.message_id) == (True, 2, queued.message_id)


def test_a_mail_whose_answer_was_lost_is_repeated(queued: Notification) -> None:
    lost = model.answered(handed_over(queued), Attempt(Answer.UNKNOWN, "lost"), after(1))
    assert lost.state is State.SENDING
    assert handed_over(lost, lost.try_at).repeated


def test_a_mail_that_was_never_handed_over_is_not_called_repeated(queued: Notification) -> None:
    waiting = model.answered(handed_over(queued), Attempt(Answer.NOT_NOW, "no connection"), after(1))
    assert waiting.state is State.QUEUED
    assert not handed_over(waiting, waiting.try_at).repeated


def test_once_repeated_always_repeated(queued: Notification) -> None:
    lost = model.answered(handed_over(queued), Attempt(Answer.UNKNOWN), after(1))
    refused = model.answered(handed_over(lost, lost.try_at), Attempt(Answer.NOT_NOW), after(3))
    assert handed_over(refused, refused.try_at).repeated


def test_waits_grow_and_stop_growing_at_thirty_seconds() -> None:
    waits = [model.wait_after(attempts).total_seconds() for attempts in (1, 2, 3, 4, 5, 6, 7, 1_000_000)]
    assert waits == [1, 2, 4, 8, 16, 30, 30, 30]


def test_a_refusal_for_good_fails_and_says_why(queued: Notification) -> None:
    failed = model.answered(handed_over(queued), Attempt(Answer.NEVER, "the mail server refused: 550"), after(1))
    assert (failed.state, failed.code, failed.version) == (State.FAILED, Code.REFUSED, 2)
    assert failed.problem == "the mail server refused: 550"


@pytest.mark.parametrize("answer", [Answer.NOT_NOW, Answer.UNKNOWN])
def test_nothing_is_given_up_before_five_days_and_then_it_is(queued: Notification, answer: Answer) -> None:
    last_second = NOON + model.PATIENCE - timedelta(seconds=1)
    assert model.answered(handed_over(queued), Attempt(answer), last_second).code is None
    assert model.answered(handed_over(queued), Attempt(answer), NOON + model.PATIENCE).code is Code.GAVE_UP


def test_a_message_is_too_old_from_the_instant_it_names(queued: Notification) -> None:
    assert not model.is_too_old(queued, after(3599))
    assert model.is_too_old(queued, after(3600))


def test_a_message_without_such_an_instant_never_gets_too_old(queued: Notification) -> None:
    forever = replace(queued, order=replace(ORDER, not_after=None))
    assert not model.is_too_old(forever, NOON + timedelta(days=365))


@pytest.mark.parametrize("changed", [{"staff_id": UUID(int=8)}, {"staff_id": None}, {"promise_id": UUID(int=8)}])
def test_a_key_stands_for_one_person_and_one_promise(queued: Notification, changed: dict[str, UUID | None]) -> None:
    assert model.tells_another(queued, replace(ORDER, **changed))


def test_the_same_order_may_come_again_in_other_words(queued: Notification) -> None:
    assert not model.tells_another(queued, replace(ORDER, template="OVERDUE", values={"kind": "FINDING"}))
