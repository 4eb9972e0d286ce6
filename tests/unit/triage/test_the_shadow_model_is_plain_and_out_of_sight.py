"""The shadow slot: what its model may look at, that no one who decides sees its score, and that it is off (R042)."""

from __future__ import annotations

import asyncio
import copy
import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, ServiceDescriptor
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.service import Runtime
from chassis.settings import Settings
from deploy.local.platform import platform_processes
from deploy.local.settings import StackSettings
from hotline.triage.v1 import triage_events_pb2 as events
from hotline.triage.v1 import triage_shadow_events_pb2 as shadow
from policy.errors import PolicyError
from services.triage.shadow import consumers
from services.triage.shadow.disparity import Scored, disparity, ranking
from services.triage.shadow.model import BASELINE, FEATURES, PointsTable, features, load
from services.triage.shadow.settings import ShadowSettings
from tools import train_shadow
from tools.invented_reports import invented

ROOT = Path(__file__).parents[3]
REPORTS = list(invented(200, seed=9))


class TestTheModel:
    def test_points_add_up_and_one_curve_makes_them_a_share(self) -> None:
        table = PointsTable("t", "1", base=-10, points={"danger now": 20, "access now": 5, "neglect": 5})
        calm: dict[str, Any] = {"report": {}, "children": [{"id": "c1", "criteria": [], "facts": {}}]}
        assert table.score(calm) == pytest.approx(0.26894, abs=1e-5)
        facts = {"alone_now": "YES", "access": "NOW"}
        danger = {"report": {}, "children": [{"id": "c1", "criteria": ["NE1"], "facts": facts}]}
        assert set(features(danger)) == {"danger now", "access now", "neglect"}
        assert table.score(danger) == pytest.approx(0.88080, abs=1e-5)

    def test_only_alleged_victims_count_if_there_are_any(self) -> None:
        alleged = {"id": "c1", "criteria": ["PA2"], "facts": {"age_months": 100}}
        sibling = {"id": "c2", "criteria": [], "facts": {"age_months": 3}}
        assert "under one year" not in set(features({"report": {}, "children": [alleged, sibling]}))
        assert "under one year" in set(features({"report": {}, "children": [sibling]}))

    def test_what_nobody_knows_earns_no_points(self) -> None:
        unknown = dict.fromkeys(("age_months", "severity", "access", "protective_adult", "alone_now"), "UNKNOWN")
        facts = {
            "report": {"prior_reports_12m": "UNKNOWN"},
            "children": [{"id": "c", "criteria": [], "facts": unknown}],
        }
        assert list(features(facts)) == []

    @settings(max_examples=100, deadline=None)
    @given(
        report=st.sampled_from(REPORTS),
        reporter=st.sampled_from(["MANDATED", "PERMISSIVE", "ANONYMOUS", "UNKNOWN"]),
        setting=st.sampled_from(["HOME", "FACILITY", "SCHOOL", "UNKNOWN"]),
        office=st.sampled_from(["maple-north", "harbor-south"]),
    )
    def test_who_told_it_and_where_do_not_move_the_score(
        self, report: Any, reporter: str, setting: str, office: str
    ) -> None:
        other = copy.deepcopy(report.facts) | {"office": office, "received_at": "2020-02-03T04:05:06+00:00"}
        other["report"] |= {"reporter": reporter, "setting": setting}
        assert load("baseline").score(other) == load("baseline").score(report.facts)

    def test_every_point_belongs_to_a_known_feature(self, tmp_path: Path) -> None:
        kept = json.loads(BASELINE.read_text())
        assert kept["points"].keys() <= FEATURES.keys()
        stranger = tmp_path / "model.json"
        stranger.write_text(json.dumps(kept | {"points": {"speaks another language": 5}}))
        with pytest.raises(PolicyError, match="speaks another language"):
            PointsTable.load(stranger)

    def test_another_name_than_that_of_a_model_is_refused(self) -> None:
        with pytest.raises(PolicyError, match="HOTLINE_SHADOW_MODEL"):
            load("oracle")


