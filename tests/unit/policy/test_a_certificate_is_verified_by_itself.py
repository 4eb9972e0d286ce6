"""The verifier stands alone: it shares no code with the platform, and comes to the same verdict."""

from __future__ import annotations

import ast
import inspect
import json
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest
from certificate_desk import KEY, forged, kept, signed
from hypothesis import given, settings
from hypothesis import strategies as st
from promise_desk import STANDARD, URGENT, WORKER, Desk, clock, promise
from promise_stories import MINUTE, STORIES, TERMS_DRAWN, TIME, Code, cases, event_of, timetables

from policy.canonical import canonical
from policy.certificate import Link, certificate, sign, verdict
from policy.clocks import Presence
from policy.due import arm, extended
from policy.ladders import Terms
from policy.packs import SHIPPED, Pack, Packs
from policy.promise import (
    Attempt,
    ConfirmLateEntry,
    Extend,
    NothingDue,
    Pause,
    Promise,
    PromiseRefused,
    Retier,
    Subject,
    Timetable,
    Verdict,
    Void,
    born,
)


def test_it_imports_nothing_of_the_platform(verifier: ModuleType) -> None:
    tree = ast.parse(inspect.getsource(verifier))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }

    assert imported - sys.stdlib_module_names == {"cryptography", "yaml"}


def test_certificates_that_hold_are_told_with_their_verdict(check: Callable[..., Any]) -> None:
    first = signed(kept("0:12"))
    second = signed(kept("0:16"), number=2, previous=first["sha256"])
    void = Desk(promise(STANDARD))
    void.do(Void("lead-1", "entered twice"))
    third = signed(void, number=3, previous=second["sha256"])

    done = check(first, second, third)

    assert done.returncode == 0, done.stdout + done.stderr
    verdicts = [line.split(": ", 1)[1].split()[0] for line in done.stdout.splitlines()]
    assert verdicts == ["MET", "LATE", "VOID"]


def test_each_byte_of_a_certificate_counts(verifier: ModuleType, tmp_path: Path) -> None:
    keys = {sign({}, KEY)["signature"]["key"]: KEY.public_key()}
    whole = canonical(signed(kept()))
    assert verifier.fault(json.loads(whole), keys) is None

    file = tmp_path / "changed.json"
    for place in range(len(whole)):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        try:
            changed = verifier.read(file)
        except ValueError:
            continue
        assert verifier.fault(changed, keys) is not None, f"byte {place} was changed and nobody noticed"


def test_a_verdict_the_history_does_not_give_is_wrong_whoever_signed_it(check: Callable[..., Any]) -> None:
    honest = signed(kept("0:16"))
    closing = {**honest["body"]["closing"], "verdict": "MET"}

    done = check(forged(honest, verdict="MET", closing=closing))

    assert done.returncode == 1
    assert "verdict: the certificate says MET, its history gives LATE" in done.stdout


def test_a_due_time_no_event_moved_is_wrong(check: Callable[..., Any]) -> None:
    honest = signed(kept("0:16"))

    done = check(forged(honest, due={**honest["body"]["due"], "at": "2026-03-02T01:00:00Z"}))

    assert done.returncode == 1
    assert "due time" in done.stdout


def test_a_move_of_the_due_time_that_is_left_out_is_wrong(check: Callable[..., Any]) -> None:
    desk = Desk(promise(STANDARD)).until("1:00")
    desk.do(Extend(1, clock("34:00"), "lead-1", "the records are awaited"))
    desk.until("11:00").do(Attempt("worker-1", "REACHED", clock("11:00")))
    honest = signed(desk)
    assert check(honest).returncode == 0

    done = check(forged(honest, due={**honest["body"]["due"], "moves": []}))

    assert "moves of the due time" in done.stdout


def paused_from_its_receipt() -> dict[str, Any]:
    desk = Desk(promise(URGENT, made="1:00"))
    desk.do(Pause("COURT_ORDER", clock("9:00"), "service", since=clock("0:00")))
    desk.until("9:10").do(Attempt("worker-1", "REACHED", clock("9:10")))
    return signed(desk)


