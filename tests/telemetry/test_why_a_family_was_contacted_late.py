"""Why was this family contacted late? One command answers from the reference number alone (R113)."""

from __future__ import annotations

import json
import re
from datetime import datetime

from tests.telemetry.conftest import Journey


def test_one_command_answers_from_the_reference_number(journey: Journey) -> None:
    done = journey.hotline("why", journey.reference, "--json")

    assert done.returncode == 1, done.stdout + done.stderr
    answer = json.loads(done.stdout)
    by_kind = {promise["kind"]: promise for promise in answer["promises"]}
    assert {kind: promise["verdict"] for kind, promise in by_kind.items()} == {
        "SCREENING_DECISION": "MET",
        "ASSIGNMENT_ACK": "MET",
        "FIRST_CONTACT": "LATE",
        "FINDING": "MET",
    }
    contact = by_kind["FIRST_CONTACT"]
    late = (datetime.fromisoformat(contact["done_at"]) - datetime.fromisoformat(contact["due_at"])).total_seconds()
    assert contact["late_seconds"] == late > 3
    assert [rung["rung"] for rung in contact["rungs"]][:4] == ["owner", "half-time", "supervisor", "manager"]
    assert all(at for rung in contact["rungs"][:3] for at in rung["told"].values())
    assert "NOBODY_ACTED" in [reason["code"] for reason in contact["reasons"]]
    # The stack has just started: an alarm may ring some seconds late, and then it is said; minutes would be a fault.
    assert all(reason["late"] < 30 for reason in contact["reasons"] if reason["code"] == "ALARM_LATE")


def test_it_names_the_traces_in_which_everything_happened(journey: Journey) -> None:
    answer = json.loads(journey.hotline("why", journey.reference, "--json").stdout)

    (contact,) = [promise for promise in answer["promises"] if promise["kind"] == "FIRST_CONTACT"]
    told = {span.trace_id for span in journey.told.spans()}
    assert {trace["trace_id"] for trace in contact["traces"]} <= told
    events = [event for trace in contact["traces"] for event in trace["events"]]
    assert events[0] == "MADE"
    assert events[-1] == "ATTEMPTED"


def test_without_a_trace_store_it_says_that_failures_are_not_known(journey: Journey) -> None:
    done = journey.hotline("why", journey.reference)

    assert done.returncode == 1
    assert "FIRST_CONTACT: LATE, 0:00:" in done.stdout
    assert re.search(r"Maria Castellan knew of it 0:00:\d\d before it was due", done.stdout)
    assert "What failed meanwhile is not known: HOTLINE_TRACES_URL names no trace store" in done.stdout


def test_with_a_trace_store_it_says_what_failed_meanwhile(journey: Journey) -> None:
    done = journey.hotline("why", journey.reference, "--json", HOTLINE_TRACES_URL=journey.told.endpoint)

    answer = json.loads(done.stdout)
    assert answer["failures"] is not None, answer["failures_unknown_because"]
    assert answer["promises"][0]["traces"][0]["page"].startswith(f"{journey.told.endpoint}/trace/")


def test_a_trace_store_that_does_not_answer_is_said_and_the_rest_stands(journey: Journey) -> None:
    done = journey.hotline("why", journey.reference, HOTLINE_TRACES_URL="http://127.0.0.1:9")

    assert done.returncode == 1
    assert "FIRST_CONTACT: LATE" in done.stdout
    assert re.search(r"not known: http://127\.0\.0\.1:9/api/traces/\w{32} does not answer", done.stdout)


def test_an_unknown_reference_is_refused(journey: Journey) -> None:
    done = journey.hotline("why", "0000-0000")

    assert done.returncode == 2
    assert "nothing was promised under 0000-0000" in done.stderr
