"""Packs: versions and dates, inheritance and overrides, seals and signatures; a wrong pack is refused loudly."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from screening_desk import child, report

from policy.canonical import canonical, canonical_plain, sha256
from policy.due import arm
from policy.errors import PackInvalid, PackMissing, PackNotInForce, PackTampered
from policy.ladders import BY_MAIL, Channel
from policy.packfiles import write_seal
from policy.packs import SHIPPED, Pack, Packs
from policy.screening import screen
from policy.workforce import answering_target

RECEIVED = datetime.fromisoformat("2026-11-22T17:30:00-06:00")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of packs of the test's own, with seed-default in it."""
    shutil.copytree(SHIPPED / "seed-default", tmp_path / "seed-default")
    shutil.copy(SHIPPED / "schema.json", tmp_path)
    (tmp_path / "seed-default/1.0.0/seal.json").unlink(missing_ok=True)
    return tmp_path


@pytest.fixture
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "policy-office.pem"
    key = Ed25519PrivateKey.generate()
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


def write(folder: Path, name: str, version: str, **entries: Any) -> None:
    """A pack that extends seed-default; JSON is YAML too."""
    document = {
        "extends": {"id": "seed-default", "version": "1.0.0"},
        "id": name,
        "version": version,
        "effective_from": "2026-01-01T00:00:00-06:00",
        **entries,
    }
    (folder / name / version).mkdir(parents=True)
    (folder / name / version / "pack.yaml").write_text(json.dumps(document), encoding="utf-8")


def change(folder: Path, file: str, before: str, after: str) -> None:
    path = folder / "seed-default/1.0.0" / file
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


class TestVersions:
    """R109: effective-dated packs."""

    def test_the_version_in_force_at_receipt_answers(self, folder: Path) -> None:
        write(folder, "x", "1.0.0")
        write(folder, "x", "1.10.0", effective_from="2026-11-01T00:00:00-05:00")
        write(
            folder, "x", "1.9.0", effective_from="2026-06-01T00:00:00-05:00", effective_to="2026-07-01T00:00:00-05:00"
        )
        packs = Packs(folder)
        start = datetime.fromisoformat("2026-11-01T00:00:00-05:00")
        assert packs.in_force("x", start).version == "1.10.0"
        assert packs.in_force("x", start - timedelta(microseconds=1)).version == "1.0.0"
        assert packs.in_force("x", datetime.fromisoformat("2026-06-15T00:00:00Z")).version == "1.9.0"
        assert packs.get("x").version == "1.10.0"

    def test_before_its_first_version_a_pack_is_not_in_force(self, folder: Path) -> None:
        write(folder, "x", "1.0.0", effective_from="2027-01-01T00:00:00-06:00")
        with pytest.raises(PackNotInForce, match=r"2027-01-01") as caught:
            Packs(folder).in_force("x", RECEIVED)
        assert (caught.value.code, caught.value.paths) == ("PACK_NOT_IN_FORCE", ("x",))

    def test_a_pack_that_is_not_held_is_missing_by_name_version_and_hash(self, folder: Path) -> None:
        packs = Packs(folder)
        for ask in (
            lambda: packs.get("y"),
            lambda: packs.get("seed-default", "9.9.9"),
            lambda: packs.by_sha256("0" * 64),
        ):
            with pytest.raises(PackMissing):
                ask()

    def test_a_pack_is_found_by_its_hash(self) -> None:
        for pack in Packs().all():
            assert Packs().by_sha256(pack.sha256).ref == pack.ref