def test_a_pause_counts_from_where_it_began_if_nobody_had_been_told_by_then(check: Callable[..., Any]) -> None:
    honest = paused_from_its_receipt()
    assert check(honest).returncode == 0

    pause, *rest = honest["body"]["history"]
    told_before = {**rest[0], "version": 2}
    history = [told_before, {**pause, "version": 3}, *rest[1:]]
    done = check(forged(honest, history=history))

    assert done.returncode == 1
    assert "stops the clock from" in done.stdout


def test_a_late_entry_nobody_confirmed_is_wrong(check: Callable[..., Any]) -> None:
    desk = Desk(promise(STANDARD)).until("7:00")
    desk.do(Attempt("worker-1", "REACHED", clock("6:00"), "no signal on the road"))
    desk.do(ConfirmLateEntry("lead-1"))
    honest = signed(desk)
    assert check(honest).returncode == 0

    *history, confirmation = honest["body"]["history"]
    done = check(forged(honest, history=[*history, {**confirmation, "by": "worker-1"}]))

    assert "the word of another person" in done.stdout


@pytest.mark.parametrize("broken", [b"{", b'{"body":1.5}', b'{"body":1,"body":2}', b"[]"])
def test_what_cannot_be_read_is_said_and_never_holds(check: Callable[..., Any], broken: bytes) -> None:
    done = check(broken)

    assert done.returncode == 2
    assert done.stderr.startswith("cannot read: ")


def test_what_is_no_certificate_never_holds(check: Callable[..., Any]) -> None:
    done = check({"body": {}})

    assert done.returncode == 1
    assert "not in the form of a signed certificate" in done.stdout


@pytest.mark.timeout(TIME)
@settings(max_examples=cases(), deadline=None)
@given(table=timetables(), terms=TERMS_DRAWN, story=STORIES)
def test_the_verifiers_verdict_is_the_engines_for_any_history(
    verifier: ModuleType, table: Timetable, terms: Terms, story: list[Code]
) -> None:
    desk = Desk(promise(table, terms))
    for code in story:
        desk.now += code[0] * MINUTE
        try:
            desk.do(event_of(code, desk.promise, table, desk.now))
        except (PromiseRefused, NothingDue):
            continue
    if desk.promise.closing is None:
        desk.do(Attempt("worker-9", "REACHED", desk.now))
    assert desk.promise.closing is not None
    body = certificate(desk.promise, desk.history, desk.told, link=Link(1, None), tzdata="2026.6")

    verifier.check_certificate(json.loads(canonical(body)))

    assert body["verdict"] == verdict(desk.promise.closing)
    if desk.promise.closing.verdict is not Verdict.VOID:
        in_time = desk.promise.closing.occurred_at <= desk.promise.due_at
        assert body["verdict"].startswith("MET" if in_time else "LATE")


# With the pack, the due time too is computed again.

PACKS = Packs()
RECEIVED = st.integers(0, 6 * 366 * 24 * 3600).map(
    lambda second: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(0, second)
)
CHOICES = st.sampled_from(
    [
        (pack, kind, tier, office, due.get("presence"))
        for pack in PACKS.all()
        for kind in pack.kinds
        for due in pack.document["clocks"][kind]["due"]
        for tier in due.get("tiers", [None])
        for office in (None, *pack.document.get("offices", {}))
    ]
)
Choice = tuple[Pack, str, str | None, str | None, str | None]


def armed_by(choice: Choice, received_at: datetime) -> Promise:
    pack, kind, tier, office, presence = choice
    tier = None if tier == "none" else tier
    armed = arm(pack, kind, received_at, tier=tier, office=office, presence=Presence(presence) if presence else None)
    return born(
        id=UUID(int=7),
        kind=kind,
        subject=Subject("callback", "callback-7"),
        reference="7HQ2",
        owner=WORKER,
        received_at=received_at,
        timetable=Timetable.of(armed),
        terms=armed.terms,
        pack=pack.ref,
        now=received_at,
        office=office,
        tier=tier,
        presence=presence,
    ).promise


