"""Alerts: each says how urgent it is, leads to its page, fires when it should, and each page has its alert."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from cli.__main__ import cli
from deploy.observability.generate import FOLDER
from deploy.observability.objectives import OBJECTIVES, RUNBOOKS
from tests.contract.observability import OUTSIDE, PROJECT, RULES, processes, program, rules, selectors

ALERTS = rules("alert")
NAMES = {rule["alert"] for _, rule in ALERTS}
PAGES = {page.stem: page for page in (PROJECT / RUNBOOKS).glob("*.md") if page.stem != "README"}
UNIT_TESTS = sorted((Path(__file__).parent / "alerts").glob("*.yaml"))

HEADINGS = ["What it means for a child", "What to look at", "What to do"]


def test_every_alert_says_how_urgent_it_is_what_is_wrong_and_where_its_page_is() -> None:
    for file, rule in ALERTS:
        urgencies = {"none"} if rule["alert"] == "Watchdog" else {"page", "ticket"}
        assert rule["labels"]["severity"] in urgencies, f"{file}: {rule['alert']}"
        assert rule["annotations"]["summary"], f"{file}: {rule['alert']}"
        assert rule["annotations"]["runbook"] == f"{RUNBOOKS}/{rule['alert']}.md", file


def test_every_alert_has_a_page_and_every_page_an_alert() -> None:
    assert set(PAGES) == NAMES


def test_the_list_of_pages_names_each_once() -> None:
    listed = re.findall(r"^\| \[(\w+)\]\(\1\.md\)", (PROJECT / RUNBOOKS / "README.md").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(NAMES)


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_says_what_it_means_for_a_child_what_to_look_at_and_what_to_do(name: str) -> None:
    text = PAGES[name].read_text()
    assert text.startswith(f"# {name}\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS


@pytest.mark.parametrize("name", sorted(PAGES))
def test_commands_on_a_page_are_commands_that_there_are(name: str) -> None:
    for line in re.findall(r"^hotline .+$", PAGES[name].read_text(), re.MULTILINE):
        _resolve(line.partition("#")[0].split()[1:])


def _resolve(words: list[str]) -> None:
    """Follow a command line through the groups of `hotline`; every option on it must be known there."""
    command: click.Command = cli
    known: set[str] = set()
    for word in words:
        if word.startswith("--"):
            assert word in known, f"hotline {' '.join(words)}: there is no {word}"
            continue
        found = command.get_command(click.Context(command), word) if isinstance(command, click.Group) else None
        if found is not None:
            command = found
            known |= {option for parameter in command.params for option in parameter.opts}
    assert command is not cli, f"there is no `hotline {words[0]}`"


def test_every_objective_calls_somebody_and_asks_somebody_to_look() -> None:
    for objective in OBJECTIVES:
        urgencies = [r["labels"]["severity"] for f, r in ALERTS if f != OUTSIDE and r["alert"] == objective.alert]
        assert urgencies == ["page", "ticket"], objective.name


def test_silence_is_noticed_of_every_process_that_is_deployed() -> None:
    (silent,) = (rule for _, rule in ALERTS if rule["alert"] == "ProcessSilent")
    told = [dict(selector.matchers) for selector in selectors(silent["expr"])]
    assert {(matchers["job"], matchers["hotline_part"]) for matchers in told} == processes()


def test_every_alert_is_seen_to_fire_in_a_unit_test() -> None:
    """promtool runs them; that there is one for each alert holds without it."""
    tested = {(_rules_of(test), name) for test in UNIT_TESTS for name in _fired(yaml.safe_load(test.read_text()))}
    assert tested == {(file, rule["alert"]) for file, rule in ALERTS}


def _rules_of(test: Path) -> str:
    (file,) = yaml.safe_load(test.read_text())["rule_files"]
    return (test.parent / file).resolve().relative_to(FOLDER).as_posix()


def _fired(tests: dict[str, Any]) -> set[str]:
    questions = [question for test in tests["tests"] for question in test["promql_expr_test"]]
    return {re.findall(r'alertname="(\w+)"', s["labels"])[0] for question in questions for s in question["exp_samples"]}


@pytest.mark.parametrize("file", UNIT_TESTS, ids=lambda file: file.stem)
def test_alerts_fire_when_they_should(file: Path) -> None:
    promtool = program("promtool")
    tested = subprocess.run([promtool, "test", "rules", file], capture_output=True, text=True)
    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_promtool_understands_every_rule() -> None:
    promtool = program("promtool")
    for file in RULES:
        path = FOLDER / file
        checked = subprocess.run([promtool, "check", "rules", path], capture_output=True, text=True)
        assert checked.returncode == 0, checked.stdout + checked.stderr
