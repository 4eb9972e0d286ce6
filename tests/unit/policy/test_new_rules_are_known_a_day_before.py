"""A new version of a pack in use takes effect a day after it was sealed and rolled out, or later."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.policy import packs
from policy.errors import PolicyError
from policy.notice import NOTICE, require_notice
from policy.packs import Packs
from tests import county

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Packs of a county that follows the default rules; its first version is in force."""
    return county.begin(tmp_path)


def sign(folder: Path, version: str) -> Result:
    return CliRunner().invoke(packs, ["sign", f"county@{version}", "--folder", str(folder)])


def test_a_day_ahead_is_enough_and_a_moment_less_is_not(folder: Path) -> None:
    county.write(folder, "1.1.0", NOW + NOTICE)
    pack = Packs(folder).get("county", "1.1.0")
    require_notice(pack, NOW)
    with pytest.raises(PolicyError) as refused:
        require_notice(pack, NOW + timedelta(seconds=1))
    assert (refused.value.code, refused.value.paths) == ("PACK_TOO_SOON", ("county/1.1.0",))
    assert "takes effect at 2026-11-23T12:00:00+00:00" in refused.value.message
    assert "give it a later effective_from" in refused.value.message


def test_a_version_that_follows_a_sealed_one_is_not_sealed_later_than_a_day_before(folder: Path) -> None:
    county.seal(folder, "1.0.0")
    county.write(folder, "1.1.0", datetime.now(UTC) + NOTICE - timedelta(minutes=1))
    county.write(folder, "1.2.0", datetime.now(UTC) + NOTICE + timedelta(hours=1))

    too_soon, in_time = sign(folder, "1.1.0"), sign(folder, "1.2.0")

    assert (too_soon.exit_code, json.loads(too_soon.output)["error"]["code"]) == (2, "PACK_TOO_SOON")
    assert not (folder / "county/1.1.0/seal.json").exists()
    assert in_time.exit_code == 0, in_time.output


def test_the_first_version_may_have_been_in_force_for_years_and_may_be_sealed_again(folder: Path) -> None:
    assert sign(folder, "1.0.0").exit_code == 0
    assert sign(folder, "1.0.0").exit_code == 0