@pytest.mark.timeout(TIME)
@settings(max_examples=cases(0.3), deadline=None)
@given(choice=CHOICES, received_at=RECEIVED, story=STORIES)
def test_the_verifier_computes_every_due_time_of_every_pack_as_the_engine_does(
    verifier: ModuleType, choice: Choice, received_at: datetime, story: list[Code]
) -> None:
    pack, _, _, office, _ = choice
    desk = Desk(armed_by(choice, received_at))
    for code in story:
        desk.now += code[0] * MINUTE
        event = event_of(code, desk.promise, desk.promise.timetable, desk.now)
        if isinstance(event, Extend):
            later = extended(pack, desk.promise.due_at, 1 + code[2] % 30, office)
            event = Extend(1 + code[2] % 30, later, "lead-1", "the records are awaited")
        if isinstance(event, Retier | Attempt | Pause):
            continue
        with suppress(PromiseRefused, NothingDue):
            desk.do(event)
    if desk.promise.closing is None:
        desk.do(Attempt("worker-9", min(desk.promise.terms.stops_on), desk.now))
    body = json.loads(canonical(certificate(desk.promise, desk.history, {}, link=Link(1, None), tzdata="2026.6")))

    verifier.check_certificate(body)
    verifier.check_against_pack(body, verifier.read_pack(SHIPPED, **body["promise"]["pack"]))


def by_the_book() -> dict[str, Any]:
    choice = (PACKS.get("seed-default"), "CALLBACK_STANDARD", None, "lake-east", None)
    desk = Desk(armed_by(choice, datetime(2026, 5, 22, 23, tzinfo=UTC)))
    desk.do(Attempt("worker-1", "REACHED", desk.now))
    return signed(desk)


def test_a_due_time_the_pack_does_not_give_is_wrong_whoever_signed_it(check: Callable[..., Any]) -> None:
    honest = by_the_book()
    assert check(honest, options=["--packs", str(SHIPPED)]).returncode == 0
    later = {"first": "2026-05-27T22:00:00Z", "at": "2026-05-27T22:00:00Z"}

    done = check(forged(honest, due=honest["body"]["due"] | later), options=["--packs", str(SHIPPED)])

    assert done.returncode == 1
    assert "first due time" in done.stdout


def test_where_due_times_differ_and_time_zones_may_have_changed_both_versions_are_named(
    check: Callable[..., Any],
) -> None:
    honest = by_the_book()
    later = {"first": "2026-05-27T22:00:00Z", "at": "2026-05-27T22:00:00Z"}
    elsewhere = forged(honest, due=honest["body"]["due"] | later, tzdata="1999.1")

    done = check(elsewhere, options=["--packs", str(SHIPPED)])

    assert done.returncode == 1
    assert "(tzdata 1999.1)" in done.stdout
    assert f"(tzdata {version('tzdata')})" in done.stdout
    assert check(forged(honest, tzdata="1999.1"), options=["--packs", str(SHIPPED)]).returncode == 0


def test_a_certificate_by_a_pack_that_says_something_else_now_is_wrong(
    check: Callable[..., Any], tmp_path: Path
) -> None:
    shutil.copytree(SHIPPED, tmp_path / "packs")
    clocks = tmp_path / "packs" / "seed-default" / "1.0.0" / "clocks.yaml"
    clocks.write_text(clocks.read_text().replace("business_days: 1", "business_days: 2"))

    done = check(by_the_book(), options=["--packs", str(tmp_path / "packs")])

    assert done.returncode == 1
    assert "another content than the one it was made by" in done.stdout


def test_an_upgrade_is_counted_from_the_receipt_by_the_pack(verifier: ModuleType) -> None:
    pack = PACKS.get("seed-default")
    received_at = datetime(2026, 5, 22, 23, tzinfo=UTC)
    desk = Desk(armed_by((pack, "FIRST_CONTACT", "T3", "lake-east", None), received_at))
    desk.do(Retier("T0", Timetable.of(arm(pack, "FIRST_CONTACT", received_at, tier="T0")), "lead-1"))
    desk.do(Attempt("worker-1", "ALL_VICTIMS_SEEN", desk.now))
    body = signed(desk)["body"]

    verifier.check_against_pack(body, verifier.read_pack(SHIPPED, **body["promise"]["pack"]))

    chosen = body["due"] | {"chosen_by": {"tier": "T0", "presence": None}}
    with pytest.raises(verifier.WrongError, match="first due time"):
        verifier.check_against_pack(body | {"due": chosen}, pack.document)
