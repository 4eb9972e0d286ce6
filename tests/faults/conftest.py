"""The long fault runs go on where they were stopped: what has passed on this very tree is not run again."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

_PASSED = "hotline/faults"
_FOLDER = Path(__file__).parent


def _tree() -> str:
    """Names the tree as it is: its commit and what differs from it."""
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=_FOLDER, check=True, capture_output=True, text=True)
    changes = subprocess.run(["git", "diff", "HEAD"], cwd=_FOLDER, check=True, capture_output=True)
    return f"{commit.stdout.strip()}+{hashlib.sha256(changes.stdout).hexdigest()[:12]}"


def _passed(config: pytest.Config) -> list[str]:
    assert config.cache is not None
    kept = config.cache.get(_PASSED, {})
    return list(kept.get(_tree(), []))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = [item for item in items if item.get_closest_marker("faults")]
    if not wanted:
        return
    done = set(_passed(config))
    again = [item for item in wanted if item.nodeid in done]
    if again:
        config.hook.pytest_deselected(items=again)
        items[:] = [item for item in items if item not in again]
        told = f"{len(again)} fault runs have passed on this tree already; `pytest --cache-clear` begins anew"
        config.get_terminal_writer().line(told)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):  # type: ignore[no-untyped-def]
    report = yield
    if report.when == "call" and report.passed and item.get_closest_marker("faults"):
        assert item.config.cache is not None
        item.config.cache.set(_PASSED, {_tree(): [*_passed(item.config), item.nodeid]})
    return report
