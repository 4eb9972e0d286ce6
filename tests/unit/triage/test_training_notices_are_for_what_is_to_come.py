"""Which training notices matter at an instant."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from services.triage.model.training import notice_of, still_to_be_learned
from tests.unit.triage.reports import PACK

NOW = datetime(2026, 11, 2, 17, 30, tzinfo=UTC)
OLD = replace(PACK, version="1.0.0", effective_from=NOW - timedelta(days=900))
CURRENT = replace(PACK, version="2.0.0", effective_from=NOW - timedelta(days=1))
NEXT = replace(PACK, version="3.0.0", effective_from=NOW + timedelta(days=30))


def test_the_version_in_force_and_those_to_come_are_to_be_learned() -> None:
    assert still_to_be_learned((OLD, CURRENT, NEXT), NOW) == [CURRENT, NEXT]


def test_what_has_run_out_is_not_to_be_learned_any_more() -> None:
    ended = replace(CURRENT, effective_to=NOW)
    assert still_to_be_learned((OLD, ended, NEXT), NOW) == [NEXT]


def test_a_notice_says_what_is_new_and_to_whom() -> None:
    """R110."""
    notice = notice_of(PACK)
    assert notice.pack == PACK.ref
    assert "danger-now" in notice.text
    assert notice.roles == ("INTAKE_SPECIALIST", "SCREENER", "SUPERVISOR")
