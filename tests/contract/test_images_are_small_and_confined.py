"""What the Dockerfile promises, as far as it can be read off it; tests with containers try it where they can run."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "deploy" / "images" / "Dockerfile").read_text()
FINAL = DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]
IGNORED = (ROOT / ".dockerignore").read_text().splitlines()


def test_it_needs_no_frontend_to_be_fetched() -> None:
    assert not re.search(r"^#\s*syntax=", DOCKERFILE, re.MULTILINE)


def test_every_stage_stands_on_the_image_that_the_builder_names() -> None:
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) == {"${PYTHON_IMAGE}"}


def test_packages_are_installed_by_their_hashes_alone() -> None:
    installs = re.findall(r"pip (?:--python \S+ )?install [^\n]+", DOCKERFILE)
    assert len(installs) == 2
    assert all("--require-hashes" in each for each in installs)


def test_it_runs_as_nobody_in_particular_and_is_told_to_end_directly() -> None:
    assert "USER 10001:10001" in FINAL
    assert 'ENTRYPOINT ["/opt/hotline/app/program"]' in FINAL
    assert "exec /opt/hotline/venv/bin/python" in DOCKERFILE
    assert "RUN" not in re.findall(r"^[A-Z]+", FINAL, re.MULTILINE)


def test_bytecode_is_made_once_and_does_not_depend_on_times() -> None:
    assert "compileall -q --invalidation-mode unchecked-hash" in DOCKERFILE
    assert "PYTHONDONTWRITEBYTECODE=1" in FINAL
    assert "SOURCE_DATE_EPOCH" in DOCKERFILE


def test_what_is_typed_in_a_container_runs_on_its_packages() -> None:
    """`kubectl exec ... -- python -m workflows upgrade BUILD`: the base image's own Python has none of them."""
    assert "PATH=/opt/hotline/venv/bin:$PATH" in FINAL


def test_it_says_whether_it_is_well() -> None:
    assert '"chassis.health", "127.0.0.1:7100"]' in FINAL
    assert "HOTLINE_HEALTH_PORT=7100" in FINAL


def test_production_is_what_it_is_unless_told_otherwise() -> None:
    assert "HOTLINE_ENVIRONMENT=production" in FINAL


def test_every_pack_is_in_every_image() -> None:
    """A service that lacks a pack by its hash refuses: the pack of a decision made years ago must be there."""
    assert "COPY packs app/packs" in DOCKERFILE
    assert "!packs" in IGNORED


def test_nothing_is_sent_to_the_builder_that_was_not_named() -> None:
    """No data, no keys, no history: an allow-list, whose folders the Dockerfile needs."""
    assert IGNORED[1] == "*"
    named = {line.removeprefix("!") for line in IGNORED if line.startswith("!")}
    assert named == {source.split("/")[0] for source in re.findall(r"^COPY (?!--)(\S+)", DOCKERFILE, re.MULTILINE)}