class TestTraining:
    def test_the_points_and_the_disparity_report_are_what_the_program_makes(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr("sys.argv", ["train_shadow", "--check"])
        assert train_shadow.main() == 0, capsys.readouterr().out

    def test_a_changed_point_is_found(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        kept = json.loads(BASELINE.read_text())
        kept["points"]["danger now"] += 1
        changed = tmp_path / "baseline.json"
        changed.write_text(json.dumps(kept))
        monkeypatch.setattr(train_shadow, "BASELINE", changed)
        monkeypatch.setattr("sys.argv", ["train_shadow", "--check"])
        assert train_shadow.main() == 1
        assert "not as trained: baseline.json" in capsys.readouterr().out

    def test_it_ranks_reports_it_has_not_seen_far_better_than_chance(self) -> None:
        table = train_shadow.train(invented(3_000, seed=1))
        assert ranking(train_shadow.scored(table, invented(2_000, seed=2))) > 0.8


class TestTheDisparityReport:
    def test_a_group_whose_children_are_missed_stands_out(self) -> None:
        def of(language: str, score: float, unsafe: bool, count: int) -> list[Scored]:
            return [Scored(score, unsafe, {"language": language})] * count

        items = of("en", 0.9, True, 90) + of("en", 0.1, True, 10) + of("en", 0.1, False, 100)
        items += of("so", 0.9, True, 10) + of("so", 0.1, True, 10) + of("so", 0.8, False, 5)
        english, somali = disparity(items)["language"]
        assert (english.value, english.missed.count, english.missed.total) == ("en", 10, 100)
        assert (somali.missed.count, somali.missed.total) == (10, 20)
        assert (english.alarmed.count, somali.alarmed.count, somali.alarmed.total) == (0, 5, 5)
        assert english.missed.interval.high < somali.missed.interval.low
        assert somali.expected == pytest.approx(0.56)

    def test_it_covers_reporter_channel_language_and_age_and_nothing_else(self) -> None:
        items = train_shadow.scored(load("baseline"), REPORTS)
        assert disparity(items).keys() == {"reporter", "channel", "language", "age"}

    def test_a_score_that_is_the_same_for_all_ranks_like_a_coin(self) -> None:
        items = [Scored(0.3, unsafe, {}) for unsafe in (True, False, False, True)]
        assert ranking(items) == 0.5
        with pytest.raises(ValueError, match="both kinds"):
            ranking(items[:1])


class TestOutOfSight:
    def test_no_call_of_any_service_answers_with_a_score(self) -> None:
        seen: set[str] = set()
        for file in sorted((ROOT / "proto").glob("hotline/*/v1/*.proto")):
            module = import_module(".".join(file.relative_to(ROOT / "proto").with_suffix("").parts) + "_pb2")
            for service in module.DESCRIPTOR.services_by_name.values():
                seen |= _answered(service)
        assert len(seen) > 50
        assert shadow.ReportScored.DESCRIPTOR.full_name not in {name.split(":")[0] for name in seen}
        assert not [name for name in seen if "score" in name.lower() or "shadow" in name.lower()]

    def test_the_search_would_find_a_score(self) -> None:
        found = _fields(shadow.ReportScored.DESCRIPTOR, set())
        assert "hotline.triage.v1.ReportScored:score" in found

    def test_no_other_part_of_the_product_reads_what_the_slot_writes(self) -> None:
        words = ("triage_shadow", "ReportScored", "hotline.triage.shadow")
        own = ROOT / "services" / "triage" / "shadow"
        files = [
            file
            for room in ("services", "workflows", "cli")
            for file in (ROOT / room).rglob("*")
            if file.suffix in (".py", ".sql") and own not in file.parents
        ]
        assert len(files) > 60
        assert [file.name for file in files if any(word in file.read_text() for word in words)] == []

    def test_it_hears_of_nothing_before_a_person_has_decided(self) -> None:
        heard = consumers.subscriptions(None, load("baseline"))  # type: ignore[arg-type]
        assert {topic: set(facts) for topic, facts in heard.items()} == {
            "hotline.triage.decision.v1": {events.DecisionMade.DESCRIPTOR.full_name}
        }

    def test_its_own_table_keeps_no_score(self) -> None:
        (migration,) = (ROOT / "services/triage/shadow/migrations").glob("*.sql")
        columns = migration.read_text().partition("CREATE TABLE")[2]
        assert "double" not in columns
        assert "score " not in columns


class TestSwitchedOff:
    def test_it_is_off_unless_a_model_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("HOTLINE_SHADOW_MODEL", raising=False)
        assert ShadowSettings().shadow_model == "off"

    def test_the_embedded_stack_starts_its_process_only_where_a_model_is_named(self, tmp_path: Path) -> None:
        def started(model: str) -> list[str]:
            stack = StackSettings(home=tmp_path, shadow_model=model)
            return [part.name for part in platform_processes(stack) if part.name.startswith("triage ")]

        assert set(started("baseline")) - set(started("off")) == {"triage shadow"}

    async def test_switched_off_it_needs_neither_database_nor_kafka(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOTLINE_SHADOW_MODEL", "off")
        stop = asyncio.Event()
        running = asyncio.create_task(consumers.run(Runtime(Settings(), None), stop))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        assert not running.done()
        stop.set()
        await asyncio.wait_for(running, 5)

    async def test_a_model_that_does_not_exist_does_not_start(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOTLINE_SHADOW_MODEL", "oracle")
        with pytest.raises(PolicyError, match="MODEL_MISSING"):
            await consumers.run(
                Runtime(Settings(kafka_bootstrap="127.0.0.1:1"), None),  # type: ignore[arg-type]
                asyncio.Event(),
            )


def _answered(service: ServiceDescriptor) -> set[str]:
    """Every field of every message that some call of a service answers with."""
    found: set[str] = set()
    for method in service.methods:
        _fields(method.output_type, found)
    return found


def _fields(message: Descriptor, found: set[str]) -> set[str]:
    for field in message.fields:
        name = f"{message.full_name}:{field.name}"
        if name not in found:
            found.add(name)
            if field.message_type:
                _fields(field.message_type, found)
    return found
