"""A channel that cannot tell somebody gives way to the next at once; nobody waits for it while another works."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.ladders import Channel
from services.notifications import model
from services.notifications.model import Answer, Attempt, Code, Notification, Order, State

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LEASE = timedelta(seconds=60)
VOICE, SMS, EMAIL = Channel.VOICE, Channel.SMS, Channel.EMAIL
EVERYWHERE = frozenset(Channel)
IN_VAIN = [Answer.NOT_NOW, Answer.BUSY, Answer.NO_ANSWER]


def queued(*channels: Channel) -> Notification:
    order = Order("key", UUID(int=7), "RUNG", {}, reference="R-1", channels=channels or (VOICE, SMS, EMAIL))
    return model.queued(order, new_id=UUID(int=1), mail_domain="hotline.invalid", traceparent=None, now=NOON)


def handed_over(message: Notification, reachable: frozenset[Channel] = EVERYWHERE) -> Notification:
    return model.handed_over(message, reachable, lease=LEASE, now=message.try_at)


def attempted(
    message: Notification, answer: Answer, reachable: frozenset[Channel] = EVERYWHERE, problem: str = ""
) -> Notification:
    """Taken when its turn comes, and answered in the same instant."""
    taken = handed_over(message, reachable)
    assert taken.state is State.SENDING
    return model.answered(taken, Attempt(answer, problem), message.try_at)


@pytest.mark.parametrize("answer", [*IN_VAIN, Answer.NEVER])
def test_busy_goes_to_the_next_channel_at_once_and_costs_no_retry(answer: Answer) -> None:
    """What a busy line did to others: iris #546 spent its retries on it, and nobody was told."""
    after = attempted(queued(), answer)
    assert (after.state, after.channel, after.try_at, after.waits) == (State.QUEUED, SMS, NOON, 0)

    told = attempted(after, Answer.ACCEPTED)
    assert (told.state, told.channel, told.sent_at) == (State.SENT, SMS, NOON)


def test_only_a_whole_round_in_vain_costs_a_wait_and_waits_grow_by_rounds() -> None:
    message, begun = queued(), []
    for _ in range(4):
        begun.append((message.try_at - NOON).total_seconds())
        for channel in (VOICE, SMS, EMAIL):
            assert (message.channel, message.try_at - NOON) == (channel, timedelta(seconds=begun[-1]))
            message = attempted(message, Answer.BUSY)
    assert begun == [0, 1, 3, 7]


def test_who_has_no_telephone_is_told_by_mail_at_once() -> None:
    taken = handed_over(queued(), frozenset({EMAIL}))
    assert (taken.state, taken.channel, taken.waits) == (State.SENDING, EMAIL, 0)
    assert taken.tries == ()


def test_a_round_of_what_is_left_over_ends_where_nobody_can_be_reached_further_on() -> None:
    by_mail_first = attempted(queued(EMAIL, VOICE), Answer.NOT_NOW, frozenset({EMAIL}))
    waiting = handed_over(by_mail_first, frozenset({EMAIL}))
    assert (waiting.state, waiting.channel, waiting.try_at) == (State.QUEUED, EMAIL, NOON + timedelta(seconds=1))


def test_where_there_is_no_channel_at_all_it_waits_for_one() -> None:
    waiting = handed_over(queued(VOICE), frozenset())
    assert (waiting.state, waiting.attempts, waiting.try_at) == (State.QUEUED, 0, NOON + timedelta(seconds=1))


def test_a_channel_that_refused_for_good_is_not_tried_again() -> None:
    message = attempted(queued(), Answer.NEVER)
    for answer in (Answer.BUSY, Answer.NOT_NOW):
        message = attempted(message, answer)
    assert handed_over(message).channel is SMS


def test_a_message_that_every_channel_refuses_for_good_fails() -> None:
    message = attempted(attempted(queued(), Answer.NEVER), Answer.NEVER)
    failed = attempted(message, Answer.NEVER, problem="the mail server refused: 550")
    assert (failed.state, failed.code, failed.version) == (State.FAILED, Code.REFUSED, 2)
    assert failed.problem == "the mail server refused: 550"


