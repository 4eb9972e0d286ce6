"""Codes by their word and times with their zone, between the contracts' messages and the domain."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from chassis.contract import instant, number, stamp, word
from hotline.intake.v1 import intake_service_pb2 as intake
from hotline.type.v1 import type_pb2


@pytest.mark.parametrize(
    ("enumeration", "value", "code"),
    [
        (type_pb2.Channel, type_pb2.CHANNEL_VOICE, "VOICE"),
        (type_pb2.CallerClass, type_pb2.CALLER_CLASS_SUPERIOR, "SUPERIOR"),
        (type_pb2.Tier, type_pb2.TIER_T0, "T0"),
        (intake.Participant.Role, intake.Participant.ROLE_ALLEGED_VICTIM, "ALLEGED_VICTIM"),
    ],
)
def test_a_code_is_its_word_without_the_enumerations_name(enumeration: object, value: int, code: str) -> None:
    assert word(enumeration, value) == code  # type: ignore[type-var]
    assert number(enumeration, code) == value  # type: ignore[type-var]


def test_no_code_is_the_unspecified_one() -> None:
    assert number(type_pb2.Tier, None) == type_pb2.TIER_UNSPECIFIED


def test_an_unknown_code_is_no_code() -> None:
    with pytest.raises(ValueError, match="TIER_T9"):
        number(type_pb2.Tier, "T9")


def test_a_time_keeps_its_instant_and_comes_back_in_utc() -> None:
    at = datetime(2026, 11, 2, 11, 30, 0, 123456, timezone(timedelta(hours=-6)))
    made = stamp(at)
    assert made is not None
    assert instant(made) == at
    assert instant(made).tzinfo is UTC


def test_no_time_stays_unset() -> None:
    assert stamp(None) is None
    assert not intake.Contact(received_at=stamp(None)).HasField("received_at")
