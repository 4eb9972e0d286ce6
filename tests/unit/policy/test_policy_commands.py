"""`hotline screen`, `due` and `packs` as policy people type them, without a running stack."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from screening_desk import PACK, child, report, without

from cli.policy import due, packs, screen
from policy.packs import SHIPPED
from policy.screening import screen as screen_by

FACTS = report(child("PA2", severity=2, access="UNKNOWN", protective_adult="NO", safe_place="NO"))


def run(command: Any, *arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(command, arguments, input=given)


@pytest.fixture
def facts(tmp_path: Path) -> str:
    path = tmp_path / "facts.json"
    path.write_text(json.dumps(FACTS))
    return str(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = tmp_path / "packs"
    shutil.copytree(SHIPPED, copy)
    for seal in copy.glob("*/*/seal.json"):
        seal.unlink()
    return copy


class TestScreen:
    def test_prints_the_decision_in_canonical_form(self, facts: str) -> None:
        result = run(screen, facts)
        assert (result.exit_code, result.stdout_bytes) == (0, screen_by(PACK, FACTS).canonical() + b"\n")
        assert run(screen, "-", given=json.dumps(FACTS)).stdout_bytes == result.stdout_bytes

    def test_takes_another_pack_or_version(self, facts: str) -> None:
        assert json.loads(run(screen, facts, "--pack", "il-300").output)["pack"]["id"] == "il-300"
        assert json.loads(run(screen, facts, "--pack", "seed-default@1.0.0").output)["pack"]["version"] == "1.0.0"

    def test_refuses_a_version_that_was_not_in_force_at_receipt(self, folder: Path) -> None:
        """R109: what another version would have decided is replay's question."""
        newer = folder / "seed-default/1.1.0"
        shutil.copytree(folder / "seed-default/1.0.0", newer)
        text = (newer / "pack.yaml").read_text(encoding="utf-8")
        text = text.replace("version: 1.0.0", "version: 1.1.0").replace("from: 2020", "from: 2026")
        (newer / "pack.yaml").write_text(text, encoding="utf-8")

        def answer(version: str, year: int) -> Any:
            given = json.dumps(report(child("NE1"), received_at=f"{year}-06-01T12:00:00-05:00"))
            return json.loads(run(screen, "-", "--pack", version, "--folder", str(folder), given=given).output)

        assert answer("seed-default@1.0.0", 2025)["pack"]["version"] == "1.0.0"
        assert answer("seed-default@1.1.0", 2026)["pack"]["version"] == "1.1.0"
        for version, year in (("seed-default@1.0.0", 2026), ("seed-default@1.1.0", 2025)):
            error = answer(version, year)["error"]
            assert (error["code"], error["paths"]) == ("PACK_NOT_IN_FORCE", [version])
        assert answer("seed-default@1.0.0", 2019)["error"]["code"] == "PACK_NOT_IN_FORCE"
        assert answer("seed-default@1.2.0", 2026)["error"]["code"] == "PACK_MISSING"

    def test_says_why_with_single_facts_that_would_change_it(self, facts: str) -> None:
        """R040, R043."""
        answer = json.loads(run(screen, facts, "--why").output)
        found = {(item["child"], item["fact"], item["instead"]): item for item in answer["counterfactuals"]}
        assert found["c1", "severity", 1]["tier"] == "T2"
        assert found["c1", "severity", 3]["tier"] == "T0"
        assert found["c1", "access", "NONE"] == {
            "child": "c1",
            "fact": "access",
            "answer": "UNKNOWN",
            "instead": "NONE",
            "screening": "SCREEN_IN",
            "reason": None,
            "tier": "T3",
        }
        assert found[None, "jurisdiction", "OUT"]["reason"] == "OTHER_JURISDICTION"
        assert (None, "setting", "SCHOOL") not in found
        assert found[None, "duplicate_of", "given"]["reason"] == "DUPLICATE"

    @pytest.mark.parametrize(
        ("given", "code", "paths"),
        [
            ("{", "BAD_JSON", []),
            ("[]", "BAD_JSON", []),
            ('{"report": {}, "report": {}}', "BAD_JSON", []),
            ('{"report":{},"report":{}}', "BAD_JSON", []),
            ('{"children":[{"id":"c1","id":"c1"}]}', "BAD_JSON", []),
            ('{"\\ud800": 1}', "BAD_JSON", []),
            ('{"a":' * 300 + "1" + "}" * 300, "MISSING_KEY", ["received_at"]),
            ('{"received_at": "9999-12-31T23:59:59-06:00"}', "BAD_VALUE", ["received_at"]),
            (json.dumps(report(child("NE1"), race="X")), "UNKNOWN_KEY", ["report.race"]),
            (json.dumps(report(without(child("NE1"), "access"))), "NOT_ASKED", ["children[0].facts.access"]),
            (json.dumps(report(child(), received_at="1999-01-01T00:00:00Z")), "PACK_NOT_IN_FORCE", ["seed-default"]),
        ],
    )
    def test_refuses_with_a_code_and_the_paths_and_exit_code_2(self, given: str, code: str, paths: list[str]) -> None:
        result = run(screen, "-", given=given)
        error = json.loads(result.output)["error"]
        assert (result.exit_code, error["code"], error["paths"]) == (2, code, paths)
        assert error["message"]

    def test_refuses_a_pack_it_does_not_have(self, facts: str) -> None:
        result = run(screen, facts, "--pack", "atlantis")
        assert (result.exit_code, json.loads(result.output)["error"]["code"]) == (2, "PACK_MISSING")

    def test_of_many_lines_answers_each_in_its_place_and_exits_0(self) -> None:
        lines = [json.dumps(FACTS), "{", "", json.dumps(report(child("NE1"), race="X")), json.dumps(FACTS)]
        result = run(screen, "--lines", given="\n".join(lines) + "\n")
        answers = [json.loads(line) for line in result.output.splitlines()]
        assert result.exit_code == 0
        codes = [answer.get("error", {}).get("code") for answer in answers]
        assert codes == [None, "BAD_JSON", "BAD_JSON", "UNKNOWN_KEY", None]
        assert answers[0] == answers[4] == json.loads(screen_by(PACK, FACTS).canonical())

    def test_no_line_ends_the_others(self) -> None:
        """Half a character, times at the ends of what a date can be, numbers beyond all bounds, nesting without end."""
        far = [
            report(child("NE1"), received_at=at) for at in ("9999-12-31T23:59:59-06:00", "0001-01-01T00:00:00+06:00")
        ]
        many = report(child("SA1", last_incident_days=2**53 - 1, hours_since_sexual_contact="UNKNOWN"))
        lines = ['{"\\ud800": 1}', '{"office": "\\udfff"}', *map(json.dumps, (*far, many)), "9" * 5000, "[" * 100_000]
        result = run(screen, "--lines", "--pack", "seed-default@1.0.0", given="\n".join([*lines, json.dumps(FACTS)]))
        answers = [json.loads(line) for line in result.output.splitlines()]
        codes = [answer.get("error", {}).get("code") for answer in answers]
        assert (result.exit_code, codes) == (0, ["BAD_JSON"] * 2 + ["BAD_VALUE"] * 3 + ["BAD_JSON"] * 2 + [None])

    def test_a_pack_that_breaks_on_some_report_is_the_error_of_that_line(self, folder: Path) -> None:
        rules = folder / "seed-default/1.0.0/rules.yaml"
        text = rules.read_text(encoding="utf-8")
        rules.write_text(text.replace("when: lethal_hazard,", 'when: lethal_hazard > "",'), encoding="utf-8")
        lines = [json.dumps(FACTS), json.dumps(report(child("NE1"))), json.dumps(FACTS)]
        result = run(screen, "--lines", "--folder", str(folder), given="\n".join(lines))
        answers = [json.loads(line) for line in result.output.splitlines()]
        assert (result.exit_code, [answer.get("error", {}).get("code") for answer in answers]) == (
            0,
            [None, "PACK_INVALID", None],
        )
        checked = run(packs, "check", "seed-default", "--folder", str(folder))
        error = json.loads(checked.output)["error"]
        assert (checked.exit_code, error["paths"]) == (2, ["seed-default@1.0.0: trees.NE.N5"])

    def test_answers_each_line_that_came_before_it_waits_for_more(self) -> None:
        line = json.dumps(FACTS).encode()
        with subprocess.Popen(
            [sys.executable, "-m", "cli", "screen", "--lines"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as asked:
            assert asked.stdin
            assert asked.stdout
            asked.stdin.write(line + b"\n" + line[:40])
            asked.stdin.flush()
            first = asked.stdout.readline()
            asked.stdin.write(line[40:])
            asked.stdin.close()
            assert asked.stdout.read() == first
        assert json.loads(first) == json.loads(screen_by(PACK, FACTS).canonical())


class TestDue:
    def test_prints_due_time_and_steps(self) -> None:
        result = run(due, "--clock", "CALLBACK_STANDARD", "--received", "2026-11-20T18:00:00-06:00")
        answer = json.loads(result.output)
        assert (result.exit_code, answer["due"]) == (0, "2026-11-23T17:00:00-06:00")
        assert answer["steps"][-1] == "due 2026-11-23T17:00:00-06:00"

    def test_takes_pack_tier_and_presence(self) -> None:
        received = ("--received", "2026-11-22T17:30:00-06:00")
        first = json.loads(run(due, "--pack", "tx", "--clock", "FIRST_CONTACT", "--tier", "T2", *received).output)
        assert first["due"] == "2026-11-25T17:30:00-06:00"
        check = json.loads(run(due, "--clock", "VOICEMAIL_CHECK", "--presence", "away", *received).output)
        assert check["due"] == "2026-11-23T10:00:00-06:00"

    def test_says_that_an_office_without_rules_of_its_own_follows_the_jurisdiction(self) -> None:
        """R102."""
        clock = ("--clock", "FINDING", "--received", "2026-11-22T17:30:00-06:00")
        steps = json.loads(run(due, *clock, "--office", "nowhere").output)["steps"]
        assert steps[1] == (
            "the pack says nothing of its own for office nowhere: the jurisdiction's clocks and calendar hold"
        )
        assert len(json.loads(run(due, *clock).output)["steps"]) == len(steps) - 1

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            (("--clock", "FINDING", "--tier", "banana", "--received", "2026-11-22T17:30:00-06:00"), "CLOCK_UNDEFINED"),
            (
                ("--pack", "tx@1.0.0", "--clock", "FINDING", "--received", "2019-11-22T17:30:00-06:00"),
                "PACK_NOT_IN_FORCE",
            ),
            (("--clock", "FIRST_CONTACT", "--received", "2026-11-22T17:30:00-06:00"), "CLOCK_UNDEFINED"),
            (("--clock", "FINDING", "--received", "yesterday"), "BAD_VALUE"),
            (("--clock", "FINDING", "--received", "9999-12-31T23:59:59-06:00"), "BAD_VALUE"),
            (("--clock", "FINDING", "--received", "2026-11-22T17:30:00"), "BAD_VALUE"),
            (("--clock", "FINDING", "--received", "1999-11-22T17:30:00Z"), "PACK_NOT_IN_FORCE"),
        ],
    )
    def test_refuses_what_it_cannot_compute(self, arguments: tuple[str, ...], code: str) -> None:
        result = run(due, *arguments)
        assert (result.exit_code, json.loads(result.output)["error"]["code"]) == (2, code)