class TestInheritance:
    def test_a_pack_says_only_what_differs_and_is_hashed_whole(self, folder: Path) -> None:
        write(folder, "x", "1.0.0", labels={"SUBSTANTIATED": "proven"})
        before = Packs(folder).get("x")
        assert before.labels == Packs(folder).get("seed-default").labels | {"SUBSTANTIATED": "proven"}
        assert before.sha256 == sha256(before.document)
        change(folder, "clocks.yaml", "late_entry: {minutes: 15}", "late_entry: {minutes: 20}")
        assert Packs(folder).get("x").sha256 != before.sha256

    def test_each_office_may_have_its_own_target_for_answering_callers(self, folder: Path) -> None:
        """R026."""
        offices = {"lake-east": {"county": "lake"}, "far-west": {"answering": {"percent": 70, "of_at_least": 10}}}
        write(folder, "x", "1.0.0", offices=offices, counties={"lake": {"answering": {"percent": 80}}})
        pack = Packs(folder).get("x")
        targets = {office: answering_target(pack, office) for office in ("lake-east", "far-west", "elsewhere")}
        assert {office: target.percent for office, target in targets.items()} == {
            "lake-east": 80,
            "far-west": 70,
            "elsewhere": 90,
        }
        assert [target.of_at_least for target in targets.values()] == [5, 10, 5]

    def test_a_rung_may_ask_for_several_people_to_acknowledge(self, folder: Path) -> None:
        two = [{"id": "owner", "who": "OWNER"}, {"id": "director", "who": "DIRECTOR", "percent": 80, "acknowledge": 2}]
        write(folder, "x", "1.0.0", ladders={"standard": {"rungs": two}})
        armed = arm(Packs(folder).get("x"), "FINDING", RECEIVED)
        assert {rung.name: rung.acknowledge for rung in armed.rungs}["director"] == 2
        assert {rung.name: rung.acknowledge for rung in armed.rungs}["owner"] == 1

    def test_a_ladder_says_how_its_people_are_told_and_a_rung_may_say_otherwise(self, folder: Path) -> None:
        rungs = [{"id": "owner", "who": "OWNER"}, {"id": "director", "who": "DIRECTOR", "how": ["SMS", "EMAIL"]}]
        ladder = {"how": ["VOICE", "EMAIL"], "rungs": rungs}
        write(folder, "x", "1.0.0", ladders={"standard": ladder})
        how = {rung.name: rung.how for rung in arm(Packs(folder).get("x"), "FINDING", RECEIVED).rungs}
        assert how["owner"] == how["supervisor"] == (Channel.VOICE, Channel.EMAIL)
        assert how["director"] == (Channel.SMS, Channel.EMAIL)

    def test_a_ladder_that_does_not_say_how_tells_by_mail_and_an_urgent_one_calls_first(self, folder: Path) -> None:
        pack = Packs(folder).get("seed-default")
        assert {rung.how for rung in pack.ladder("FINDING").rungs} == {BY_MAIL}
        by_telephone = (Channel.VOICE, Channel.SMS, Channel.EMAIL)
        urgent = (("CALLBACK_URGENT", None), ("ON_SCENE", "T0"), ("SCREENING_DECISION", "T1"))
        assert {rung.how for kind, tier in urgent for rung in pack.ladder(kind, tier).rungs} == {by_telephone}

    @pytest.mark.parametrize("how", [[], ["VOICE", "SMS"], ["EMAIL", "EMAIL"], ["PAGER", "EMAIL"]])
    def test_a_ladder_that_could_leave_somebody_unreachable_is_refused(self, folder: Path, how: list[str]) -> None:
        write(folder, "x", "1.0.0", ladders={"standard": {"how": how}})
        with pytest.raises(PackInvalid) as caught:
            Packs(folder).get("x")
        assert caught.value.paths[0].startswith("x/1.0.0: ladders.standard.how")

    def test_one_line_of_a_tree_can_be_changed_alone(self, folder: Path) -> None:
        line = {"id": "N15", "tier": "T2"}
        write(folder, "x", "1.0.0", trees=[{"id": "NE", "lines": [line]}])
        facts = report(child("NE1"))
        assert screen(Packs(folder).get("seed-default"), facts).tier == "T3"
        assert screen(Packs(folder).get("x"), facts).tier == "T2"

    def test_packs_may_not_extend_one_another_in_a_circle(self, folder: Path) -> None:
        write(folder, "x", "1.0.0", extends={"id": "y", "version": "1.0.0"})
        write(folder, "y", "1.0.0", extends={"id": "x", "version": "1.0.0"})
        with pytest.raises(PackInvalid, match="circle"):
            Packs(folder).get("x")

    def test_a_base_that_is_not_held_is_missing(self, folder: Path) -> None:
        write(folder, "x", "1.0.0", extends={"id": "seed-default", "version": "0.9.0"})
        with pytest.raises(PackMissing, match=r"x@1\.0\.0 extends it"):
            Packs(folder).get("x")


