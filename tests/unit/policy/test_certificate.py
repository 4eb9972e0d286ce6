"""A certificate says what was owed, what was done and whether that was in time; one byte changed shows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from promise_desk import COLLEAGUE, STANDARD, URGENT, Desk, clock, promise

from policy.canonical import canonical, sha256
from policy.certificate import (
    CertificateInvalid,
    Link,
    addendum,
    certificate,
    delivered,
    entered_after_closing,
    key_id,
    sign,
    verify,
)
from policy.promise import (
    Acknowledge,
    Attempt,
    ConfirmLateEntry,
    Delegate,
    Extend,
    Pause,
    Resume,
    Retier,
    Void,
)

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
FIRST = Link(number=1, previous=None)


def certified(desk: Desk, link: Link = FIRST) -> dict[str, Any]:
    return certificate(desk.promise, desk.history, desk.told, link=link, tzdata="2026.6")


def kept_late() -> Desk:
    desk = Desk(promise(URGENT)).until("0:12")
    desk.do(Attempt("worker-1", "BUSY", clock("0:12")))
    desk.until("0:22").do(Attempt("director-1", "REACHED", clock("0:21")))
    return desk


def test_a_certificate_tells_the_whole_life_of_a_promise() -> None:
    body = certified(kept_late())

    assert body["verdict"] == "LATE"
    assert body["promise"]["received_at"] == "2026-03-02T00:00:00Z"
    assert body["promise"]["pack"] == {"id": "seed-default", "version": "1.0.0", "sha256": "5e" * 32}
    assert body["due"] == {
        "first": "2026-03-02T00:15:00Z",
        "chosen_by": {"tier": "T2", "presence": None},
        "at": "2026-03-02T00:15:00Z",
        "steps": ["due 0:15 after receipt"],
        "moves": [],
    }
    assert [(rung["rung"], rung["climbed_at"], rung["told"]) for rung in body["rungs"]] == [
        ("owner", "2026-03-02T00:00:00Z", ["owner-1"]),
        ("supervisor", "2026-03-02T00:10:00Z", ["supervisor-1"]),
        ("manager", "2026-03-02T00:15:00Z", ["manager-1"]),
        ("director", "2026-03-02T00:20:00Z", ["director-1"]),
    ]
    assert [(tried["outcome"], tried["occurred_at"]) for tried in body["attempts"]] == [
        ("BUSY", "2026-03-02T00:12:00Z"),
        ("REACHED", "2026-03-02T00:21:00Z"),
    ]
    assert (body["closing"]["occurred_at"], body["closing"]["recorded_at"]) == (
        "2026-03-02T00:21:00Z",
        "2026-03-02T00:22:00Z",
    )
    assert body["tzdata"] == "2026.6"


def test_a_late_entry_shows_in_the_verdict() -> None:
    desk = Desk(promise(STANDARD)).until("7:00")
    desk.do(Attempt("worker-1", "REACHED", clock("6:00"), "no signal on the road"))
    desk.do(ConfirmLateEntry("lead-1"))

    body = certified(desk)
    assert body["verdict"] == "MET, RECORDED_LATE"
    assert body["closing"]["confirmed_by"] == "lead-1"


def test_every_move_of_the_due_time_is_shown_with_the_event_that_moved_it() -> None:
    desk = Desk(promise(STANDARD)).until("1:00")
    desk.do(Extend(1, clock("34:00"), "lead-1", "the records are awaited"))
    desk.do(Pause("COURT_ORDER", clock("5:00"), "lead-1"))
    desk.until("3:00").do(Resume("lead-1"))
    desk.do(Acknowledge("worker-1"))
    desk.do(Retier("T0", URGENT, "screener-1"))
    desk.do(Void("lead-1", "entered twice"))

    body = certified(desk)
    happened = {event["version"]: event["event"] for event in body["history"]}
    assert [(happened[move["version"]], move["to"]) for move in body["due"]["moves"]] == [
        ("Extend", "2026-03-03T10:00:00Z"),
        ("Pause", "2026-03-03T14:00:00Z"),
        ("Resume", "2026-03-03T12:00:00Z"),
        ("Retier", "2026-03-02T02:15:00Z"),
    ]


def test_an_open_promise_has_no_certificate() -> None:
    with pytest.raises(ValueError, match="is open"):
        certified(Desk(promise(URGENT)).until("0:10"))


def test_a_history_with_a_gap_gives_no_certificate() -> None:
    desk = kept_late()
    del desk.history[2]

    with pytest.raises(ValueError, match="each version from 2 to"):
        certified(desk)


def test_the_same_promise_gives_the_same_bytes() -> None:
    assert canonical(sign(certified(kept_late()), KEY)) == canonical(sign(certified(kept_late()), KEY))


def test_what_was_signed_is_given_back() -> None:
    signed = json.loads(canonical(sign(certified(kept_late()), KEY)))

    assert verify(signed, KEY.public_key()) == certified(kept_late())


def test_one_changed_value_is_detected() -> None:
    signed = sign(certified(kept_late()), KEY)
    signed["body"] = {**signed["body"], "verdict": "MET"}

    with pytest.raises(CertificateInvalid, match="hash"):
        verify(signed, KEY.public_key())


def test_a_changed_body_with_a_fitting_hash_is_detected() -> None:
    signed = sign(certified(kept_late()), KEY)
    signed["body"] = {**signed["body"], "verdict": "MET"}
    signed["sha256"] = sha256(signed["body"])

    with pytest.raises(CertificateInvalid, match="signature"):
        verify(signed, KEY.public_key())


def test_a_certificate_signed_with_another_key_is_not_ours() -> None:
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))

    with pytest.raises(CertificateInvalid, match=key_id(other.public_key())):
        verify(sign(certified(kept_late()), other), KEY.public_key())


def test_what_comes_later_is_a_signed_addendum_that_names_its_certificate_and_its_place() -> None:
    signed = sign(certified(kept_late()), KEY)
    statement = delivered([(1, "owner", "owner-1")], clock("0:23"))
    late_news = sign(addendum(signed["sha256"], statement, office="cook-north", link=Link(2, signed["sha256"])), KEY)

    body = verify(late_news, KEY.public_key())

    assert body["certificate"] == signed["sha256"]
    assert body["chain"] == {"office": "cook-north", "number": 2, "previous": signed["sha256"]}
    assert body["statement"] == {
        "what": "DELIVERED",
        "rungs": [{"cycle": 1, "rung": "owner", "person": "owner-1"}],
        "sent_at": "2026-03-02T00:23:00Z",
    }


def test_what_is_entered_after_the_closing_says_why_it_comes_so_late() -> None:
    with pytest.raises(ValueError, match="says why"):
        entered_after_closing(Attempt("lead-1", "REACHED", clock("0:21")), clock("2:00"))


def test_who_was_not_known_to_be_told_shows_with_the_reason() -> None:
    desk = kept_late()
    body = certificate(
        desk.promise,
        desk.history,
        desk.told,
        link=FIRST,
        tzdata="2026.6",
        untold={(1, "director", "director-1"): "ON_THE_WAY"},
    )

    assert [rung["untold"] for rung in body["rungs"]] == [{}, {}, {}, {"director-1": "ON_THE_WAY"}]


def test_who_was_told_is_shown_by_cycle() -> None:
    desk = Desk(promise(STANDARD)).until("1:00")
    desk.do(Delegate(COLLEAGUE, "lead-1"))
    desk.do(Void("lead-1", "entered twice"))

    assert [(rung["cycle"], rung["rung"]) for rung in certified(desk)["rungs"]] == [(1, "owner"), (2, "owner")]
