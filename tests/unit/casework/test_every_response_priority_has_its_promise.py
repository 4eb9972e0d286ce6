"""A label of urgency without a clock would promise nothing: each has its promises, in every pack that is shipped."""

from datetime import UTC, datetime

import pytest

from policy.due import arm
from policy.packs import Pack, Packs
from services.casework.model.investigations import promised

TIERS = ("T0", "T1", "T2", "T3", "T4")
RECEIVED = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)


@pytest.mark.parametrize("pack", Packs().all(), ids=lambda pack: f"{pack.id} {pack.version}")
@pytest.mark.parametrize("tier", TIERS)
def test_every_tier_promises_a_first_contact_and_a_finding_that_somebody_is_told_of(pack: Pack, tier: str) -> None:
    """California CWS: a response-time label had no clock."""
    kinds = promised(tier, ())
    assert {"FIRST_CONTACT", "FINDING"} <= set(kinds)
    for kind in kinds:
        armed = arm(pack, kind, RECEIVED, tier=tier)
        assert armed.due.at > RECEIVED
        assert armed.rungs
        assert armed.terms.stops_on


def test_the_more_urgent_a_tier_the_sooner_a_child_is_seen() -> None:
    pack = Packs().in_force("seed-default", RECEIVED)
    due = [arm(pack, "FIRST_CONTACT", RECEIVED, tier=tier).due.at for tier in TIERS]
    assert due == sorted(due)
    assert due[0] < due[-1]
