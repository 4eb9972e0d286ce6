"""The texts: what is promised, to which reference, due when, why you, what to do; and nothing else."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from policy.packs import SHIPPED, Packs
from services.notifications import templates
from services.notifications.model import Notification, Order, queued
from services.notifications.wording import House, Wording

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)

CHICAGO = Wording(Packs().get("seed-default").labels, ZoneInfo("America/Chicago"))
TEXTS = templates.load()
VALUES = {
    "kind": "CALLBACK_URGENT",
    "due": "2026-03-02T18:15:00+00:00",
    "since": "2026-03-02T18:00:00+00:00",
    "rung": "supervisor",
    "safe_from": "2026-03-02T18:00:00+00:00",
    "safe_until": "",
    "begins": "2026-03-02T18:00:00+00:00",
    "until": "2026-03-03T18:00:00+00:00",
    "office": "lake-east",
    "role": "SCREENER",
    "rungs": "SUPERVISOR of SCREENER:lake-east",
    "count": "1",
    "open": "12",
    "overdue": "3",
    "percent": "50",
    "target": "90",
    "calls": "6",
    "abandoned": "2",
    "voicemail": "1",
    "code": "123456",
    "references": "7ZK4-M2QX, 4M2Q-8HTX",
}
OF_SWEEPS = {"DRILL", "COVERAGE", "HAND_OVER", "ANSWERING"}
NOT_OF_ONE_PROMISE = OF_SWEEPS | {"VERIFY", "STALLED_MANY"}
OF_THE_MESSAGE = {"reference": "7ZK4-M", "promise_id": "00000000-0000-0000-0000-000000000009"}


OWNERS = VALUES | OF_THE_MESSAGE | {"rung": "owner"}


def read(code: str) -> templates.Text:
    return templates.render(TEXTS[code], VALUES | OF_THE_MESSAGE, CHICAGO)


def test_every_code_has_its_text() -> None:
    of_promises = {"RUNG", "WARNING", "OVERDUE", "CALL", "LAST_RESORT", "NOBODY_LEFT", "STALLED", "STALLED_MANY"}
    assert set(TEXTS) == of_promises | OF_SWEEPS | {"VERIFY"}


def test_a_safe_time_may_be_open_on_either_side() -> None:
    assert "safe to call Mon 02 Mar 2026 12:00:00 CST to any time" in read("CALL").subject
    assert templates.problems(TEXTS["CALL"], VALUES | {"safe_from": ""}) == {}
    assert list(templates.problems(TEXTS["CALL"], VALUES | {"safe_from": "soon"})) == ["values.safe_from"]


@pytest.mark.parametrize("code", sorted(TEXTS))
def test_every_text_says_what_to_do_and_how_to_see_the_promise(code: str) -> None:
    body = read(code).body
    assert "What to do:" in body
    assert "You are told because" in body or code == "WARNING"
    assert f"hotline promise {OF_THE_MESSAGE['promise_id']}" in body or code in NOT_OF_ONE_PROMISE


@pytest.mark.parametrize("code", sorted(TEXTS))
def test_nothing_is_left_unfilled(code: str) -> None:
    text = read(code)
    assert "$" not in text.subject + text.body


def test_times_are_told_in_the_offices_zone_which_is_named() -> None:
    assert read("RUNG").subject == "7ZK4-M: urgent call back is due Mon 02 Mar 2026 12:15:00 CST"
    assert "Times in   America/Chicago" in read("RUNG").body


def test_codes_are_told_in_the_words_of_the_pack_and_in_their_own_where_it_has_none() -> None:
    assert "Told as    the one who owes it" in templates.render(TEXTS["RUNG"], OWNERS, CHICAGO).body
    plain = templates.render(TEXTS["RUNG"], OWNERS, Wording({}, CHICAGO.zone))
    assert plain.subject.startswith("7ZK4-M: callback urgent is due")


def test_every_kind_of_promise_that_is_shipped_has_words() -> None:
    for pack in Packs().all():
        assert set(pack.kinds) <= pack.labels.keys(), pack.id


def test_what_has_no_reference_says_so() -> None:
    text = templates.render(TEXTS["RUNG"], OWNERS | {"reference": ""}, CHICAGO)
    assert text.subject.startswith("no reference: ")


def test_a_message_is_worded_by_its_office_and_by_the_pack_in_force_when_it_was_asked_for(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED, tmp_path / "packs")
    write_pack(tmp_path / "packs", "1.0.0", "2020-01-01", "call, by the old rules")
    write_pack(tmp_path / "packs", "2.0.0", "2026-03-01", "call, by the new rules")
    house = House(Packs(tmp_path / "packs"), "two-zones")

    before, west, elsewhere = (
        house.wording(asked_for(day, office))
        for day, office in ((datetime(2026, 2, 1, tzinfo=UTC), "far-west"), (NOON, "far-west"), (NOON, "lake-east"))
    )

    assert (before.labels["CALLBACK_URGENT"], before.zone.key) == ("call, by the old rules", "America/Los_Angeles")
    assert (west.labels["CALLBACK_URGENT"], west.zone.key) == ("call, by the new rules", "America/Los_Angeles")
    assert elsewhere.zone.key == "America/Chicago"


def write_pack(folder: Path, version: str, since: str, label: str) -> None:
    pack = folder / "two-zones" / version / "pack.yaml"
    pack.parent.mkdir(parents=True)
    pack.write_text(
        f"""