class TestOffices:
    """R102: service levels differ by county and office."""

    def test_an_offices_clocks_win_over_its_countys_and_these_over_the_states(self, folder: Path) -> None:
        due = {"FIRST_CONTACT": {"due": [{"tiers": ["T0", "T1", "T2", "T3", "T4"], "hours": 12}]}}
        callback = {"CALLBACK_STANDARD": {"due": [{"hours": 6}]}, "RECALL_REPORTER": {"due": [{"minutes": 20}]}}
        write(
            folder,
            "x",
            "1.0.0",
            counties={"cook": {"clocks": callback}},
            offices={
                "cook-north": {"county": "cook", "clocks": {**due, "RECALL_REPORTER": {"due": [{"minutes": 10}]}}},
                "metro": {"calendars": {"office": {"zone": "America/Denver"}}},
            },
        )
        pack = Packs(folder).get("x")
        assert pack.clock("FIRST_CONTACT", "T3", "cook-north").amount == 12
        assert pack.clock("CALLBACK_STANDARD", office="cook-north").elapsed == timedelta(hours=6)
        assert pack.clock("RECALL_REPORTER", office="cook-north").amount == 10
        assert pack.clock("RECALL_REPORTER").amount == 30
        assert pack.clock("FIRST_CONTACT", "T3", "elsewhere").amount == 5
        assert pack.calendar("metro").zone.key == "America/Denver"
        assert pack.calendar("metro").holidays == pack.calendar().holidays

    def test_an_office_changes_no_rule_of_screening(self, folder: Path) -> None:
        write(folder, "x", "1.0.0", offices={"metro": {"tiers": ["T0"]}})
        with pytest.raises(PackInvalid) as caught:
            Packs(folder).get("x")
        assert caught.value.paths == ("x/1.0.0: offices.metro",)


class TestMistakes:
    @pytest.mark.parametrize(
        ("file", "before", "after", "place"),
        [
            ("clocks.yaml", "due: [{hours: 48}]", "due: [{fortnights: 1}]", "clocks.REPORTER_CONFIRMATION"),
            ("clocks.yaml", "zone: America/Chicago", "zone: America/Chicago\n    zone: UTC", "clocks.yaml"),
            ("clocks.yaml", "ladders:", "calendars:", "clocks.yaml"),
            ("pack.yaml", "owner: Hotline policy office", "", "the whole"),
            ("pack.yaml", "title:", "titel:", "the whole"),
            ("pack.yaml", "version: 1.0.0", "version: 1.0.1", "pack.yaml"),
            (
                "facts.yaml",
                'danger: "YES", unknown: "YES", text: the child is under',
                "unknown: 1, text: the child is under",
                "report_facts.0",
            ),
            ("clocks.yaml", "zone: America/Chicago", "zone: America/Atlantis", "calendars"),
            ("rules.yaml", "tier: T0", "tier: 0", "trees.0.lines.0.tier"),
            ("pack.yaml", "effective_from: 2020-01-01", "effective_from: 2020-13-01", "effective_from"),
            ("clocks.yaml", "month: 12, day: 25", "month: 11, day: 31", "calendars.office"),
            ("clocks.yaml", "closes: 17:00", "closes: 07:00", "calendars.office"),
            ("clocks.yaml", "due: [{days: 90}]", "due: [{days: 100001}]", "clocks.PLAN_REVIEW.due.0.days"),
        ],
    )
    def test_in_a_file_are_named_by_their_place(
        self, folder: Path, file: str, before: str, after: str, place: str
    ) -> None:
        change(folder, file, before, after)
        with pytest.raises(PackInvalid) as caught:
            Packs(folder).get("seed-default").calendar()
        assert any(place in path for path in caught.value.paths), caught.value.paths

    @pytest.mark.parametrize(
        ("condition", "complaint"),
        [
            ("harm_now ||", "not a condition"),
            ("harm_nwo", "not known there"),
            ('harm_now || "x".matches("y")', "only logic"),
        ],
    )
    def test_in_a_condition_are_named_by_their_place(self, folder: Path, condition: str, complaint: str) -> None:
        change(folder, "rules.yaml", "when: harm_now || threat_within_hours", f"when: '{condition}'")
        with pytest.raises(PackInvalid, match=complaint) as caught:
            screen(Packs(folder).get("seed-default"), report(child("PA2")))
        assert caught.value.paths == ("seed-default@1.0.0: trees.PA.P1",)

    @pytest.mark.parametrize(
        ("before", "after", "place"),
        [
            ("when: harm_now || threat_within_hours", 'when: severity > "1"', "trees.PA.P1"),
            (
                'when: "true", fallback: true, tier: T3, cite: [CLASSES]',
                "when: PA1, fallback: true, tier: T3, cite: [CLASSES]",
                "trees.PA",
            ),
            ('when: "true"\n    result: SCREEN_IN', "when: PA1\n    result: SCREEN_IN", "screening"),
        ],
    )
    def test_that_only_some_report_meets_are_named_when_it_does(
        self, folder: Path, before: str, after: str, place: str
    ) -> None:
        change(folder, "rules.yaml", before, after)
        with pytest.raises(PackInvalid) as caught:
            screen(Packs(folder).get("seed-default"), report(child("PA2")))
        assert caught.value.paths == (f"seed-default@1.0.0: {place}",)

    def test_that_make_a_pack_incoherent_are_no_decision(self, folder: Path) -> None:
        change(folder, "rules.yaml", "id: P2\n", "id: P1\n")
        with pytest.raises(PackInvalid, match="P1 is there 2 times"):
            screen(Packs(folder).get("seed-default"), report(child("PA2")))

    def test_an_id_written_twice_is_not_merged(self, folder: Path) -> None:
        write(
            folder,
            "x",
            "1.0.0",
            trees=[{"id": "NE", "lines": [{"id": "N15", "tier": "T2"}, {"id": "N15", "tier": "T3"}]}],
        )
        with pytest.raises(PackInvalid, match="written twice") as caught:
            Packs(folder).get("x")
        assert caught.value.paths == ("trees.NE.lines",)

    @pytest.mark.parametrize("entry", ["offices", "counties"])
    def test_in_what_an_office_changes_are_named_by_their_place(self, folder: Path, entry: str) -> None:
        write(folder, "x", "1.0.0", **{entry: {"metro": {"clocks": {"FINDING": {"due": [{"fortnights": 1}]}}}}})
        with pytest.raises(PackInvalid) as caught:
            Packs(folder).get("x")
        assert caught.value.paths[0].startswith(f"x/1.0.0: {entry}.metro.clocks.FINDING.due.0")

    def test_answers_and_times_are_words_not_booleans_and_numbers(self) -> None:
        document = Packs().get("seed-default").document
        assert document["report_facts"][0]["unknown"] == "YES"
        assert document["calendars"]["office"]["opens"] == "08:00"