def test_a_message_fails_when_every_channel_its_person_has_refuses_it() -> None:
    refused = attempted(queued(VOICE, EMAIL), Answer.NEVER, frozenset({EMAIL}), "the mail server refused: 550")
    failed = handed_over(refused, frozenset({EMAIL}))
    assert (failed.state, failed.code, failed.problem) == (State.FAILED, Code.REFUSED, "the mail server refused: 550")


def test_an_answer_that_was_lost_is_asked_for_again_on_its_channel_for_the_call_may_have_been_made() -> None:
    lost = attempted(queued(), Answer.UNKNOWN)
    again = handed_over(lost)
    assert (lost.state, again.channel, again.repeated) == (State.SENDING, VOICE, True)
    assert again.call_id == handed_over(queued()).call_id


def test_a_channel_that_goes_on_losing_its_answers_keeps_nobody_waiting() -> None:
    lost_twice = attempted(attempted(queued(), Answer.UNKNOWN), Answer.UNKNOWN)
    assert (lost_twice.state, lost_twice.channel) == (State.QUEUED, SMS)
    assert handed_over(lost_twice).repeated


def test_each_call_that_rang_in_vain_is_followed_by_a_new_one() -> None:
    message, calls = queued(VOICE), []
    for answer in (Answer.BUSY, Answer.NOT_NOW, Answer.UNKNOWN, Answer.NO_ANSWER, Answer.ACCEPTED):
        calls.append(handed_over(message).call_id.rpartition("/")[2])
        message = attempted(message, answer)
    assert calls == ["1", "2", "2", "2", "3"]


def test_what_came_of_each_channel_is_kept() -> None:
    message = queued()
    for answer in (Answer.BUSY, Answer.NOT_NOW, Answer.NOT_NOW, Answer.NO_ANSWER, Answer.ACCEPTED):
        message = attempted(message, answer)
    tries = {tries.channel: (tries.attempts, tries.answer) for tries in message.tries}
    assert tries == {
        EMAIL: (1, Answer.NOT_NOW),
        VOICE: (2, Answer.NO_ANSWER),
        SMS: (2, Answer.ACCEPTED),
    }
    assert message.attempts == 5


def test_nothing_is_given_up_before_five_days_whatever_the_channels() -> None:
    late = replace(queued(VOICE), try_at=NOON + model.PATIENCE - timedelta(seconds=1))
    assert attempted(late, Answer.BUSY).code is None
    assert attempted(replace(late, try_at=NOON + model.PATIENCE), Answer.BUSY).code is Code.GAVE_UP


channels = st.permutations([VOICE, SMS, EMAIL]).flatmap(lambda order: st.integers(1, 3).map(lambda n: order[:n]))
answers = st.lists(st.sampled_from([*IN_VAIN, Answer.NEVER, Answer.UNKNOWN]), max_size=30)


@given(channels, st.sets(st.sampled_from(list(Channel)), min_size=1), answers)
def test_between_two_waits_every_channel_that_is_left_has_had_its_turn(
    order: list[Channel], reachable: set[Channel], came: list[Answer]
) -> None:
    message = queued(*order)
    turns: list[Channel] = []
    for answer in came:
        before = message.waits
        message = model.handed_over(message, reachable, lease=LEASE, now=message.try_at)
        if message.state is State.SENDING:
            turns.append(message.channel)
            assert message.channel in reachable
            message = model.answered(message, Attempt(answer), message.try_at - LEASE)
        if message.state is State.FAILED:
            left = [by for by in order if by in reachable and not _refused_for_good(message, by)]
            assert (left, message.code) == ([], Code.REFUSED)
            return
        if message.waits > before and message.state is State.QUEUED:
            left = [by for by in order if by in reachable and not _refused_for_good(message, by)]
            assert set(left) <= set(turns)
            turns = []


def _refused_for_good(message: Notification, channel: Channel) -> bool:
    tried = message.tried(channel)
    return tried is not None and tried.answer is Answer.NEVER