extends: {{id: seed-default, version: 1.0.0}}
id: two-zones
version: {version}
effective_from: {since}T00:00:00-06:00
title: Offices in two zones
labels: {{CALLBACK_URGENT: "{label}"}}
offices:
  far-west:
    calendars: {{office: {{zone: America/Los_Angeles}}}}
"""
    )


def asked_for(at: datetime, office: str) -> Notification:
    order = Order("key", UUID(int=7), "RUNG", {"office": office}, "7ZK4-M")
    return queued(order, new_id=UUID(int=1), mail_domain="hotline.invalid", traceparent=None, now=at)


def test_a_missing_value_is_named_by_its_path() -> None:
    found = templates.problems(TEXTS["RUNG"], {"kind": "FINDING", "rung": "owner"})
    assert found == {"values.due": "is needed by this template"}


@pytest.mark.parametrize("time", ["soon", "2026-03-02T18:15:00"])
def test_a_time_must_be_a_time_with_its_zone(time: str) -> None:
    found = templates.problems(TEXTS["RUNG"], VALUES | {"due": time})
    assert found == {"values.due": "must be an ISO 8601 time with its zone"}


def test_a_text_without_a_subject_is_found_when_the_service_starts(tmp_path: Path) -> None:
    (tmp_path / "RUNG.txt").write_text("A promise needs you.\n")
    with pytest.raises(ValueError, match=r"RUNG\.txt must begin with a line 'Subject"):
        templates.load(tmp_path)


def test_a_text_message_is_the_subject_and_says_who_writes() -> None:
    text = templates.texted(TEXTS["RUNG"], OWNERS, CHICAGO)
    assert text == "Hotline: 7ZK4-M: urgent call back is due Mon 02 Mar 2026 12:15:00 CST"


def test_a_call_speaks_references_letter_by_letter_and_times_as_people_say_them() -> None:
    spoken = templates.spoken(TEXTS["RUNG"], OWNERS, CHICAGO)
    assert spoken == "This is the hotline. 7, Z, K, 4, M: urgent call back is due Monday 2 March at 12:15."
    assert templates.spoken(TEXTS["VERIFY"], {"code": "012345"}, CHICAGO).endswith("Your code is 0, 1, 2, 3, 4, 5.")


@pytest.mark.parametrize("code", sorted(TEXTS))
def test_every_text_has_short_forms_of_one_line(code: str) -> None:
    for form in (templates.texted, templates.spoken):
        text = form(TEXTS[code], VALUES | OF_THE_MESSAGE, CHICAGO)
        assert "\n" not in text
        assert len(text) <= 200
