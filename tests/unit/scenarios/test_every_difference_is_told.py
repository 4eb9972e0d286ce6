"""A shift holds only if all came about as its file says, and nothing beside it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from hotline.casework.v1 import promise_pb2 as ledger
from hotline.intake.v1 import intake_service_pb2 as intake
from hotline.notifications.v1 import notifications_service_pb2 as notifications
from hotline.triage.v1 import triage_service_pb2 as triage
from hotline.type.v1 import type_pb2
from scenarios import judge, mail
from scenarios.model import Contact, Scenario
from scenarios.seen import Seen, Watched
from tests.unit.scenarios.sights import NAMES, message, promise, seen, stamp

KIND = "CALLBACK_URGENT"


def differences(expect: dict[str, Any], sight: Seen, compare: judge.Judge = judge.everything) -> list[str]:
    """What differs of a contact that asked for a call and was expected to come to this."""
    contact = {"id": "a-call", "at": "1s", "channel": "VOICE", "callback": {}, "expect": expect}
    scenario = {
        "name": "test",
        "pack": "demo",
        "office": "north",
        "staff": {"ida": {"name": "Ida Holmqvist", "roles": ["INTAKE_SPECIALIST"]}},
        "contacts": [contact],
    }
    return compare(Scenario.model_validate(scenario), Contact.model_validate(contact), sight, NAMES)


def test_what_is_as_expected_differs_in_nothing() -> None:
    expect = {"promises": {KIND: {"is": "MET", "told": ["ida@owner"], "kept_by": "ida"}}}
    assert differences(expect, seen(promise(KIND, "ida@owner", kept_by="ida"))) == []


def test_a_promise_that_was_never_made_is_a_difference() -> None:
    assert differences({"promises": {KIND: "MET"}}, seen()) == ["CALLBACK_URGENT was never promised, expected MET"]


def test_a_promise_that_nobody_expects_is_a_difference() -> None:
    (difference,) = differences({}, seen(promise(KIND, kept_by="ida")))
    assert difference == "CALLBACK_URGENT was promised, which was not expected; it is MET"


def test_a_promise_made_twice_is_a_difference() -> None:
    twice = seen(promise(KIND, kept_by="ida"), promise(KIND, made=2))
    assert differences({"promises": {KIND: "MET"}}, twice) == [
        "CALLBACK_URGENT was promised once too often; it is OPEN"
    ]


def test_two_promises_of_one_kind_are_expected_as_a_list() -> None:
    twice = seen(promise(KIND, kept_by="ida"), promise(KIND, made=2))
    assert differences({"promises": {KIND: ["MET", {"is": "OPEN"}]}}, twice) == []


def test_another_verdict_is_a_difference() -> None:
    assert differences({"promises": {KIND: "LATE"}}, seen(promise(KIND, kept_by="ida"))) == [
        "CALLBACK_URGENT is MET, expected LATE"
    ]


def test_who_kept_it_is_compared() -> None:
    expect = {"promises": {KIND: {"is": "MET", "kept_by": "ida"}}}
    assert differences(expect, seen(promise(KIND, kept_by="nora"))) == [
        "CALLBACK_URGENT was kept by nora, expected ida"
    ]


@pytest.mark.parametrize(
    ("expected", "told", "same"),
    [
        (["ida@owner", "nora@supervisor"], ["ida@owner", "nora@supervisor"], True),
        (["nora@supervisor", "ida@owner"], ["ida@owner", "nora@supervisor"], False),
        (["ida@owner"], ["ida@owner", "nora@supervisor"], False),
        (["ida@owner", "nora@supervisor"], ["ida@owner"], False),
        # Two people at one rung are told at once: among them there is no order.
        (["nora@owner", "ida@owner"], ["ida@owner", "nora@owner"], True),
        (["ida@owner", "dora@director+"], ["ida@owner", "dora@director"], True),
        (["ida@owner", "dora@director+"], ["ida@owner", "dora@director", "dora@director", "dora@director"], True),
        (["ida@owner", "dora@director"], ["ida@owner", "dora@director", "dora@director"], False),
        (["ida@owner", "dora@director+"], ["ida@owner"], False),
        ([], ["ida@owner"], False),
        (None, ["ida@owner", "nora@supervisor"], True),
    ],
)
def test_who_is_told_is_compared_in_order(expected: list[str] | None, told: list[str], same: bool) -> None:
    stands = {"is": "OPEN"} | ({"told": expected} if expected is not None else {})
    found = differences({"promises": {KIND: stands}}, seen(promise(KIND, *told)))
    assert (found == []) is same, found


def test_somebody_on_the_ladder_who_was_not_told_yet_is_a_difference() -> None:
    climbed = promise(KIND, "ida@owner")
    climbed.told[0].ClearField("told_at")
    assert differences({"promises": {KIND: "OPEN"}}, seen(climbed)) == ["CALLBACK_URGENT: ida@owner was not told yet"]


def test_a_message_of_no_promise_must_be_expected() -> None:
    sight = seen(messages=(message("ida"),))
    assert differences({}, sight) == ["a message ida@NOBODY_LEFT, which was not expected"]
    assert differences({"messages": ["ida@NOBODY_LEFT"]}, sight) == []


def test_a_message_that_never_came_is_a_difference() -> None:
    assert differences({"messages": ["ida@NOBODY_LEFT"]}, seen()) == ["no message ida@NOBODY_LEFT"]


def test_a_message_of_a_rung_is_no_message_of_its_own() -> None:
    climbed = promise(KIND, "ida@owner")
    sight = seen(climbed, messages=(message("ida", "RUNG", key=climbed.told[0].key),))
    assert differences({"promises": {KIND: "OPEN"}}, sight) == []


def test_a_message_that_could_not_be_sent_is_a_difference() -> None:
    failed = message("ida")
    failed.state, failed.problem = notifications.DELIVERY_STATE_FAILED, "REFUSED"
    assert differences({"messages": ["ida@NOBODY_LEFT"]}, seen(messages=(failed,))) == [
        "a message to ida is FAILED: REFUSED"
    ]


def test_one_message_id_for_two_notifications_is_a_difference_whatever_is_compared() -> None:
    twice = seen(messages=(message("ida", key="a", message_id="<1@x>"), message("ida", key="b", message_id="<1@x>")))
    (found,) = differences({}, twice, judge.outcome)
    assert found == "2 notifications have the message_id <1@x>, expected one"


def test_the_order_of_things_is_compared() -> None:
    first, second = promise(KIND, made=1, kept_by="ida", closed=5), promise("CALLBACK_STANDARD", made=3)
    stands = {"promises": {KIND: "MET", "CALLBACK_STANDARD": "OPEN"}}
    right, wrong = [f"made {KIND}", "made CALLBACK_STANDARD"], [f"closed {KIND}", "made CALLBACK_STANDARD"]
    assert differences(stands | {"order": right}, seen(first, second)) == []
    assert differences(stands | {"order": wrong}, seen(first, second)) == [
        "made CALLBACK_STANDARD came before closed CALLBACK_URGENT"
    ]


def test_a_moment_that_never_came_is_a_difference() -> None:
    assert differences({"order": ["decided"]}, seen()) == ["it never came to decided"]


def test_a_contact_that_is_still_open_is_a_difference() -> None:
    assert differences({}, Seen(contact=intake.Contact(state=intake.CONTACT_STATE_OPEN))) == [
        "the contact is still open"
    ]


def test_another_worker_is_a_difference() -> None:
    assert differences({}, seen(worker="ida")) == ["assigned to ida, expected nobody"]


def test_the_decision_is_compared_with_its_tier_and_reason() -> None:
    decision = triage.Decision(
        state=triage.DECISION_STATE_DECIDED,
        decided=triage.SCREENING_SCREEN_OUT,
        decided_tier=type_pb2.TIER_T2,
        recommendation_json='{"reason": "DUPLICATE"}',
    )
    sight = Seen(contact=seen().contact, decision=decision)
    right = {"screening": "SCREEN_OUT", "tier": "T2", "reason": "DUPLICATE"}
    wrong = {"screening": "SCREEN_IN", "tier": "T1", "reason": "NO_CHILD", "decided": False}
    assert differences({"decision": right}, sight) == []
    assert differences({"decision": wrong}, sight) == [
        "screening came to SCREEN_OUT, expected SCREEN_IN",
        "a person has decided, which was not expected",
        "the tier is T2, expected T1",
        "the reason is DUPLICATE, expected NO_CHILD",
    ]


def test_the_outcome_alone_knows_nothing_of_messages_and_order() -> None:
    """While parts are killed an extra rung or a merged message may come; the outcome must hold all the same."""
    expect = {"promises": {KIND: {"is": "MET", "told": [], "kept_by": "nora"}}, "messages": ["ida@NOBODY_LEFT"]}
    sight = seen(promise(KIND, "ida@owner", kept_by="ida"))
    assert differences(expect, sight, judge.outcome) == []
    assert len(differences(expect, sight)) == 3


def test_a_late_promise_came_overdue_when_it_was_due() -> None:
    late = promise(KIND, kept_by="ida", closed=25)
    late = Watched(ledger.Promise.FromString(late.promise.SerializeToString()), late.history, late.told)
    late.promise.verdict = ledger.VERDICT_LATE
    late.promise.due_at.CopyFrom(stamp(20))
    expect = {"promises": {KIND: "LATE"}, "order": [f"made {KIND}", f"overdue {KIND}", f"closed {KIND}"]}
    assert differences(expect, seen(late)) == []


def test_mails_and_records_must_agree() -> None:
    known, lost, again = message("ida", "A"), message("ida", "B"), message("ida", "C")
    came = Counter({known.message_id: 1, again.message_id: 2, "<stranger@x>": 1})
    recorded = {delivery.message_id for delivery in (known, lost, again)}
    assert sorted(mail.differences(came, (known, lost, again), recorded)) == [
        "a mail <stranger@x> arrived which no notification knows",
        f"the mail {lost.message_id} is recorded as sent and never arrived",
        f"the mail {again.message_id} arrived 2 times and is not recorded as repeated",
    ]


def test_a_mail_that_came_again_under_its_own_id_counts_once_if_it_is_recorded() -> None:
    again = message("ida", "C")
    again.repeated = True
    assert list(mail.differences(Counter({again.message_id: 2}), (again,), {again.message_id})) == []