class TestSeals:
    """A version that was put in force can no longer be changed; a signature says by whom."""

    def sealed(self, folder: Path, key: Path | None = None) -> Pack:
        pack = Packs(folder).get("seed-default")
        write_seal(folder / "seed-default/1.0.0", pack.sha256, key)
        return Packs(folder).get("seed-default")

    def test_a_pack_is_a_draft_then_sealed_then_signed(self, folder: Path, key: Path) -> None:
        assert Packs(folder).get("seed-default").state == "draft"
        assert self.sealed(folder).state == "sealed"
        assert self.sealed(folder, key).state == "signed by policy-office"

    @pytest.mark.parametrize("signed", [False, True])
    def test_a_changed_pack_gives_no_decision(self, folder: Path, key: Path, signed: bool) -> None:
        self.sealed(folder, key if signed else None)
        change(folder, "rules.yaml", "severity >= 3 || emergency_care", "severity >= 4 || emergency_care")
        with pytest.raises(PackTampered, match="new version") as caught:
            Packs(folder).in_force("seed-default", RECEIVED)
        assert (caught.value.code, caught.value.paths) == ("PACK_TAMPERED", ("seed-default/1.0.0",))

    def test_a_changed_base_is_seen_through_what_extends_it(self, folder: Path) -> None:
        write(folder, "x", "1.0.0")
        write_seal(folder / "x/1.0.0", Packs(folder).get("x").sha256)
        change(folder, "clocks.yaml", "late_entry: {minutes: 15}", "late_entry: {minutes: 99}")
        with pytest.raises(PackTampered):
            Packs(folder).get("x")

    @pytest.mark.parametrize(
        "forge",
        [
            lambda seal: {**seal, "signature": "00" * 64},
            lambda seal: {**seal, "signature": "no hexadecimal"},
            lambda seal: {**seal, "key": "somebody"},
            lambda seal: {"sha": seal["sha256"]},
        ],
        ids=["signature", "garbage", "key", "entries"],
    )
    def test_a_forged_seal_is_refused(self, folder: Path, key: Path, forge: Callable[[Any], Any]) -> None:
        self.sealed(folder, key)
        path = folder / "seed-default/1.0.0/seal.json"
        path.write_text(json.dumps(forge(json.loads(path.read_text()))))
        with pytest.raises(PackTampered):
            Packs(folder).get("seed-default")

    def test_a_seal_copied_with_a_new_hash_needs_the_key(self, folder: Path, key: Path) -> None:
        self.sealed(folder, key)
        path = folder / "seed-default/1.0.0/seal.json"
        seal = json.loads(path.read_text())
        change(folder, "clocks.yaml", "late_entry: {minutes: 15}", "late_entry: {minutes: 99}")
        path.unlink()
        path.write_text(json.dumps({**seal, "sha256": Packs(folder).get("seed-default").sha256}))
        with pytest.raises(PackTampered, match="signature"):
            Packs(folder).get("seed-default")

    def test_where_keys_are_trusted_only_packs_signed_with_one_of_them_are_taken(
        self, folder: Path, key: Path, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        trusted = tmp_path_factory.mktemp("trusted")
        with pytest.raises(PackTampered, match="not signed"):
            Packs(folder, trusted=trusted).get("seed-default")
        self.sealed(folder)
        with pytest.raises(PackTampered, match="not signed"):
            Packs(folder, trusted=trusted).get("seed-default")
        signed = self.sealed(folder, key)
        with pytest.raises(PackTampered, match="the keys trusted here are none") as caught:
            Packs(folder, trusted=trusted).get("seed-default")
        assert caught.value.paths == ("seed-default/1.0.0",)
        shutil.copy(folder / "keys/policy-office.pem", trusted)
        held = Packs(folder, trusted=trusted)
        assert held.get("seed-default").state == "signed by policy-office"
        assert held.by_sha256(signed.sha256).ref == signed.ref

    def test_a_key_that_lies_beside_the_pack_is_not_trusted_for_that(
        self, folder: Path, key: Path, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        self.sealed(folder, key)
        trusted = tmp_path_factory.mktemp("trusted")
        other = Ed25519PrivateKey.generate().public_key()
        (trusted / "policy-office.pem").write_bytes(other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        with pytest.raises(PackTampered, match="does not belong to it"):
            Packs(folder, trusted=trusted).get("seed-default")
        seal = folder / "seed-default/1.0.0/seal.json"
        beside = str(folder / "keys/policy-office")
        seal.write_text(json.dumps(json.loads(seal.read_text()) | {"key": beside}))
        with pytest.raises(PackTampered, match="the keys trusted here are policy-office"):
            Packs(folder, trusted=trusted).get("seed-default")

    def test_packs_that_are_not_asked_for_need_no_signature(self, folder: Path, key: Path) -> None:
        signed = self.sealed(folder, key)
        write(folder, "a-draft", "1.0.0")
        held = Packs(folder, trusted=folder / "keys")
        assert held.by_sha256(signed.sha256).ref == signed.ref
        with pytest.raises(PackTampered, match="not signed"):
            held.by_sha256(Packs(folder).get("a-draft").sha256)


def test_every_shipped_pack_says_who_answers_for_it_and_what_is_to_be_learned() -> None:
    """R090, R110: owner, contact, citations, handbook, training notice."""
    for pack in Packs().all():
        document = pack.document
        assert document["owner"]
        assert "@" in document["contact"]
        assert "@" in pack.last_resort
        assert document["citations"]
        assert document["handbook"]
        assert document["training"]["roles"]
        assert "review" in document


def test_the_fast_canonical_form_is_the_standard_one() -> None:
    decision = screen(Packs().get("seed-default"), report(child("PA2", "SA1", severity=4)))
    assert decision.canonical() == canonical(decision.as_json())
    awkward = {"b": 'a\u0000\u001f"\\\n\u007fé€😀', "a": [True, None, -1, 2**53 - 1, {}], "B": ""}
    assert canonical_plain(awkward) == canonical(awkward)
