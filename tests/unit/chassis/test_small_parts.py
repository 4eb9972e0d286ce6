"""Settings, named queries, deadlines, partitions and the log's allow-list."""

from pathlib import Path

import pytest

from chassis import deadline, logs, outbox
from chassis.queries import Queries
from chassis.settings import MissingSetting, Settings


def test_a_missing_setting_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOTLINE_KAFKA_BOOTSTRAP", raising=False)
    with pytest.raises(MissingSetting, match="HOTLINE_KAFKA_BOOTSTRAP"):
        Settings().need("kafka_bootstrap")


def test_settings_come_from_the_environment_and_hide_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_DATABASE_URL", "postgresql://intake:a-password@127.0.0.1/intake")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    settings = Settings()
    assert settings.need("database_url").endswith("/intake")
    assert settings.otlp_endpoint == "http://127.0.0.1:4318"
    assert "a-password" not in repr(settings)


def test_queries_are_whole_files_or_named_sections(tmp_path: Path) -> None:
    (tmp_path / "whole.sql").write_text("SELECT 1;\n")
    (tmp_path / "many.sql").write_text("-- name: first\nSELECT 2;\n\n-- name: second\n-- Why.\nSELECT 3;\n")
    queries = Queries.load(tmp_path)
    assert (queries.whole, queries.first, queries.second) == ("SELECT 1;", "SELECT 2;", "-- Why.\nSELECT 3;")


def test_an_unknown_query_says_where_to_add_it(tmp_path: Path) -> None:
    (tmp_path / "one.sql").write_text("SELECT 1;")
    with pytest.raises(AttributeError, match="add `-- name: other`"):
        _ = Queries.load(tmp_path).other


def test_two_queries_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("-- name: same\nSELECT 1;")
    (tmp_path / "same.sql").write_text("SELECT 2;")
    with pytest.raises(ValueError, match="stands twice"):
        Queries.load(tmp_path)


def test_a_call_of_ours_takes_no_longer_than_our_own_caller_waits() -> None:
    deadline.begin(2.0)
    assert 1.5 < deadline.at_most(30.0) <= 2.0 - deadline.MARGIN
    assert deadline.at_most(0.5) == 0.5
    deadline.begin(None)
    assert deadline.at_most(30.0) == 30.0


def test_the_partition_of_an_aggregate_never_changes() -> None:
    """Rows carry their partition, so another answer in a later release would break the order of an aggregate."""
    identifier = "0199a0a0-0000-7000-8000-00000000000{}"
    assert [outbox.partition_of(identifier.format(n)) for n in range(6)] == PINNED


PINNED = [6, 0, 2, 4, 7, 1]


def test_a_log_line_keeps_declared_fields_and_names_the_others_without_their_values() -> None:
    kept = logs.keep_declared(None, "info", {"event": "x", "reference": "AB-12", "caller_name": "Wilhelmina Testcase"})
    assert kept == {"event": "x", "dropped_fields": ["caller_name", "reference"]}
