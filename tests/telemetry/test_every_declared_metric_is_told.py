"""A running stack tells every metric that the schema declares, as it declares it, and no other."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pyrage
import pytest

from chassis.schema import SCHEMA
from tests.otlp import ReceivedPoint
from tests.telemetry.conftest import Journey
from tests.waiting import waited_for

# Only a repair makes this one, and a stack on which all goes well makes none.
ONLY_IN_NEED = {"hotline.reconciler.repairs"}


@pytest.fixture(scope="module", autouse=True)
def _book(journey: Journey, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A downtime book is written, as every hour: how old the last one is is told from then on."""
    folder: Path = tmp_path_factory.mktemp("shelf")
    (folder / "keys.txt").write_text(f"{pyrage.x25519.Identity.generate().to_public()}\n")
    written = journey.hotline("downtime-book", "--out", str(folder), "--key", str(folder / "keys.txt"))
    assert written.returncode == 0, written.stderr


def ours(journey: Journey) -> list[ReceivedPoint]:
    return [point for point in journey.told.points() if not point.metric.startswith("temporal_")]


def test_every_declared_metric_is_told_and_no_other(journey: Journey) -> None:
    def told() -> set[str]:
        return {point.metric for point in ours(journey)} | ONLY_IN_NEED

    # Which are lacking is said by the comparison.
    with suppress(AssertionError):
        waited_for(lambda: told() >= set(SCHEMA.metrics), within=30)
    assert told() == set(SCHEMA.metrics)


def test_every_reading_has_the_unit_the_kind_and_the_attributes_of_the_schema(journey: Journey) -> None:
    for point in ours(journey):
        declared = SCHEMA.metrics[point.metric]
        assert (point.metric, point.unit, point.kind) == (declared.name, declared.unit, declared.kind)
        assert set(point.attributes) == set(declared.attributes), point.metric
        for name, value in point.attributes.items():
            assert value in SCHEMA.values.get(name, {value}), (point.metric, name, value)


def test_a_late_step_leads_to_the_trace_in_which_it_came(journey: Journey) -> None:
    (trace_id,) = {
        trace_id
        for point in journey.told.points("hotline.promise.lateness")
        if point.attributes == {"kind": "FIRST_CONTACT", "step": "settled"}
        for trace_id in point.exemplars
    }
    spans = journey.told.spans(trace_id)
    assert any(span.name.endswith("/RecordContact") for span in spans)
    assert any(span.attributes.get("hotline.verdict") == "LATE" for span in spans)


def test_calls_are_counted_by_method_and_by_how_they_ended(journey: Journey) -> None:
    ended = {
        (point.attributes["rpc.method"], point.attributes["rpc.response.status_code"])
        for point in journey.told.points("rpc.server.call.duration")
    }
    assert ("SubmitReport", "OK") in ended
    # `report show` asks for an investigation that is not there yet.
    assert ("GetInvestigation", "NOT_FOUND") in ended


def test_open_promises_come_and_go(journey: Journey) -> None:
    first_contacts = [
        point.value
        for point in journey.told.points("hotline.promises")
        if point.attributes == {"kind": "FIRST_CONTACT", "state": "OPEN"}
    ]
    assert 1 in first_contacts
    assert first_contacts[-1] == 0


def test_temporals_own_figures_are_told_under_the_names_that_alerts_use(journey: Journey) -> None:
    told = {point.metric for point in journey.told.points() if point.metric.startswith("temporal_")}

    waited_for(
        lambda: "temporal_worker_task_slots_available" in {point.metric for point in journey.told.points()}, within=30
    )
    assert "temporal_activity_execution_latency" in told