class TestPacks:
    def test_are_listed_with_their_state_and_training_notice(self) -> None:
        """R090, R110."""
        listed = {pack["id"]: pack for pack in json.loads(run(packs, "list", "--json").output)}
        assert {"seed-default", "il-300", "tx", "ga", "ca", "demo"} <= listed.keys()
        assert listed["il-300"]["training"]["notice"]
        assert "seed-default" in run(packs, "list").output

    def test_are_checked_with_counts(self) -> None:
        result = run(packs, "check", "tx")
        assert result.exit_code == 0
        assert "proven  tree NE: 15 lines, 6,291,456 combinations" in result.output
        assert "FAILED" not in result.output

    def test_that_fail_are_shown_with_a_counterexample(self, folder: Path) -> None:
        rules = folder / "seed-default/1.0.0/rules.yaml"
        text = rules.read_text(encoding="utf-8")
        rules.write_text(
            text.replace("when: lethal_hazard,", "when: lethal_hazard && adult_present,"), encoding="utf-8"
        )
        result = run(packs, "check", "seed-default", "--folder", str(folder))
        assert result.exit_code == 1
        assert "FAILED  tree NE" in result.output
        assert "adult_present NO instead of YES lowers T1 (N5" in result.output
        refused = run(packs, "sign", "seed-default", "--folder", str(folder))
        assert (refused.exit_code, json.loads(refused.output)["error"]["code"]) == (2, "PACK_UNPROVEN")

    def test_are_compared(self) -> None:
        output = run(packs, "diff", "seed-default", "tx").output
        assert "changed  clocks.FIRST_CONTACT.due" in output
        assert run(packs, "diff", "tx", "tx").output == "no difference\n"

    def test_are_signed_and_then_refused_when_changed(self, folder: Path, tmp_path: Path) -> None:
        key = tmp_path / "policy-office.pem"
        private = Ed25519PrivateKey.generate()
        key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        signed = run(packs, "sign", "seed-default", "--key", str(key), "--folder", str(folder))
        assert "signed with the key policy-office" in signed.output
        clocks = folder / "seed-default/1.0.0/clocks.yaml"
        clocks.write_text(clocks.read_text(encoding="utf-8").replace("hours: 24", "hours: 48"), encoding="utf-8")
        result = run(screen, "-", "--folder", str(folder), given=json.dumps(FACTS))
        error = json.loads(result.output)["error"]
        assert (result.exit_code, error["code"], error["paths"]) == (2, "PACK_TAMPERED", ["seed-default/1.0.0"])
